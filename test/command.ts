// What the tests of the command share: a folder for each test, the command in it, and files as others write them.

import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import { root } from './support.js';

const main = path.join(root, 'dist/cli/main.js');
const top = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-'));
afterAll(() => rmSync(top, { recursive: true }));
export let folder = top;
beforeEach(() => {
  folder = mkdtempSync(path.join(top, 'test-'));
});

export const file = (name: string): string => path.join(folder, name);
export const read = (name: string): Buffer => readFileSync(file(name));
export const write = (name: string, ...parts: (Buffer | string)[]): void =>
  writeFileSync(file(name), Buffer.concat(parts.map((part) => Buffer.from(part as Buffer))));

export interface RunOptions {
  input?: Buffer;
  env?: Record<string, string>;
  stdout?: number;
}
export function run(args: string, { input, env, stdout: to }: RunOptions = {}) {
  const stdio: StdioOptions = ['pipe', to ?? 'pipe', 'pipe'];
  const options = { cwd: folder, input, env: { ...process.env, ...env }, maxBuffer: 2 ** 28, stdio };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args.split(' ')], options);
  return { status, stdout, stderr: stderr.toString() };
}
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}
export function start(args: string, env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [main, ...args.split(' ')], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
}
export const SLOW = { SIMD_ACTIVATIONS_BACKEND: 'js' };

export const bytes = (x: ArrayBufferView): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

export function npy(descr: string, shape: readonly number[], data: Buffer, version = 1, order = 'False'): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${sizes}), }`;
  const prefix = version === 1 ? 10 : 12;
  const header = `${text.padEnd(Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix - 1)}\n`;
  const length = Buffer.alloc(prefix - 8);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]);
  return Buffer.concat([magic, length, Buffer.from(header), data]);
}

export type Tensor = readonly [name: string, dtype: string, shape: readonly number[], data: Buffer];
export function safetensors(
  tensors: readonly Tensor[],
  change: (header: Record<string, unknown>) => void = () => {},
): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let at = 0;
  for (const [name, dtype, shape, data] of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...tensors.map(([, , , data]) => data)]);
}
