// What is true of the functions for all numbers, tried on bit patterns.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gelu, mish, silu, softplus } from '../dist/index.mjs';
import { expectSameBits, onEachIsa } from './support.js';
import { derivatives, forms } from './table.mjs';

const fromBits = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
const float = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(fromBits);
const finite = float.filter(Number.isFinite);
/** Where the functions bend; most bit patterns are far away from there. */
const moderate = fc.oneof(
  finite,
  fc.float({ min: -20, max: 20, noNaN: true }),
  fc.float({ min: -110, max: 1, noNaN: true }),
);
const floats = fc.array(fc.oneof(float, moderate), { maxLength: 70 }).map((values) => new Float32Array(values));

type OfOne = (x: number) => number;
const ofOne =
  (f: (x: Float32Array) => Float32Array): OfOne =>
  (x) =>
    f(Float32Array.of(x))[0] as number;

/** The distance between a float32 number and the next larger one in magnitude. */
const ulp = (x: number): number => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x) || 2 ** -149)), -126) - 23);

const MINIMA: Record<string, number> = {
  gelu: -0.7518,
  geluTanh: -0.7525,
  silu: -1.2785,
  mish: -1.1925,
  softplus: -Infinity,
};

describe('properties', () => {
  onEachIsa((isa) => {
    const options = { numRuns: isa === 'js' ? 300 : 2000 };

    it.each(forms)('$name is monotone right of its minimum', ({ name, run }) => {
      const f = ofOne(run);
      const least = MINIMA[name] as number;
      fc.assert(
        fc.property(moderate, moderate, (a, b) => {
          const [x, y] = [Math.max(Math.min(a, b), least), Math.max(Math.max(a, b), least)];
          expect(f(x)).toBeLessThanOrEqual(f(y));
        }),
        options,
      );
    });

    it.each([
      ['gelu', ofOne(gelu), 1],
      ['gelu tanh', ofOne((x) => gelu(x, { approximate: 'tanh' })), 1],
      ['silu', ofOne(silu), 1],
      ['softplus', ofOne((x) => softplus(x, { threshold: Number.POSITIVE_INFINITY })), 1],
    ])('%s: f(x) - f(-x) = x within the roundings', (_name, f) => {
      fc.assert(
        fc.property(moderate, (x) => {
          const [a, b] = [f(x), f(-x)];
          expect(Math.abs(a - b - x)).toBeLessThanOrEqual((ulp(a) + ulp(b)) / 2);
        }),
        options,
      );
    });

    it.each([
      ['gelu', ofOne(gelu)],
      ['gelu tanh', ofOne((x) => gelu(x, { approximate: 'tanh' }))],
      ['silu', ofOne(silu)],
      ['mish', ofOne(mish)],
    ])('%s: |f(x)| <= |x|, and the sign is kept', (_name, f) => {
      fc.assert(
        fc.property(fc.oneof(finite, moderate), (x) => {
          const y = f(x);
          expect(Math.abs(y)).toBeLessThanOrEqual(Math.abs(x));
          expect(Object.is(Math.sign(y), -0) || Math.sign(y) < 0).toBe(x < 0 || Object.is(x, -0));
        }),
        options,
      );
    });

    it('softplus(x) >= max(x, 0)', () => {
      const f = ofOne((x) => softplus(x));
      fc.assert(
        fc.property(fc.oneof(finite, moderate), (x) => {
          expect(f(x)).toBeGreaterThanOrEqual(Math.max(x, 0));
        }),
        options,
      );
    });

    it.each([...forms, ...derivatives])('$name: in place = out of place, whole = pieces, NaN canonical', ({ run }) => {
      fc.assert(
        fc.property(floats, fc.nat({ max: 70 }), (x, cut) => {
          const y = run(x);
          const copy = x.slice();
          expectSameBits(run(copy, { out: copy }), y, x);
          const pieces = new Float32Array(x.length);
          pieces.set(run(x.subarray(0, cut)));
          pieces.set(run(x.subarray(cut)), Math.min(cut, x.length));
          expectSameBits(pieces, y, x);
          const bits = new Uint32Array(y.buffer);
          y.forEach((value, i) => {
            if (Number.isNaN(value)) expect(bits[i]).toBe(0x7fc00000);
          });
        }),
        { numRuns: 300 },
      );
    });
  });
});
