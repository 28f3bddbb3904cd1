// The pool: the same bits for any number of threads, from many Workers at once, and a clean end from every state.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { backend, useIsa } from '../dist/backend.js';
import { gelu, getNumThreads, setNumThreads } from '../dist/index.mjs';
import { expectSameBits, hostile, root, runNode } from './support.js';
import { forms } from './table.mjs';

const native = backend.isas.length > 1;
const initial = getNumThreads();
afterAll(() => setNumThreads(initial));

const cores = os.availableParallelism();

describe('threads', () => {
  it.each(forms)('$name gives the same bits for 1 to 2 x cores of them, at any length', ({ run }) => {
    useIsa(backend.isas[0] as string);
    for (const length of [2 ** 13 + 1, 2 ** 17 - 1, 2 ** 17, 2 ** 17 + 1, 2 ** 18 + 3]) {
      const x = hostile(new Float32Array(length));
      setNumThreads(1);
      const expected = run(x);
      for (let threads = 2; threads <= 2 * cores; threads++) {
        setNumThreads(threads);
        expect(getNumThreads()).toBe(native ? threads : 1);
        expectSameBits(run(x), expected, x);
      }
    }
  });

  it.runIf(native)('really are used', () => {
    const script = `
      const { gelu, setNumThreads } = require('./dist/index.js');
      const { readdirSync } = require('node:fs');
      const count = () => readdirSync('/proc/self/task').length;
      const x = new Float32Array(2 ** 20);
      setNumThreads(1);
      gelu(x, { out: x });
      const before = count();
      setNumThreads(4);
      const counts = [];
      const after = (calls, length) => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        for (let i = 0; i < calls; i++) gelu(x.subarray(0, length), { out: x.subarray(0, length) });
        counts.push(count() - before);
      };
      after(1, 100);
      after(1, 2 ** 16); // none is woken for that
      after(100, 2 ** 16); // but joins where calls follow one another
      after(1, 2 ** 20);
      console.log(JSON.stringify(counts));`;
    if (os.platform() === 'linux') expect(JSON.parse(runNode(script).stdout)).toEqual([0, 0, 1, 3]);
  });

  it('serve 16 Workers at once', async () => {
    setNumThreads(4);
    const x = hostile(new Float32Array(2 ** 18));
    const expected = gelu(x);
    const script = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { gelu } = require(workerData.root + 'dist/index.js');
      let y;
      for (let i = 0; i < 20; i++) y = gelu(workerData.x);
      parentPort.postMessage(y, [y.buffer]);`;
    const results = await Promise.all(
      Array.from({ length: 16 }, () => {
        const worker = new Worker(script, { eval: true, workerData: { root, x } });
        return new Promise<Float32Array>((resolve, reject) => worker.once('message', resolve).once('error', reject));
      }),
    );
    for (const y of results) expectSameBits(y, expected);
  });

  const script = "console.log(require('./dist/index.js').getNumThreads())";

  it('are as many as the affinity allows', () => {
    expect(Number(runNode(script).stdout)).toBe(native ? initial : 1);
    if (!native || os.platform() !== 'linux') return;
    const pinned = runNode(`
      const { execFileSync } = require('node:child_process');
      process.stdout.write(execFileSync('taskset', ['-c', '0', process.execPath, '-e', ${JSON.stringify(script)}]));`);
    expect(pinned.stdout.trim()).toBe('1');
  });

  // In a mount namespace of its own, with files of ours in place of the system's. For that one has to be root, in a user
  // namespace at least, which not every machine has.
  const canMount = spawnSync('unshare', ['-rm', 'mount', '--bind', os.tmpdir(), '/sys/fs/cgroup']).status === 0;
  it.runIf(native && canMount && initial > 1).each<[string, string, Record<string, string>, number]>([
    ['none', '0::/a', { 'a/cpu.max': 'max 100000' }, initial],
    ['of its group', '0::/a', { 'a/cpu.max': '150000 100000' }, 1],
    ['less than one CPU', '0::/a', { 'a/cpu.max': '20000 100000' }, 1],
    ['of a group above', '0::/a/b', { 'a/b/cpu.max': 'max 100000', 'a/cpu.max': '100000 100000' }, 1],
    ['of the root, where the group is not there', '0::/docker/c', { 'cpu.max': '100000 100000' }, 1],
    ['more than there is', '0::/a', { 'a/cpu.max': '99000000 100000' }, initial],
    ['v1', '4:cpu,cpuacct:/a', { 'cpu/a/cpu.cfs_quota_us': '100000', 'cpu/a/cpu.cfs_period_us': '100000' }, 1],
    ['v1, none', '4:cpu:/a', { 'cpu/a/cpu.cfs_quota_us': '-1', 'cpu/a/cpu.cfs_period_us': '100000' }, initial],
    [
      'of another controller',
      '4:cpuset:/a',
      { 'cpu/a/cpu.cfs_quota_us': '1', 'cpu/a/cpu.cfs_period_us': '1' },
      initial,
    ],
  ])("are as many as the cgroup's quota allows: %s", (_, group, files, expected) => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'cgroup-'));
    const mounts = {
      [path.join(directory, 'mount')]: '/sys/fs/cgroup',
      [path.join(directory, 'group')]: '/proc/$$/cgroup',
    };
    try {
      writeFileSync(path.join(directory, 'group'), `${group}\n`);
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(directory, 'mount', name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, `${content}\n`);
      }
      const bind = Object.entries(mounts).map(([from, to]) => `mount --bind "${from}" ${to} && `);
      const command = `${bind.join('')}exec "$0" -e "$1"`;
      const result = spawnSync('unshare', ['-rm', 'sh', '-c', command, process.execPath, script], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(result).toMatchObject({ stdout: `${expected}\n`, stderr: '' });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a process ends cleanly', () => {
  const load =
    "const { gelu, setNumThreads } = require('./dist/index.js'); setNumThreads(4); const x = new Float32Array(2 ** 22);";
  const inWorker = (body: string) => `
    const { Worker } = require('node:worker_threads');
    const worker = new Worker(${JSON.stringify(`${load} ${body}`)}, { eval: true });`;
  const endless = 'for (;;) gelu(x, { out: x });';

  it.each([
    ['by itself', `${load} gelu(x); console.log('done')`, 0],
    ['by process.exit', `${load} gelu(x); console.log('done'); process.exit(3)`, 3],
    ['by an uncaught error', `${load} gelu(x); console.log('done'); throw new Error('end')`, 1],
    ['after a Worker alone loaded the addon', `${inWorker('gelu(x); console.log("done")')}`, 0],
    [
      'after Workers alone loaded it, one after the other',
      `const { Worker } = require('node:worker_threads');
       let left = 5;
       const next = () => new Worker(${JSON.stringify(`${load} gelu(x)`)}, { eval: true })
         .on('exit', () => (left-- > 0 ? next() : console.log('done')));
       next();`,
      0,
    ],
    [
      'by process.exit while Workers compute',
      `${inWorker(`require('node:worker_threads').parentPort.postMessage(1); ${endless}`)}
       worker.on('message', () => setTimeout(() => { console.log('done'); process.exit(3); }, 50));`,
      3,
    ],
    [
      'after worker.terminate in the middle of a call',
      `${inWorker(`require('node:worker_threads').parentPort.postMessage(1); ${endless}`)}
       worker.on('message', () => setTimeout(async () => {
         await worker.terminate();
         ${load} gelu(x);
         console.log('done');
       }, 50));`,
      0,
    ],
  ])('%s', (_name, script, status) => {
    for (let round = 0; round < 3; round++) {
      const result = runNode(script);
      expect(result.signal, result.stderr).toBeNull();
      expect(result.stdout).toBe('done\n');
      expect(result.status).toBe(status);
    }
  });
});
