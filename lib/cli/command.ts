// What the command's arguments ask for.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { backend } from '../backend.js';
import { applyToFile } from './apply.js';
import { commandOf } from './arguments.js';
import { HELP } from './help.js';

const { version } = require('../../package.json') as { version: string };

/** Does it; returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const task = commandOf(args);
  switch (task.kind) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'version':
      process.stdout.write(`${version}\n`);
      return 0;
    case 'info':
      info(task.json);
      return 0;
    case 'bench':
      return bench();
    case 'apply':
      await applyToFile(task.command);
      return 0;
  }
}

function info(json: boolean): void {
  const { kind, isa, isas, threads, reason } = backend;
  const { platform, arch } = process;
  const facts = { version, kind, isa, isas, threads, reason, node: process.version, platform: `${platform}-${arch}` };
  if (json) {
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  const code = kind === 'native' ? 'native code' : `JavaScript${reason === undefined ? '' : ` (${reason})`}`;
  process.stdout.write(
    `simd-activations ${version}, Node ${process.version}, ${facts.platform}\n` +
      `computes with      ${code}\n` +
      `instruction set    ${isa} (of ${isas.join(', ')})\n` +
      `threads            ${threads}\n`,
  );
}

function bench(): number {
  const script = path.join(__dirname, '../../bench/quick.mjs');
  if (!existsSync(script)) {
    process.stderr.write(
      'simd-activations: the benchmark is not part of the package; run it in a clone of the project\n',
    );
    return 1;
  }
  return spawnSync(process.execPath, [script], { stdio: 'inherit' }).status ?? 1;
}
