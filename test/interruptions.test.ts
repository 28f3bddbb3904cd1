// The command, interrupted: what was there stays, and what was done can be gone on with.

import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ResumableOutput } from '../dist/cli/resume.js';
import { gelu } from '../dist/index.mjs';
import { bytes, file, folder, npy, read, run, SLOW, safetensors, start, write } from './command.js';
import { hostile } from './support.js';

// Windows ends processes without a signal that they could catch.
describe.skipIf(process.platform === 'win32')('interruptions', () => {
  const doubles = hostile(new Float64Array(2 ** 21 * 3));
  const before = npy('<f8', [doubles.length], bytes(doubles));
  const after = npy('<f8', [doubles.length], bytes(gelu(doubles)));

  /** Waits until a call with --resume has saved more than a header. */
  async function begun(child: ChildProcess): Promise<void> {
    for (let done = 0; done < 1000; await sleep(5)) {
      expect(child.exitCode).toBe(null);
      const journal = readdirSync(folder).find((name) => name.endsWith('.partial.json'));
      if (journal !== undefined) done = JSON.parse(read(journal).toString()).done;
    }
  }

  it('by SIGKILL leave what was there, by others not even a trace', async () => {
    for (let round = 0; round < 10; round++) {
      write('x.npy', before);
      const { child, ended } = start('gelu x.npy x.npy', round % 2 ? SLOW : {});
      await sleep(60 + round * 40);
      child.kill('SIGKILL');
      await ended;
      const now = read('x.npy');
      expect(now.equals(before) || now.equals(after)).toBe(true);
    }
    for (const name of readdirSync(folder)) if (name.startsWith('.')) rmSync(file(name));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
      write('x.npy', before);
      const { child, ended } = start('gelu x.npy y.npy', SLOW);
      for (; !readdirSync(folder).some((name) => name.endsWith('.tmp')); await sleep(5))
        expect(child.exitCode).toBe(null);
      child.kill(signal);
      await ended;
      expect(child.signalCode).toBe(signal);
      expect(readdirSync(folder)).toEqual(['x.npy']);
    }
  });

  it.each(['', ' --shard 2/2'])('are made good by --resume%s', async (shard) => {
    write('x.npy', before);
    const args = `gelu x.npy y.npy --resume${shard}`;
    const { child, ended } = start(args, SLOW);
    await begun(child);
    child.kill('SIGSTOP');
    expect(run(args).stderr).toMatch(new RegExp(`process ${child.pid} is writing `)); // while it lives
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(file('y.npy'))).toBe(false);
    const { status, stdout } = run(`${args} --json`);
    const summary = JSON.parse(stdout.toString());
    expect(status).toBe(0);
    expect(summary.resumedAt).toBeGreaterThan(0);
    expect(summary.elements).toBeLessThan(doubles.length);
    if (shard !== '') {
      expect(run(`${args} --json`).stdout.toString()).toContain('"elements":0'); // it is there already
      expect(run('gelu x.npy y.npy --shard 1/2').status).toBe(0);
    }
    expect(read('y.npy').equals(after)).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(['x.npy', 'y.npy']);
  });

  it('never mix what was begun with other options or another input', async () => {
    write('x.npy', before);
    const { child, ended } = start('gelu x.npy y.npy --approximate tanh --resume', SLOW);
    await begun(child);
    child.kill('SIGKILL');
    await ended;
    expect(JSON.parse(run('gelu x.npy y.npy --resume --json').stdout.toString()).resumedAt).toBe(0);
    expect(read('y.npy').equals(after)).toBe(true);

    for (const name of readdirSync(folder)) rmSync(file(name));
    write('x.npy', after);
    const other = start('gelu x.npy y.npy --resume', SLOW);
    await begun(other.child);
    other.child.kill('SIGKILL');
    await other.ended;
    write('x.npy', before);
    expect(JSON.parse(run('gelu x.npy y.npy --resume --json').stdout.toString()).resumedAt).toBe(0);
    expect(read('y.npy').equals(after)).toBe(true);
  });

  it('leave no hole where two write the same, unseen by each other', async () => {
    const one = new ResumableOutput(file('y'), file('partial'));
    const other = new ResumableOutput(file('y'), file('partial'));
    expect(await one.open()).toBe(0);
    await one.write(Buffer.from('abc'));
    expect(await other.open()).toBe(0);
    await one.write(Buffer.from('def'));
    await one.commit();
    expect(read('y').toString()).toBe('abcdef');
    await other.write(Buffer.from('abcdef'));
    await expect(other.commit()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(read('y').toString()).toBe('abcdef');
  });

  it('are not needed for shards, which run at the same time', async () => {
    write('x.npy', before);
    const children = [1, 2, 3, 4, 5].map((i) => start(`gelu x.npy y.npy --shard ${i}/5`));
    const codes = await Promise.all(children.map(({ ended }) => ended));
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(read('y.npy').equals(after)).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(['x.npy', 'y.npy']);

    for (const odd of [1, 2, 3, 4]) {
      const [x, y] = [doubles.subarray(0, 1000), gelu(doubles.subarray(0, 1000))].map((data) =>
        safetensors([
          ['u', 'U8', [odd], Buffer.alloc(odd)],
          ['a', 'F64', [1000], bytes(data)],
        ]),
      );
      write('x.safetensors', x as Buffer);
      for (const i of [3, 1, 2]) expect(run(`gelu x.safetensors y.safetensors --shard ${i}/3`).status).toBe(0);
      expect(read('y.safetensors').equals(y as Buffer)).toBe(true);
    }
  });
});
