// The command: formats, wrong files, interruptions.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { gelu, geluBackward, mish, silu, softplus } from '../dist/index.mjs';
import { hostile, root } from './support.js';

const main = path.join(root, 'dist/cli/main.js');
const top = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-'));
afterAll(() => rmSync(top, { recursive: true }));
let folder = top;
beforeEach(() => {
  folder = mkdtempSync(path.join(top, 'test-'));
});

const file = (name: string): string => path.join(folder, name);
const read = (name: string): Buffer => readFileSync(file(name));
const write = (name: string, ...parts: (Buffer | string)[]): void =>
  writeFileSync(file(name), Buffer.concat(parts.map((part) => Buffer.from(part as Buffer))));

// biome-ignore lint/suspicious/noExplicitAny: one callback serves arrays of several types
type Any = any;

interface RunOptions {
  input?: Buffer;
  env?: Record<string, string>;
}
function run(args: string, { input, env }: RunOptions = {}) {
  const options = { cwd: folder, input, env: { ...process.env, ...env }, maxBuffer: 2 ** 28 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args.split(' ')], options);
  return { status, stdout, stderr: stderr.toString() };
}
interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}
function start(args: string, env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [main, ...args.split(' ')], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
}
const SLOW = { SIMD_ACTIVATIONS_BACKEND: 'js' };

const bytes = (x: ArrayBufferView): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

function npy(descr: string, shape: readonly number[], data: Buffer, version = 1, order = 'False'): Buffer {
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

type Tensor = readonly [name: string, dtype: string, shape: readonly number[], data: Buffer];
function safetensors(tensors: readonly Tensor[], change: (header: Record<string, unknown>) => void = () => {}): Buffer {
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
    expect(run('gelu x.npy /dev/null').status).toBe(0);
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

  it('in place, through a link, with their permissions', () => {
    write('x.npy', npy('<f8', [1000], bytes(wide)));
    chmodSync(file('x.npy'), 0o640);
    symlinkSync('x.npy', file('link.npy'));
    expect(run('mish link.npy link.npy').status).toBe(0);
    expect(read('x.npy').equals(npy('<f8', [1000], bytes(mish(wide))))).toBe(true);
    expect(statSync(file('x.npy')).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).toSorted()).toEqual(['link.npy', 'x.npy']);
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

describe('wrong', () => {
  const good = bytes(wide);
  const x = npy('<f8', [1000], good);
  const one = (change: (header: Record<string, never>) => void) =>
    safetensors([['a', 'F64', [1000], good]], change as never);
  const files: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
    'empty.npy': [Buffer.alloc(0), /is not a \.npy file/],
    'magic.npy': [Buffer.from(x).fill('Z', 0, 1), /is not a \.npy file/],
    'version.npy': [Buffer.from(x).fill(9, 6, 7), /has version 9/],
    'header.npy': [x.subarray(0, 60), /ends within its header: the file is truncated/],
    'long.npy': [
      Buffer.concat([npy('<f8', [1], good, 2).subarray(0, 8), Buffer.alloc(4, 255)]),
      /header has 4294967295 bytes/,
    ],
    'truncated.npy': [x.subarray(0, -1), /is truncated: 8127 bytes, not 8128/],
    'more.npy': [Buffer.concat([x, Buffer.alloc(1)]), /has more in it than its header says/],
    'fortran.npy': [npy('<f8', [10, 100], good, 1, 'True'), /is in Fortran order/],
    'big.npy': [npy('>f8', [1000], good), /is big-endian \('>f8'\): save x\.astype\('<f8'\)/],
    'int.npy': [npy('<i8', [1000], good), /has elements of type '<i8'/],
    'complex.npy': [npy('<c8', [1000], good), /has elements of type '<c8'/],
    'opaque.npy': [npy('<V2', [4000], good), /--dtype must say/],
    'overflow.npy': [npy('<f8', [2 ** 40, 2 ** 40], good), /which is too large/],
    'huge.npy': [npy('<f8', [2 ** 63], good), /which is too large/],
    'shape.npy': [npy('<f8', ['x' as never], good), /header that cannot be read/],
    'records.npy': [Buffer.from(x.toString('latin1').replace("'<f8'", "[('a')]"), 'latin1'), /has records/],
    'empty.safetensors': [Buffer.alloc(0), /is not a \.safetensors file/],
    'length.safetensors': [Buffer.alloc(16, 255), /is not a \.safetensors file/],
    'short.safetensors': [one(() => {}).subarray(0, 50), /ends within its header/],
    'json.safetensors': [Buffer.from('\x04\0\0\0\0\0\0\0{"a"', 'latin1'), /header that is not JSON/],
    'array.safetensors': [Buffer.from('\x02\0\0\0\0\0\0\0[]', 'latin1'), /header that is not an object/],
    'truncated.safetensors': [one(() => {}).subarray(0, -8), /is truncated/],
    'lying.safetensors': [
      one((h) => Object.assign(h['a'] as never, { shape: [999] })),
      /says that 'a', F64 \[999\], has 8000 bytes/,
    ],
    'gap.safetensors': [
      one((h) => Object.assign(h['a'] as never, { data_offsets: [8, 8008] })),
      /overlap or leave gaps/,
    ],
    'negative.safetensors': [
      one((h) => Object.assign(h['a'] as never, { data_offsets: [-8, 7992] })),
      /does not describe/,
    ],
    'overflow.safetensors': [one((h) => Object.assign(h['a'] as never, { shape: [2 ** 50, 2 ** 50] })), /too large/],
    'ints.safetensors': [safetensors([['a', 'I64', [1000], good]]), /has no tensor of F16/],
    'odd.bin --dtype float64': [good.subarray(1), /7999 bytes are not a whole number of float64 numbers/],
  };

  it.each(Object.entries(files))('file %s', (args, [content, message]) => {
    const [name = '', ...options] = args.split(' ');
    write(name, content);
    const output = `out${path.extname(name)}`;
    const { status, stdout, stderr } = run(['gelu', name, output, ...options].join(' '));
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^simd-activations: [^\n]+\n$/);
    expect([status, stdout.length, readdirSync(folder)]).toEqual([2, 0, [name]]);
  });

  it('standard input', () => {
    for (const [args, input] of [
      ['--format npy', x.subarray(0, -1)],
      ['--format npy', Buffer.concat([x, good])],
      ['--format npy', Buffer.alloc(0)],
      ['--dtype float64', good.subarray(1)],
      ['--format safetensors', one(() => {}).subarray(0, -8)],
    ] as const) {
      const { status, stderr } = run(`gelu - out.bin ${args}`, { input });
      expect(stderr).toMatch(/^simd-activations: standard input [^\n]+\n$/);
      expect([status, readdirSync(folder)]).toEqual([2, []]);
    }
  });

  it('command lines', () => {
    write('x.npy', x);
    write('x.bin', good);
    write(
      'x.safetensors',
      one(() => {}),
    );
    const lines: Readonly<Record<string, RegExp>> = {
      relu: /must be one of gelu/,
      gelu: /needs an input and an output/,
      'gelu x.npy': /needs an input and an output/,
      'gelu x.npy y.npy z.npy': /takes two files, not 3/,
      'gelu no.npy y.npy': /cannot open no\.npy: ENOENT/,
      'gelu . y.npy': /neither|directory/,
      'gelu x.bin y.bin': /neither \.npy nor \.safetensors/,
      'gelu x.npy y.safetensors': /\.npy does not become/,
      'gelu x.npy y.npy --typo': /Unknown option '--typo'/,
      'gelu x.npy y.npy --approximate erf': /must be one of none, tanh/,
      'silu x.npy y.npy --approximate tanh': /is an option of gelu/,
      'gelu x.npy y.npy --beta 1': /is an option of softplus/,
      'softplus x.npy y.npy --beta one': /--beta must be a number/,
      'gelu x.npy y.npy --dtype int8': /--dtype must be one of float32/,
      'gelu x.npy y.npy --dtype float32': /has float64 numbers, not float32/,
      'gelu x.npy y.npy --tensor a': /--tensor is for \.safetensors/,
      'gelu x.safetensors y.safetensors --tensor b': /has no tensor 'b'/,
      'gelu x.npy y.npy --threads 0': /--threads must be an integer from 1/,
      'gelu x.npy y.npy --shard 3/2': /--shard's number must be an integer from 1 to 2/,
      'gelu x.npy y.npy --shard 1': /--shard must be like 1\/8/,
      'gelu x.npy x.npy --shard 1/2': /--shard needs another output/,
      'gelu - y.npy --resume': /--resume needs files/,
      'gelu x.npy - --json': /both go to standard output/,
      'gelu x.npy y.npy --backward no.npy': /cannot open no\.npy/,
    };
    for (const [args, message] of Object.entries(lines)) {
      const { status, stdout, stderr } = run(args);
      expect(stderr, args).toMatch(message);
      expect(stderr, args).toMatch(/^simd-activations: [^\n]+\n$/);
      expect([args, status, stdout.length]).toEqual([args, 2, 0]);
    }
    expect(readdirSync(folder).toSorted()).toEqual(['x.bin', 'x.npy', 'x.safetensors']);
    expect(run('gelu x.npy no/y.npy').status).toBe(1);
    if (existsSync('/dev/full')) expect(run('gelu x.npy /dev/full')).toMatchObject({ status: 1 });
  });

  it('environment', () => {
    expect(run('info', { env: { SIMD_ACTIVATIONS_BACKEND: 'mmx' } }).status).toBe(1);
  });
});

describe('interruptions', () => {
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
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
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
  });

  it('are not needed for shards, which run at the same time', async () => {
    write('x.npy', before);
    const children = [1, 2, 3, 4, 5].map((i) => start(`gelu x.npy y.npy --shard ${i}/5`));
    const codes = await Promise.all(children.map(({ ended }) => ended));
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(read('y.npy').equals(after)).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(['x.npy', 'y.npy']);
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
    expect(run('--version').stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('info', () => {
    expect(run('info').stdout.toString()).toMatch(/instruction set {4}\w+ \(of/);
    expect(JSON.parse(run('info --json').stdout.toString()).isas.at(-1)).toBe('js');
    expect(run('info', { env: SLOW }).stdout.toString()).toMatch(/JavaScript \(SIMD_ACTIVATIONS_BACKEND is js\)/);
  });
});
