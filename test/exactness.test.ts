// The results: correctly rounded in float32, off by less than 0.6 ULP in float64, and the same bits on every backend.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { backend, useIsa } from '../dist/backend.js';
import {
  gelu,
  geluBackward,
  mish,
  mishBackward,
  silu,
  siluBackward,
  softplus,
  softplusBackward,
} from '../dist/index.mjs';
import { toBFloat16, toFloat16, valuesOf } from '../dist/sixteenBit.js';
import {
  BLOCKS,
  digestOf,
  inputsOf,
  readDigests,
  readSixteenBitDigests,
  resultsAmongFar,
  sixteenBitInputs,
} from '../verify/blocks.mjs';
import { expectSameBits, hasShared, hostile, onEachIsa, random, shared } from './support.js';
import { derivatives, forms } from './table.mjs';

// 2^24 inputs of every function, spread over all binades and both signs, and half of them odd: such subnormals' halves
// are ties.
const SAMPLED_BLOCKS = Array.from({ length: 16 }, (_, i) => i * (BLOCKS / 16 + 1));

const functions = [...forms, ...derivatives];

describe('float32: the verified bits of 2^24 inputs', () => {
  onEachIsa(() => {
    it.each(functions)('$name', (form) => {
      const digests = readDigests(form.name);
      const out = new Float32Array(2 ** 20);
      for (const block of SAMPLED_BLOCKS) {
        const x = inputsOf(block);
        form.run(x, { out });
        expect(digestOf(out), `block ${block}`).toBe(digests[block]);
        expect(digestOf(resultsAmongFar(form, x)), `block ${block} among far numbers`).toBe(digests[block]);
      }
    });
  });
});

describe.runIf(backend.isas.includes('scalar'))('float32: 2^22 numbers of usual size, as the formula has them', () => {
  const next = random(3);
  const x = Float32Array.from({ length: 2 ** 22 }, () => (next() + next() - 1) * 18);
  const expected = new Map<string, Float32Array>();
  beforeAll(() => {
    useIsa('scalar'); // has no other way
    for (const { name, run } of functions) expected.set(name, run(x));
  });
  onEachIsa((isa) => {
    it.skipIf(isa === 'scalar').each(functions)('$name', ({ name, run }) =>
      expectSameBits(run(x), expected.get(name) as Float32Array, x),
    );
  });
});

/**
 * Of 2^25 numbers of usual size those whose results are within 2^-12 units in the last place of a tie between two float32
 * numbers, by the functions' names. Other numbers show too small a bound of a kernel's error only where it is far too small.
 */
function nextToTies(): Map<string, Float32Array> {
  const next = random(4);
  const x = new Float64Array(2 ** 20);
  const found = functions.map(({ name, run }) => ({ name, run, numbers: [] as number[] }));
  for (let part = 0; part < 32; part++) {
    for (let i = 0; i < x.length; i++) x[i] = Math.fround((next() + next() - 1) * 18);
    for (const { run, numbers } of found) {
      const words = new Uint32Array(run(x).buffer);
      for (let i = 0; i < x.length; i++) {
        const belowFloat32 = (words[2 * i] as number) & (2 ** 29 - 1);
        if (Math.abs(belowFloat32 - 2 ** 28) < 2 ** 17) numbers.push(x[i] as number);
      }
    }
  }
  return new Map(found.map(({ name, numbers }) => [name, Float32Array.from(numbers)]));
}

describe.runIf(backend.isas.includes('scalar'))('float32: numbers whose results are next to ties', () => {
  // Each alone among as many others as no kernel takes at a time: it may redo a result with its neighbours, and have a
  // cheaper formula for numbers near 0, which others of 0 leave it, and others of 40 do not.
  const STRIDE = 128;
  const cases = functions.flatMap((form) => [0, 40].map((others) => ({ ...form, others })));
  let inputs = new Map<string, Float32Array>();
  const expected = new Map<string, Float32Array>();
  beforeAll(() => {
    inputs = nextToTies();
    useIsa('scalar'); // has no other way
    for (const { name, run } of functions) {
      const x = inputs.get(name) as Float32Array;
      expect(x.length).toBeGreaterThan(2 ** 13);
      expected.set(name, run(x));
    }
  });
  onEachIsa((isa) => {
    it.skipIf(isa === 'scalar').each(cases)('$name among $others', ({ name, run, others }) => {
      const x = inputs.get(name) as Float32Array;
      const spread = new Float32Array(STRIDE * x.length).fill(others);
      for (let i = 0; i < x.length; i++) spread[STRIDE * i] = x[i] as number;
      const y = run(spread);
      expectSameBits(
        x.map((_, i) => y[STRIDE * i] as number),
        expected.get(name) as Float32Array,
        x,
      );
    });
  });
});

describe('float32: whatever stands beside a number', () => {
  // Most are NaN, quiet or signalling, and so hide what CPUs tell of the numbers of a vector's lane by comparing.
  const alone = hostile(new Float32Array(200_000));
  const next = random(2);
  const x = alone.map((value) => (next() < 0.6 ? Number.NaN : next() < 0.9 ? value % 8 : value));
  const bits = new Uint32Array(x.buffer);
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i])) {
      bits[i] = next() < 0.5 ? 0x7f800001 : 0x7fc00000;
      alone[i] = 0;
    } else alone[i] = x[i] as number;
  }
  onEachIsa(() => {
    it.each(functions)('$name', ({ run }) => {
      const expected = run(alone).map((value, i) => (Number.isNaN(x[i]) ? Number.NaN : value));
      expectSameBits(run(x), expected, x);
    });
  });
});

describe.each(['float16', 'bfloat16'] as const)('%s: the verified bits of all inputs', (dtype) => {
  const digests = readSixteenBitDigests(dtype);
  onEachIsa(() => {
    it.each(functions)('$name', ({ name, runBits }) => {
      expect(digestOf(runBits(sixteenBitInputs(), dtype))).toBe(digests[name]);
    });
  });
});

describe('float64: one answer on all backends', () => {
  const cases = functions.map(({ name, run }) => {
    const x = hostile(new Float64Array(60_000));
    // Where results become subnormal, where the pieces of the formulas meet, and where the derivatives have their roots.
    const places = [
      -751.76, -745.13, -708.4, -38.58, -37.5, -21.55, -1.2785, -1.1924, -0.7525, -0.7518, 0, 9, 20, 40, 50,
    ];
    for (let i = 0; i < 15_000; i++) x[i] = (places[i % 15] as number) * (1 + (i - 7500) * 1e-6) + (i - 7500) * 1e-9;
    return { name, run, x, expected: run(x) };
  });
  onEachIsa(() => {
    it.each(cases)('$name', ({ run, x, expected }) => expectSameBits(run(x), expected, x));
  });
});

/** Exact values as hi + lo, times 2^-scale. */
interface Truth {
  x: number[];
  columns: string[];
  value(column: number, i: number): { hi: number; lo: number; scale: number };
}

function readTruth(type: 'f32' | 'f64'): Truth {
  const base = path.join(shared('ground-truth'), `groundtruth_${type}_sample`);
  const { columns } = JSON.parse(readFileSync(`${base}.json`, 'utf8')) as { columns: string[] };
  const file = readFileSync(`${base}.bin`);
  const data = new DataView(file.buffer, file.byteOffset, file.length);
  const n = data.getUint32(4, true);
  const size = data.getUint32(12, true);
  const x = Array.from({ length: n }, (_, i) =>
    size === 4 ? data.getFloat32(16 + 4 * i, true) : data.getFloat64(16 + 8 * i, true),
  );
  return {
    x,
    columns,
    value(column, i) {
      const at = 16 + n * size + 20 * (i * columns.length + column);
      return {
        hi: data.getFloat64(at, true),
        lo: data.getFloat64(at + 8, true),
        scale: data.getInt32(at + 16, true),
      };
    },
  };
}

/** The error of y in units in the last place of a type with `bits` of precision and the least exponent `least`. */
function errorInUlps(y: number, truth: ReturnType<Truth['value']>, bits: number, least: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(y) || 2 ** -1074)), least);
  // Scaled by 2^scale as the truth is; in two steps, since one could overflow.
  const half = Math.trunc(truth.scale / 2);
  const scaled = y * 2 ** half * 2 ** (truth.scale - half);
  const ulp = 2 ** (exponent - bits + 1 + half) * 2 ** (truth.scale - half);
  return Math.abs(scaled - truth.hi - truth.lo) / ulp;
}

describe.skipIf(!hasShared('ground-truth'))('exact values', () => {
  onEachIsa(() => {
    it.each(functions)('$name', ({ run, truth }) => {
      for (const [type, array, bits, least, normal, subnormal] of [
        ['f32', Float32Array, 24, -126, 0.5, 0.5],
        ['f64', Float64Array, 53, -1022, 0.6, 0.76],
      ] as const) {
        const { x, columns, value } = readTruth(type);
        const y = run(new array(x));
        const column = columns.indexOf(truth);
        expect(column).toBeGreaterThanOrEqual(0);
        for (let i = 0; i < x.length; i++) {
          const error = errorInUlps(y[i] as number, value(column, i), bits, least);
          const bound = Math.abs(y[i] as number) < 2 ** least ? subnormal : normal;
          if (Number.isFinite(x[i]) && !(error <= bound)) expect.fail(`${type}: ${error} ULP at ${x[i]}`);
        }
      }
    });
  });
});

interface PeerCase {
  test: string;
  op: string;
  params: { approximate?: 'none' | 'tanh'; beta?: number | string; threshold?: number | string };
  dtype: 'float32' | 'float64' | 'float16' | 'bfloat16';
  input: (number | string)[];
  grad_output?: (number | string)[];
  expected: (number | string)[];
  expected_limit?: (number | string)[];
  rtol: number;
  atol: number;
  known_disagreement?: string;
}

const operations = {
  gelu,
  mish,
  silu,
  softplus,
  gelu_backward: geluBackward,
  mish_backward: mishBackward,
  silu_backward: siluBackward,
  softplus_backward: softplusBackward,
};

function peerCases(): [string, PeerCase][] {
  if (!hasShared('peer-cases')) return [];
  return readdirSync(shared('peer-cases'))
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => {
      const { cases } = JSON.parse(readFileSync(path.join(shared('peer-cases'), file), 'utf8')) as {
        cases: PeerCase[];
      };
      return cases.map((peerCase): [string, PeerCase] => [`${file.slice(5, -5)}: ${peerCase.test}`, peerCase]);
    })
    .filter(([, { known_disagreement }]) => !known_disagreement);
}

// What a number becomes in a type, and the bits of 16-bit types: both by the package's own conversions, which the
// digests above hold.
const EPSILON = { float32: 2 ** -24, float64: 2 ** -53, float16: 2 ** -11, bfloat16: 2 ** -8 };

function arrayOf(dtype: keyof typeof EPSILON, numbers: (number | string)[]): Float32Array | Float64Array | Uint16Array {
  const values = numbers.map(Number);
  if (dtype === 'float32') return new Float32Array(values);
  if (dtype === 'float64') return new Float64Array(values);
  return Uint16Array.from(values, dtype === 'float16' ? toFloat16 : toBFloat16);
}

function numbersOf(dtype: keyof typeof EPSILON, array: Float32Array | Float64Array | Uint16Array): number[] {
  return dtype === 'float32' || dtype === 'float64'
    ? [...array]
    : [...array].map((bits) => valuesOf(dtype)[bits] as number);
}

describe.skipIf(!hasShared('peer-cases'))("peers' own cases", () => {
  onEachIsa(() => {
    it.each(peerCases())(
      '%s',
      (_name, { op, params, dtype, input, grad_output, expected, expected_limit, rtol, atol }) => {
        const options = {
          ...Object.fromEntries(Object.entries(params).map(([k, v]) => [k, k === 'approximate' ? v : Number(v)])),
          dtype,
        };
        const x = arrayOf(dtype, input);
        const y = op.endsWith('_backward')
          ? operations[op as 'gelu_backward'](arrayOf(dtype, grad_output ?? input.map(() => 1)), x, options)
          : operations[op as 'gelu'](x, options);
        const actual = numbersOf(dtype, y);
        const wanted = numbersOf(dtype, arrayOf(dtype, expected_limit ?? expected));
        for (let i = 0; i < actual.length; i++) {
          const [a, e] = [actual[i] as number, wanted[i] as number];
          if (Object.is(a, e) || (Number.isNaN(a) && Number.isNaN(e))) continue;
          const bound = Number(atol) + (Number(rtol) + EPSILON[dtype]) * Math.abs(e);
          expect(Math.abs(a - e), `f(${input[i]}) = ${a}, not ${e}`).toBeLessThanOrEqual(bound);
        }
      },
    );
  });
});
