// The derivatives' calls: the product, its roundings, and where the result goes.

import { describe, expect, it } from 'vitest';
import { toBFloat16, toFloat16, valuesOf } from '../dist/sixteenBit.js';
import { expectSameBits, hostile, onEachIsa } from './support.js';
import { derivatives } from './table.mjs';

const orNaN = (x: number): number => (Number.isNaN(x) ? Number.NaN : x);

const LENGTHS = [0, 1, 2, 3, 5, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 40_000];

type Backward16 = (g: Uint16Array, x: Uint16Array, options: { dtype: string }) => Uint16Array;

describe('backward', () => {
  onEachIsa(() => {
    describe.each(derivatives)('$name', ({ backward, run, runBits, atMinusInfinity, atZero }) => {
      it('has the limits', () => {
        for (const type of [Float32Array, Float64Array]) {
          const x = new type([Number.NEGATIVE_INFINITY, -1e30, -0, 0, 1e30, Number.POSITIVE_INFINITY, Number.NaN]);
          expectSameBits(run(x), new type([atMinusInfinity, atMinusInfinity, atZero, atZero, 1, 1, Number.NaN]), x);
        }
      });

      it('is the rounded product with the derivative', () => {
        for (const type of [Float32Array, Float64Array]) {
          for (const length of LENGTHS) {
            const x = hostile(new type(length));
            const g = hostile(new type(length), 2);
            const d = run(x);
            const expected = d.map((value, i) => orNaN(value * (g[i] as number)));
            expectSameBits(backward(g, x), expected, x);
          }
        }
      });

      it.each(['float16', 'bfloat16'] as const)('is the product rounded once in %s', (dtype) => {
        const round = dtype === 'float16' ? toFloat16 : toBFloat16;
        const values = valuesOf(dtype);
        for (const length of LENGTHS) {
          const x = hostile(new Uint16Array(length));
          const g = hostile(new Uint16Array(length), 2);
          // The derivative to more than 16 bits, from float64.
          const d = run(Float64Array.from(x, (bits) => values[bits] as number)).map((y) =>
            Math.abs(y) < 2 ** -270 ? y * 0 : y,
          );
          const expected = x.map((_, i) => round((values[g[i] as number] as number) * (d[i] as number)));
          expectSameBits((backward as Backward16)(g, x, { dtype }), expected, x);
        }
        expect(runBits(new Uint16Array(3), dtype)).toEqual(new Uint16Array(3).fill(round(atZero)));
      });

      it('writes where it is told: out, x or gradOutput', () => {
        for (const type of [Float32Array, Float64Array]) {
          const x = hostile(new type(70_001));
          const g = hostile(new type(70_001), 2);
          const expected = backward(g, x);
          const out = new type(70_001);
          expect(backward(g, x, { out })).toBe(out);
          expectSameBits(out, expected);
          const [x2, g2] = [x.slice(), g.slice()];
          expect(backward(g, x2, { out: x2 })).toBe(x2);
          expectSameBits(x2, expected);
          expect(backward(g2, x, { out: g2 })).toBe(g2);
          expectSameBits(g2, expected);
          const squared = backward(x, x);
          expectSameBits(backward(x.slice(), x.slice()), squared);
        }
      });

      it('takes a gradOutput like x, and no partial overlap', () => {
        const x = new Float32Array(8);
        expect(() => backward(new Float64Array(8) as unknown as Float32Array, x)).toThrow(
          expect.objectContaining({
            code: 'ERR_INVALID_ARG_TYPE',
            message: expect.stringMatching(/^gradOutput must be of/),
          }),
        );
        expect(() => backward([1] as unknown as Float32Array, x)).toThrow(/^gradOutput must be a Float32Array/);
        expect(() => backward(new Float32Array(7), x)).toThrow(
          expect.objectContaining({
            code: 'ERR_OUT_OF_RANGE',
            message: 'gradOutput.length must be that of x, 8. Received 7',
          }),
        );
        const all = new Float32Array(20);
        const out = all.subarray(1, 9);
        expect(() => backward(all.subarray(0, 8), x, { out })).toThrow(/same elements as gradOutput or share none/);
        expect(() => backward(x, all.subarray(0, 8), { out })).toThrow(/same elements as x or share none/);
      });
    });
  });
});
