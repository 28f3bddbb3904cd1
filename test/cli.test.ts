// The command: formats, places, options.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { gelu, geluBackward, mish, silu, softplus } from '../dist/index.mjs';
import { bytes, file, folder, npy, read, run, SLOW, safetensors, write } from './command.js';
import { hostile, root } from './support.js';

// biome-ignore lint/suspicious/noExplicitAny: one callback serves arrays of several types
type Any = any;

const narrow = hostile(new Float32Array(3_000_001)); // several blocks
const wide = hostile(new Float64Array(1000));
const bits = Uint16Array.from({ length: 1000 }, (_, i) => i * 65);

describe('files', () => {
  it('of .npy, in all versions and types', () => {
    write('x.npy', npy('<f4', [3, 1, 1_000_000], bytes(narrow.subarray(0, 3_000_000))));
    const result = run('gelu x.npy y.npy --approximate tanh --json');
    expect([result.status, JSON.parse(result.stdout.toString())]).toMatchObject([
      0,
      { function: 'gelu', elements: 3_000_000, dtypes: ['float32'], complete: true },
    ]);
    expect(result.stderr).toMatch(/^gelu: 3000000 float32 numbers in \S+ s -> y\.npy\n$/);
    const y = gelu(narrow.subarray(0, 3_000_000), { approximate: 'tanh' });
    expect(read('y.npy').equals(npy('<f4', [3, 1, 1_000_000], bytes(y)))).toBe(true);

    write('wide.npy', npy('<f8', [1000], bytes(wide), 2));
    expect(run('softplus wide.npy y.npy --beta=-2 --threshold inf --quiet').stderr).toBe('');
    const options = { beta: -2, threshold: Number.POSITIVE_INFINITY };
    expect(read('y.npy').equals(npy('<f8', [1000], bytes(softplus(wide, options)), 2))).toBe(true);

    for (const [descr, dtype, option] of [
      ['<f2', 'float16', ''],
      ['<V2', 'bfloat16', ' --dtype bfloat16'],
      ['<u2', 'float16', ' --dtype float16'],
    ] as const) {
      write('bits.npy', npy(descr, [10, 100], bytes(bits), 3));
      expect(run(`mish bits.npy y.npy${option}`).status).toBe(0);
      expect(read('y.npy').equals(npy(descr, [10, 100], bytes(mish(bits, { dtype })), 3))).toBe(true);
    }
    for (const shape of [[0], [], [0, 5]]) {
      const data = shape.length === 0 ? wide.subarray(0, 1) : wide.subarray(0, 0);
      write('x.npy', npy('<f8', shape, bytes(data)));
      expect(run('silu x.npy y.npy').status).toBe(0);
      expect(read('y.npy').equals(npy('<f8', shape, bytes(silu(data))))).toBe(true);
    }
  });

  it('of .safetensors, in all types or by name', () => {
    const integers = Buffer.alloc(24, 7);
    const all = (f: (x: Float32Array) => Float32Array, g: Any = f) =>
      safetensors([
        ['odd', 'U8', [3], Buffer.alloc(3, 1)],
        ['a', 'F32', [3_000_001], bytes(f(narrow))],
        ['ids', 'I64', [3], integers],
        ['b', 'F64', [10, 100], bytes(g(wide))],
      ]);
    write(
      'x.safetensors',
      all((x) => x),
    );
    expect(run('silu x.safetensors y.safetensors').status).toBe(0);
    expect(read('y.safetensors').equals(all(silu))).toBe(true);
    expect(run('silu x.safetensors y.safetensors --tensor b').status).toBe(0);
    const named = all(
      (x) => x,
      (x: Float64Array) => silu(x),
    );
    expect(read('y.safetensors').equals(named)).toBe(true);
    const halves = (f: (x: Uint16Array, o: { dtype: 'float16' | 'bfloat16' }) => Uint16Array) =>
      safetensors([
        ['half', 'F16', [1000], bytes(f(bits, { dtype: 'float16' }))],
        ['brain', 'BF16', [1000], bytes(f(bits, { dtype: 'bfloat16' }))],
      ]);
    write(
      'h.safetensors',
      halves((x) => x),
    );
    expect(run('gelu h.safetensors h.safetensors').status).toBe(0);
    expect(read('h.safetensors').equals(halves(gelu))).toBe(true);
  });

  it('of raw numbers', () => {
    write('x.bin', bytes(narrow));
    expect(run('gelu x.bin y.bin --dtype float32').status).toBe(0);
    expect(read('y.bin').equals(bytes(gelu(narrow)))).toBe(true);
  });

  it('from and to the standard streams', () => {
    const x = npy('<f4', [narrow.length], bytes(narrow));
    const y = npy('<f4', [narrow.length], bytes(gelu(narrow)));
    expect(run('gelu - - --format npy', { input: x }).stdout.equals(y)).toBe(true);
    expect(run('gelu - y.npy', { input: x }).status).toBe(0);
    expect(read('y.npy').equals(y)).toBe(true);
    expect(run('gelu - - --dtype float32', { input: bytes(narrow) }).stdout.equals(bytes(gelu(narrow)))).toBe(true);
    write('x.npy', x);
    expect(run('gelu x.npy -').stdout.equals(y)).toBe(true);
    if (process.platform !== 'win32') expect(run('gelu x.npy /dev/null').status).toBe(0);
    const whole = bytes(narrow).subarray(0, 2 ** 23); // blocks, and nothing after them
    expect(run('gelu - - --dtype float32', { input: whole }).stdout).toHaveLength(2 ** 23);
    expect(run('gelu - - --dtype float32', { input: Buffer.alloc(0) }).status).toBe(0);
  });

  it('with their gradients', () => {
    const grad = hostile(new Float32Array(narrow.length), 3);
    const expected = bytes(geluBackward(grad, narrow));
    write('x.npy', npy('<f4', [narrow.length], bytes(narrow)));
    write('g.npy', npy('<f4', [narrow.length], bytes(grad), 2)); // a header of another length
    expect(run('gelu x.npy y.npy --backward g.npy').status).toBe(0);
    expect(read('y.npy').equals(npy('<f4', [narrow.length], expected))).toBe(true);
    write(
      'x.safetensors',
      safetensors([
        ['u', 'U8', [1], Buffer.alloc(1)],
        ['a', 'F32', [narrow.length], bytes(narrow)],
      ]),
    );
    write('g.safetensors', safetensors([['a', 'F32', [narrow.length], bytes(grad)]]));
    expect(run('gelu x.safetensors y.safetensors --backward g.safetensors').status).toBe(0);
    expect(read('y.safetensors').subarray(-expected.length).equals(expected)).toBe(true);
    write('g.bin', bytes(grad));
    const input = bytes(narrow);
    expect(run('gelu - - --dtype float32 --backward g.bin', { input }).stdout.equals(expected)).toBe(true);
    const shorter = run('gelu - y.bin --dtype float32 --backward g.bin', { input: input.subarray(4) });
    expect([shorter.status, existsSync(file('y.bin'))]).toEqual([2, false]);
    write('g.npy', npy('<f4', [1, narrow.length], bytes(grad)));
    expect(run('gelu x.npy z.npy --backward g.npy').stderr).toMatch(
      /^simd-activations: g.npy has float32 \[1,3000001\] where/,
    );
  });

  it.skipIf(process.platform === 'win32')('in place, through a link, with their permissions', () => {
    write('x.npy', npy('<f8', [1000], bytes(wide)));
    chmodSync(file('x.npy'), 0o640);
    symlinkSync('x.npy', file('link.npy'));
    expect(run('mish link.npy link.npy').status).toBe(0);
    expect(read('x.npy').equals(npy('<f8', [1000], bytes(mish(wide))))).toBe(true);
    expect(statSync(file('x.npy')).mode & 0o777).toBe(0o640);
    chmodSync(file('x.npy'), 0o666); // whatever the umask
    expect(run('silu x.npy x.npy').status).toBe(0);
    expect(statSync(file('x.npy')).mode & 0o777).toBe(0o666);
    expect(readdirSync(folder).toSorted()).toEqual(['link.npy', 'x.npy']);
    symlinkSync('new.npy', file('before.npy'));
    expect(run('silu x.npy before.npy').status).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual(['before.npy', 'link.npy', 'new.npy', 'x.npy']);
    expect(readlinkSync(file('before.npy'))).toBe('new.npy');
  });

  it.skipIf(process.platform !== 'linux')('that are pipes or full', () => {
    write('x.npy', npy('<f8', [1000], bytes(wide)));
    execFileSync('mkfifo', [file('pipe')]);
    const { status, stderr } = run('silu x.npy pipe --format npy --resume');
    expect([status, stderr]).toEqual([2, 'simd-activations: --resume needs a file, which pipe is not\n']);
    expect(statSync(file('pipe')).isFIFO()).toBe(true);
    for (const args of ['silu x.npy -', '--help']) {
      const full = openSync('/dev/full', 'w');
      const result = run(args, { stdout: full });
      closeSync(full);
      expect([result.status, result.stderr]).toEqual([1, expect.stringMatching(/^simd-activations: ENOSPC[^\n]+\n$/)]);
    }
  });

  it.skipIf(process.platform !== 'linux')('of any size in little memory', () => {
    // Not resourceUsage(), which counts what the parent had when it forked.
    const peak = "require('node:fs').readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\\s*(\\d+)/)[1]";
    write('hook.cjs', `process.on('exit', () => console.error(${peak}))`);
    writeFileSync(file('x.bin'), '');
    truncateSync(file('x.bin'), 2 ** 30);
    const env = { NODE_OPTIONS: `--require ${file('hook.cjs')}` };
    const large = run('silu x.bin /dev/null --dtype float32 --quiet', { env });
    expect(large.status).toBe(0);
    expect(Number(large.stderr)).toBeLessThan(200 * 1024); // KiB
  });
});

describe('other commands', () => {
  it('help', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/^Usage: simd-activations FUNCTION INPUT OUTPUT/);
    expect(run('gelu --help').stdout.equals(stdout)).toBe(true);
    const options = [
      ...readFileSync(path.join(root, 'lib/cli/arguments.ts'), 'utf8').matchAll(/^ {2}(\w+): \{ type/gm),
    ];
    for (const [, option] of options) expect(stdout.toString()).toContain(`--${option}`);
    const { status: failure, stderr } = run('--help', { env: { SIMD_ACTIVATIONS_NUM_THREADS: '0' } });
    expect([failure, stderr]).toEqual([
      1,
      expect.stringMatching(/^simd-activations: [^\n]*SIMD_ACTIVATIONS_NUM_THREADS[^\n]*\n$/),
    ]);
    expect(run('softplus x y --beta -2').stderr).toMatch(/ambiguous.*--beta=-/);
    expect(run('--version').stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('info', () => {
    expect(run('info').stdout.toString()).toMatch(/instruction set {4}\w+ \(of/);
    expect(JSON.parse(run('info --json').stdout.toString()).isas.at(-1)).toBe('js');
    expect(run('info', { env: SLOW }).stdout.toString()).toMatch(/JavaScript \(SIMD_ACTIVATIONS_BACKEND is js\)/);
  });
});
