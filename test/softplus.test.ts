// Softplus's parameters: the rule of the threshold, in the array's precision, and every kind of beta.

import { describe, expect, it } from 'vitest';
import { softplus, softplusBackward } from '../dist/index.mjs';
import { expectSameBits, hostile, onEachIsa, random } from './support.js';

const { fround } = Math;
const INFINITY = Number.POSITIVE_INFINITY;

const nextFloat = (x: number, by: number): number => {
  const bits = new Int32Array(Float32Array.of(x).buffer);
  return new Float32Array(Int32Array.of((bits[0] as number) + by).buffer)[0] as number;
};

describe('softplus', () => {
  onEachIsa(() => {
    it('is x exactly where x * beta, in float32, is greater than the threshold', () => {
      const next = random(3);
      for (let round = 0; round < 400; round++) {
        const beta = fround((next() - 0.3) * 2 ** (next() * 12 - 6));
        const threshold = round % 10 === 0 ? ([0, -0, 20, -3, 1][(round / 10) % 5] as number) : (next() - 0.3) * 40;
        // Around the quotient, where the product's rounding decides.
        const x = Float32Array.from({ length: 61 }, (_, i) => nextFloat(fround(threshold / beta) || 1e-3, i - 30));
        const y = softplus(x, { beta, threshold });
        const without = softplus(x, { beta, threshold: INFINITY });
        const expected = x.map((v, i) => (fround(v * beta) > fround(threshold) ? v : (without[i] as number)));
        expectSameBits(y, expected, x);
      }
    });

    it('rounds a product half way to the threshold to even first', () => {
      const cases = [[0, 1, -0]];
      for (const k of [5592407, 5592409, -5592407, -5592409]) {
        for (const side of [-1, 1]) cases.push([k * 2 ** -24, 3, (3 * k + side) * 2 ** -24]);
      }
      for (const [v, beta, threshold] of cases as [number, number, number][]) {
        const x = Float32Array.of(v);
        const expected = fround(v * beta) > threshold ? x : softplus(x, { beta, threshold: INFINITY });
        expectSameBits(softplus(x, { beta, threshold }), expected, x);
      }
    });

    it('is x exactly where x * beta, in float64, is greater than the threshold', () => {
      const next = random(4);
      for (let round = 0; round < 200; round++) {
        const beta = (next() - 0.3) * 2 ** (next() * 12 - 6);
        const threshold = (next() - 0.3) * 40;
        const x = Float64Array.from({ length: 61 }, (_, i) => (threshold / beta) * (1 + (i - 30) * 2 ** -52));
        const without = softplus(x, { beta, threshold: INFINITY });
        const expected = x.map((v, i) => (v * beta > threshold ? v : (without[i] as number)));
        expectSameBits(softplus(x, { beta, threshold }), expected, x);
      }
    });

    it('knows extreme thresholds', () => {
      const x = hostile(new Float32Array(1000));
      expectSameBits(softplus(x, { threshold: Number.NaN }), softplus(x, { threshold: INFINITY }), x);
      const atMinusInfinity = softplus(x, { threshold: -INFINITY });
      expectSameBits(
        atMinusInfinity,
        x.map((v) => (v > -INFINITY ? v : v === -INFINITY ? 0 : Number.NaN)),
        x,
      );
      const largest = 2 ** 128 - 2 ** 104;
      expect(softplus(Float32Array.of(largest), { beta: 2, threshold: largest })[0]).toBe(fround(largest));
    });

    it('is within 1 ULP of the formula in double precision for any beta', () => {
      for (const beta of [0.1, 0.5, 2, 10, 1e-3, 1000, -1, -0.25, -8]) {
        const b = fround(beta);
        const x = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) / 20 / Math.min(Math.abs(b), 1));
        const y = softplus(x, { beta, threshold: INFINITY });
        for (let i = 0; i < x.length; i++) {
          const t = (x[i] as number) * b;
          const exact = (Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t)))) / b;
          expect(Math.abs((y[i] as number) - exact), `beta ${beta}, x ${x[i]}`).toBeLessThanOrEqual(
            Math.abs(exact) * 2 ** -23.9 + 2 ** -149,
          );
        }
      }
    });

    // ln(1 + e^(beta x)) / beta in 4000 bits (mpmath).
    it('is within 1 ULP in float64 for extreme betas', () => {
      for (const [x, beta, exact] of [
        [-8.41e102, 1e-100, 5.7324558603255106e-266],
        [8.41e102, -1e-100, -5.7324558603255106e-266],
        [-1000 * 2 ** 470, 2 ** -470, 1.5474479814344315e-293],
        [-1040 * 2 ** 479, 1.3 * 2 ** -480, 6.27169312083696e-150],
        [-1070 * 2 ** 480, 2 ** -480, 6.3e-321],
        [-10 * 2 ** 470, 2 ** -470, 1.3840229278924712e137],
        [-839.5 * 2 ** -300, 2 ** 300, 0],
        [380 * 2 ** -479, -1.9 * 2 ** 479, -0],
        [-1081 * 2 ** 480, 2 ** -480, 0],
      ] as const) {
        const y = softplus(Float64Array.of(x), { beta })[0] as number;
        expect(Math.abs(y - exact), `${x}, ${beta}: ${y}`).toBeLessThanOrEqual(
          Math.max(Math.abs(exact) * 2 ** -52, 2 ** -1074),
        );
        expect(Object.is(Math.sign(y), Math.sign(exact))).toBe(true);
      }
    });

    it('scales exactly with a beta that is a power of 2', () => {
      for (const type of [Float32Array, Float64Array]) {
        for (const beta of [-4, -0.5, 2 ** -20, 0.25, 2, 16]) {
          const x = Float64Array.from({ length: 3001 }, (_, i) => (i - 1500) / 40 / beta);
          const options = { threshold: INFINITY };
          const a = new type(x);
          const scaled = a.map((v) => v * beta);
          const of = (array: Float32Array | Float64Array) => softplus(array, options).map((v) => v / beta);
          expectSameBits(softplus(a, { beta, ...options }), of(scaled), a);
          const ones = new type(a.length).fill(1);
          expectSameBits(softplusBackward(ones, a, { beta, ...options }), softplusBackward(ones, scaled, options), a);
        }
      }
    });

    it('has a derivative of 1 exactly where it is x', () => {
      const x = Float32Array.from({ length: 2000 }, (_, i) => (i - 1000) / 100);
      for (const [beta, threshold] of [
        [1, 20],
        [0.3, 2.5],
        [-2, 3],
      ] as const) {
        const options = { beta, threshold };
        const d = softplusBackward(new Float32Array(2000).fill(1), x, options);
        const without = softplusBackward(new Float32Array(2000).fill(1), x, { beta, threshold: INFINITY });
        const expected = x.map((v, i) => (fround(v * fround(beta)) > fround(threshold) ? 1 : (without[i] as number)));
        expectSameBits(d, expected, x);
      }
    });

    it('takes any number for beta', () => {
      const x = Float32Array.of(-INFINITY, -1, -0, 0, 1, INFINITY);
      const ln2 = Math.LN2;
      const nan = Number.NaN;
      for (const [beta, expected] of [
        [0, [nan, INFINITY, INFINITY, INFINITY, INFINITY, nan]],
        [-0, [nan, -INFINITY, -INFINITY, -INFINITY, -INFINITY, nan]],
        [nan, [nan, nan, nan, nan, nan, nan]],
        [INFINITY, [0, 0, nan, nan, 1, INFINITY]],
        [-INFINITY, [-INFINITY, -1, nan, nan, -0, -0]],
        [-1, [-INFINITY, -Math.log1p(Math.exp(1)), -ln2, -ln2, -Math.log1p(Math.exp(-1)), -0]],
      ] as const) {
        expectSameBits(softplus(x, { beta }), new Float32Array(expected), x);
        const wide = Float64Array.from(x);
        const y = softplus(wide, { beta });
        // To a float32's precision here; exactness.test.ts has the bits.
        expectSameBits(new Float32Array(y), new Float32Array(expected), x);
      }
    });
  });
});
