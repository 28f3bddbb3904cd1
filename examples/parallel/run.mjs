// Computes one .npy file in shards that GNU parallel starts, one of which is killed, and compares it with a single run.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ELEMENTS = 2 ** 26;
const SHARDS = 8;

if (spawnSync('parallel', ['--version']).error) {
  console.error('GNU parallel is not installed (Debian: apt-get install parallel)');
  process.exit(1);
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'example-parallel-'));
const bin = path.resolve('node_modules/.bin/simd-activations');

function writeInput(file) {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${ELEMENTS},), }`;
  const header = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${dictionary.padEnd(117)}\n`, 'latin1');
  const block = Float32Array.from({ length: 2 ** 20 }, (_, i) => ((i * 2654435761) % 2 ** 32) / 2 ** 28 - 8);
  const fd = openSync(file, 'w');
  writeSync(fd, header);
  for (let i = 0; i < ELEMENTS / block.length; i++) writeSync(fd, Buffer.from(block.buffer));
  closeSync(fd);
}

function timed(label, command, ...args) {
  const start = performance.now();
  const { status } = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`${label}: ${((performance.now() - start) / 1000).toFixed(2)} s`);
  if (status !== 0) throw new Error(`${label} ended with code ${status}`);
}

try {
  writeInput(path.join(folder, 'x.npy'));
  timed('one process, all threads', bin, 'gelu', 'x.npy', 'single.npy', '--quiet');

  // A first attempt at the third shard does not survive. Its work is found by the second, and goes on there.
  const shard = (i) => ['gelu', 'x.npy', 'y.npy', '--shard', `${i}/${SHARDS}`, '--resume', '--threads', '1', '--quiet'];
  const victim = spawn(bin, shard(3), {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, SIMD_ACTIVATIONS_BACKEND: 'js' },
  });
  const ended = new Promise((resolve) => victim.once('exit', resolve));
  while (victim.exitCode === null && !readdirSync(folder).some((name) => name.endsWith('.partial.json')))
    await sleep(5);
  victim.kill('SIGKILL');
  await ended;

  const numbers = Array.from({ length: SHARDS }, (_, i) => String(i + 1));
  const template = [bin, ...shard('{}')].join(' ');
  timed(`${SHARDS} shards`, 'parallel', '--will-cite', '--retries', '3', template, ':::', ...numbers);
  timed('comparison', 'cmp', 'single.npy', 'y.npy');
  console.log('The shards make the same file, bit by bit.');
} finally {
  rmSync(folder, { recursive: true });
}
