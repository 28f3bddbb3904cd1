// Which backend is chosen, why, and what the environment does to it. Each in a process of its own.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { backend } from '../dist/index.mjs';
import { root, runNode } from './support.js';

const native = backend.isas.length > 1;
const folder = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-'));
afterAll(() => rmSync(folder, { recursive: true }));

const show = `
  const { backend, gelu, silu } = require('./dist/index.js');
  const bits = [...new Uint32Array(gelu(Float32Array.of(-13.5, 1, -0.75)).buffer)];
  console.log(JSON.stringify({ ...backend, bits }));`;

const load = (env: Record<string, string>) => {
  const { stdout, stderr } = runNode(show, env);
  if (stdout === '') throw new Error(stderr);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
};

const { bits } = load({});

describe('the backend', () => {
  it.skipIf(process.env['SIMD_ACTIVATIONS_BACKEND'])('is native code, which was built before the tests', () => {
    expect(backend.reason).toBeUndefined();
  });

  it('is the best there is', () => {
    expect(load({}).isa).toBe(backend.isas[0]);
    expect(load({ SIMD_ACTIVATIONS_BACKEND: '', SIMD_ACTIVATIONS_NUM_THREADS: '' }).isa).toBe(backend.isas[0]);
  });

  it('can be chosen by name', () => {
    for (const isa of backend.isas) {
      expect(load({ SIMD_ACTIVATIONS_BACKEND: isa })).toMatchObject({
        isa,
        kind: isa === 'js' ? 'js' : 'native',
        bits,
      });
    }
    if (native) expect(load({ SIMD_ACTIVATIONS_BACKEND: 'native' }).isa).toBe(backend.isas[0]);
  });

  it('is JavaScript on request, and nothing native is loaded then', () => {
    const js = load({ SIMD_ACTIVATIONS_BACKEND: 'js' });
    expect(js).toEqual({
      kind: 'js',
      isa: 'js',
      isas: ['js'],
      threads: 1,
      reason: 'SIMD_ACTIVATIONS_BACKEND is js',
      bits,
    });
  });

  it('that cannot be had is an error that says what can', () => {
    for (const name of ['sse9', 'AVX2', process.arch === 'arm64' ? 'avx2' : 'neon']) {
      const { stderr, status } = runNode(show, { SIMD_ACTIVATIONS_BACKEND: name });
      expect(status).toBe(1);
      expect(stderr).toMatch(/SIMD_ACTIVATIONS_BACKEND must be one of .*'js' here/);
      expect(stderr).toContain(`Received '${name}'`);
      expect(stderr).toContain('ERR_INVALID_ARG_VALUE');
    }
  });

  it.runIf(native)('has the threads asked for', () => {
    expect(load({ SIMD_ACTIVATIONS_NUM_THREADS: '3' }).threads).toBe(3);
    for (const count of ['0', '-1', 'x', '1.5', '1e9', '0x10', ' ', '1025']) {
      const { stderr } = runNode(show, { SIMD_ACTIVATIONS_NUM_THREADS: count });
      expect(stderr).toContain(`SIMD_ACTIVATIONS_NUM_THREADS must be an integer >= 1 and <= 1024. Received '${count}'`);
    }
  });

  it.runIf(native)('has the threads that were set, whatever a Worker finds in its environment', () => {
    const { stdout } = runNode(
      `const { getNumThreads, setNumThreads } = require('./dist/index.js');
       setNumThreads(1);
       const { Worker } = require('node:worker_threads');
       new Worker("require('./dist/index.js')", { eval: true }).on('exit', (code) => console.log(code, getNumThreads()));`,
      { SIMD_ACTIVATIONS_NUM_THREADS: '2' },
    );
    expect(stdout).toBe('0 1\n');
  });
});

describe('a binary', () => {
  const expectFallback = (env: Record<string, string>, reason: RegExp) => {
    const result = load(env);
    expect(result).toMatchObject({ kind: 'js', isa: 'js', isas: ['js'], bits });
    expect(result.reason).toMatch(reason);
  };

  it('that is not there, is broken or is something else leaves JavaScript and a reason', () => {
    const file = (name: string, content: string | Buffer) => {
      const full = path.join(folder, name);
      writeFileSync(full, content);
      return { SIMD_ACTIVATIONS_BINARY: full };
    };
    expectFallback(
      { SIMD_ACTIVATIONS_BINARY: path.join(folder, 'none.node') },
      /cannot be loaded: Cannot find module .*$/,
    );
    expectFallback(file('empty.node', ''), /cannot be loaded/);
    expectFallback(file('text.node', 'not a binary'), /cannot be loaded/);
    expectFallback(file('truncated.node', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])), /cannot be loaded/);
    expectFallback(file('other.cjs', 'exports.hello = 1'), /is of version undefined/);
    expectFallback({ SIMD_ACTIVATIONS_BINARY: path.join(root, 'package.json') }, /is no binary of this package/);
    expectFallback(file('throws.cjs', 'throw new Error("no")'), /cannot be loaded: no/);
    const { stderr } = runNode(show, { ...file('empty2.node', ''), SIMD_ACTIVATIONS_BACKEND: 'native' });
    expect(stderr).toMatch(/SIMD_ACTIVATIONS_BACKEND must be one of 'js' here \(the binary cannot be loaded/);
  });

  it('that was never built leaves JavaScript, silently', () => {
    cpSync(path.join(root, 'dist'), path.join(folder, 'package/dist'), { recursive: true });
    cpSync(path.join(root, 'package.json'), path.join(folder, 'package/package.json'));
    const { stdout, stderr } = runNode(`process.chdir(${JSON.stringify(`${folder}/package`)});
      const { backend } = require(${JSON.stringify(`${folder}/package/dist/index.js`)}); console.log(JSON.stringify(backend))`);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'js', reason: expect.stringMatching(/^there is no binary for /) });
  });

  it.runIf(native)('can be named by its path', () => {
    const SIMD_ACTIVATIONS_BINARY = path.join(root, 'native/build/Release/simd_activations.node');
    expect(load({ SIMD_ACTIVATIONS_BINARY }).kind).toBe('native');
  });
});

describe('the module', () => {
  it('is one, however it is loaded', () => {
    const { stdout } = runNode(`
      const required = require('./dist/index.js');
      import('./dist/index.mjs').then((imported) => {
        const names = Object.keys(required).sort();
        console.log(JSON.stringify([names.every((name) => required[name] === imported[name]),
          JSON.stringify(names) === JSON.stringify(Object.keys(imported).sort())]));
      });`);
    expect(JSON.parse(stdout)).toEqual([true, true]);
  });
});
