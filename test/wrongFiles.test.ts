// The command, with what it cannot do: one line, exit code 2, nothing written.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, folder, npy, run, safetensors, write } from './command.js';
import { hostile } from './support.js';

const wide = hostile(new Float64Array(1000));

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
    'property.npy': [npy('constructor', [1000], good), /has elements of type 'constructor'/],
    'escape.npy': [npy('\x1b[2J', [1000], good), /has elements of type ' \[2J'/],
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
    'property.safetensors': [safetensors([['a', 'constructor', [1000], good]]), /has no tensor of F16/],
    'ints.safetensors': [safetensors([['a', 'I64', [1000], good]]), /has no tensor of F16/],
    'odd.bin --dtype float64': [good.subarray(1), /7999 bytes are not a whole number of float64 numbers/],
  };

  it.each(Object.entries(files))('file %s', (args, [content, message]) => {
    const [name = '', ...options] = args.split(' ');
    write(name, content);
    const output = `out${path.extname(name)}`;
    const { status, stdout, stderr } = run(['gelu', name, output, ...options].join(' '));
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^simd-activations: \P{Cc}+\n$/u);
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
