// The results: correctly rounded in float32, off by less than 0.6 ULP in float64, and the same bits on every backend.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { gelu, mish, silu, softplus } from '../dist/index.mjs';
import { BLOCKS, digestOf, inputsOf, readDigests } from '../verify/blocks.mjs';
import { expectSameBits, hasShared, hostile, onEachIsa, shared } from './support.js';
import { forms } from './table.mjs';

// 2^24 inputs of every function, spread over all binades and both signs.
const SAMPLED_BLOCKS = Array.from({ length: 16 }, (_, i) => (i * BLOCKS) / 16);

describe('float32: the verified bits of 2^24 inputs', () => {
  onEachIsa(() => {
    it.each(forms)('$name', ({ name, run }) => {
      const digests = readDigests(name);
      const out = new Float32Array(2 ** 20);
      for (const block of SAMPLED_BLOCKS) {
        run(inputsOf(block), { out });
        expect(digestOf(out), `block ${block}`).toBe(digests[block]);
      }
    });
  });
});

describe('float64: one answer on all backends', () => {
  const cases = forms.map(({ name, run, underflow }) => {
    const x = hostile(new Float64Array(50_000));
    // Around where results become subnormal, and where the pieces of the formulas meet.
    for (let i = 0; i < 5000; i++) x[i] = underflow.float64 * (0.9 + i / 40_000);
    for (let i = 5000; i < 10_000; i++) x[i] = ([9, 20, 50, 14.6, 38.7][i % 5] as number) + (i - 7500) / 2500;
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
    it.each(forms)('$name', ({ run, truth }) => {
      for (const [type, array, bits, least, bound] of [
        ['f32', Float32Array, 24, -126, 0.5],
        ['f64', Float64Array, 53, -1022, 0.75], // 0.6, and 0.75 for subnormal results
      ] as const) {
        const { x, columns, value } = readTruth(type);
        const y = run(new array(x));
        const column = columns.indexOf(truth);
        expect(column).toBeGreaterThanOrEqual(0);
        for (let i = 0; i < x.length; i++) {
          const error = errorInUlps(y[i] as number, value(column, i), bits, least);
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
  dtype: string;
  input: (number | string)[];
  expected: (number | string)[];
  expected_limit?: (number | string)[];
  rtol: number;
  atol: number;
  known_disagreement?: string;
}

const functions = { gelu, mish, silu, softplus };

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
    .filter(
      ([, { op, dtype, known_disagreement }]) => op in functions && /^float(32|64)$/.test(dtype) && !known_disagreement,
    );
}

describe.skipIf(!hasShared('peer-cases'))("peers' own cases", () => {
  onEachIsa(() => {
    it.each(peerCases())('%s', (_name, { op, params, dtype, input, expected, expected_limit, rtol, atol }) => {
      const array = dtype === 'float32' ? Float32Array : Float64Array;
      const options = Object.fromEntries(
        Object.entries(params).map(([k, v]) => [k, k === 'approximate' ? v : Number(v)]),
      );
      const y = functions[op as keyof typeof functions](new array(input.map(Number)), options);
      const wanted = new array((expected_limit ?? expected).map(Number));
      const epsilon = dtype === 'float32' ? 2 ** -24 : 2 ** -53;
      for (let i = 0; i < y.length; i++) {
        const [actual, value] = [y[i] as number, wanted[i] as number];
        if (Object.is(actual, value) || (Number.isNaN(actual) && Number.isNaN(value))) continue;
        const bound = Number(atol) + (Number(rtol) + epsilon) * Math.abs(value);
        expect(Math.abs(actual - value), `f(${input[i]}) = ${actual}, not ${value}`).toBeLessThanOrEqual(bound);
      }
    });
  });
});
