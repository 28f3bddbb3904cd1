// The benchmarks: that they measure what they say, and that the charts and tables are those of the results.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { backend } from '../dist/backend.js';
import { root } from './support.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(args: string, env: Record<string, string> = {}) {
  const options = { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, args.split(' '), options);
}

interface Result {
  key: string;
  length: number;
  samples: number[];
}

it('the contenders are measured, and their errors', () => {
  const file = path.join(folder, 'gelu.json');
  const what = '--form gelu --length 1 --length 4096 --threads 1 --rounds 3 --seconds 0.002';
  const { status, stdout, stderr } = run(`bench/bench.mjs ${what} --output ${file}`);
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/2 of 2, 0 s left\n$/);
  expect(stdout).toMatch(/% of ceiling.*worst ULP/);
  const { results, errors, machine } = JSON.parse(readFileSync(file, 'utf8'));
  expect(machine.isa).toBe(backend.isa);
  const keys = [...new Set((results as Result[]).map(({ key }) => key))];
  expect(keys).toEqual(expect.arrayContaining([backend.isas[0], 'js', 'plain', 'copy']));
  for (const { samples } of results as Result[]) {
    expect(samples).toHaveLength(3);
    for (const seconds of samples) expect(seconds).toBeGreaterThan(0);
  }
  expect(errors.gelu.float32).toMatchObject({ js: 0 });
  expect(errors.gelu.float32.plain).toBeGreaterThan(1e6);
  const time = (key: string) => (results as Result[]).find((r) => r.key === key && r.length === 4096)?.samples[0] ?? 0;
  // A copy that took no time would be none, and a loop that is as fast was left out by the compiler.
  expect(time('copy') / 4096).toBeGreaterThan(1e-12);
  expect(time('plain')).toBeGreaterThan(time('copy'));
});

// Windows has its PATH under another name.
it.skipIf(process.platform === 'win32')('what needs a compiler says so where there is none', () => {
  const without = { PATH: '', CXX: '' };
  const bench = run('bench/bench.mjs --form silu --length 1 --rounds 1 --seconds 0.001', without);
  expect(bench.stdout).toMatch(/^There is no C\+\+ compiler/);
  expect(bench.status).toBe(0);
  const neon = run('bench/neon.mjs', without);
  expect(neon.stderr).toMatch(/^Nothing was counted: there is no g\+\+|^Nothing was counted: there is no aarch64/);
  expect(neon.status).toBe(1);
});

it('the charts and tables are those of the results', () => {
  expect(run('bench/charts.mjs --check')).toMatchObject({ stderr: '', status: 0 });
});
