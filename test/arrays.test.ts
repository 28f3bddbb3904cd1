// Every shape of array: all short lengths at all offsets, in place, shared, resizable, large.

import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { backend, gelu, softplus } from '../dist/index.mjs';
import { expectSameBits, hostile, onEachIsa, random } from './support.js';
import { derivatives, forms } from './table.mjs';

const TYPES = [Float32Array, Float64Array];
// All to two of the widest vectors and one more, and where the steps of several vectors, of 96 floats at most, end.
const LONGEST = 2 * 96 + 1;
const LENGTHS = Array.from({ length: LONGEST + 1 }, (_, n) => n).filter((n) => n <= 33 || (n + 1) % 8 < 3);

// Where Linux gives large pages to who asks for them, and tells.
const setting = '/sys/kernel/mm/transparent_hugepage/enabled';
const pages = '/proc/self/smaps_rollup';
const hasLargePages = existsSync(pages) && existsSync(setting) && readFileSync(setting, 'utf8').includes('[madvise]');
const largePages = () => 1024 * Number(/^AnonHugePages: +(\d+) kB$/m.exec(readFileSync(pages, 'utf8'))?.[1]);

describe('arrays', () => {
  it.skipIf(backend.kind === 'js' || !hasLargePages)('has large results in large pages', () => {
    const x = new Float32Array(2 ** 24);
    const before = largePages();
    const y = softplus(x);
    expect(largePages() - before).toBeGreaterThan(y.byteLength / 2);
  });

  onEachIsa((isa) => {
    describe.each(forms)('$name', ({ run, atMinusInfinity, atZero, underflow }) => {
      it('has the limits', () => {
        for (const type of TYPES) {
          const x = new type([Number.NEGATIVE_INFINITY, -0, 0, Number.POSITIVE_INFINITY, Number.NaN]);
          const expected = [atMinusInfinity, atZero ?? -0, atZero ?? 0, Number.POSITIVE_INFINITY, Number.NaN];
          expectSameBits(run(x), new type(expected), x);
        }
      });

      it('makes every NaN the canonical one', () => {
        const narrow = new Float32Array(
          Uint32Array.of(0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff, 0x7fabcdef).buffer,
        );
        expect([...new Uint32Array(run(narrow).buffer)]).toEqual(Array(5).fill(0x7fc00000));
        const wide = new Float64Array(BigUint64Array.of(0x7ff0000000000001n, 0xffffffffffffffffn).buffer);
        expect([...new BigUint64Array(run(wide).buffer)]).toEqual(Array(2).fill(0x7ff8000000000000n));
      });

      it('rounds to zero where the value is below half of the least number, and not before', () => {
        for (const [type, limit] of [
          [Float32Array, underflow.float32],
          [Float64Array, underflow.float64],
        ] as const) {
          const y = run(new type([limit, limit * 2, limit * 100, limit * 0.998]));
          for (const i of [0, 1, 2]) expect(y[i]).toBe(atMinusInfinity);
          expect(y[3]).not.toBe(atMinusInfinity);
        }
      });

      it('gives a value the same bits at every place of every length and offset', () => {
        for (const type of TYPES) {
          const all = hostile(new type(LONGEST + 8));
          const singly = all.map((value) => run(new type([value]))[0] as number);
          for (const length of LENGTHS) {
            for (let offset = 0; offset < 8; offset++) {
              const out = new type(length + 16).fill(7);
              const view = out.subarray(8, 8 + length);
              expect(run(all.subarray(offset, offset + length), { out: view })).toBe(view);
              expectSameBits(view, singly.subarray(offset, offset + length), all.subarray(offset));
              expect([...out.subarray(0, 8), ...out.subarray(8 + length)]).toEqual(Array(16).fill(7));
            }
          }
        }
      });

      it('works in place and leaves x alone otherwise', () => {
        for (const type of TYPES) {
          const x = hostile(new type(100_003));
          const copy = x.slice();
          const y = run(x);
          expectSameBits(x, copy);
          expect(y.buffer).not.toBe(x.buffer);
          const same = new type(copy.buffer);
          expect(run(copy, { out: same })).toBe(same);
          expectSameBits(same, y, x);
        }
      });
    });

    it('takes shared memory, byte offsets and subclasses', () => {
      const buffer = new SharedArrayBuffer(4 * 1000 + 4);
      const x = hostile(new Float32Array(buffer, 4));
      const expected = gelu(new Float32Array(x));
      const y = gelu(x);
      expectSameBits(y, expected);
      expect(y.buffer).toBeInstanceOf(ArrayBuffer);
      gelu(x, { out: x });
      expectSameBits(new Float32Array(x), expected);
      class Tensor extends Float32Array {}
      expectSameBits(gelu(Tensor.from(expected)) as Float32Array, gelu(expected));
    });

    it('takes subclasses that are made otherwise, or say otherwise what they are', () => {
      class Matrix extends Float32Array {
        constructor(rows: number, columns: number) {
          super(rows * columns);
        }
      }
      class Liar extends Float32Array {
        override get [Symbol.toStringTag](): 'Float32Array' {
          return 'Float64Array' as 'Float32Array';
        }
        override get length() {
          return 2;
        }
        override get byteOffset() {
          return 4;
        }
      }
      const numbers = hostile(new Float32Array(3000));
      for (const x of [new Matrix(2, 1500), new Liar(3000)]) {
        const set = (values: Float32Array) =>
          values.forEach((value, i) => {
            x[i] = value;
          });
        const get = () => Float32Array.from({ length: 3000 }, (_, i) => x[i] as number);
        for (const { run } of forms) {
          set(numbers);
          expectSameBits(run(x), run(numbers), numbers);
          expect(run(x, { out: x })).toBe(x);
          expectSameBits(get(), run(numbers), numbers);
        }
        set(numbers);
        for (const { backward } of derivatives) expectSameBits(backward(x, x), backward(numbers, numbers), numbers);
      }
    });

    it('keeps apart what may overlap on shared memory of two names', () => {
      const buffer = new SharedArrayBuffer(4 * 3000 + 4);
      const x = hostile(new Float32Array(buffer, 0, 3000));
      const numbers = new Float32Array(x);
      for (const [begin, end] of [
        [0, 4],
        [4, 0],
      ] as const) {
        const from = new Float32Array(buffer, begin, 3000);
        from.set(numbers);
        const out = new Float32Array(structuredClone(buffer), end, 3000);
        expectSameBits(new Float32Array(gelu(from, { out })), gelu(numbers), numbers);
      }
    });

    it.each([0, 1, 2047, 2048, 100_003, 2 ** 23])('gives %i new elements a buffer of their own', (length) => {
      const y = gelu(new Float32Array(length).fill(100));
      expect([y.length, y.byteOffset, y.buffer.byteLength]).toEqual([length, 0, 4 * length]);
      expect(y.buffer).toBeInstanceOf(ArrayBuffer);
      expect(y.every((value) => value === 100)).toBe(true);
      expect(structuredClone(y, { transfer: [y.buffer] })).toHaveLength(length);
      expect(y).toHaveLength(0);
    });

    it('takes arrays on resizable buffers, as long as they are then', () => {
      const buffer = new (
        ArrayBuffer as unknown as new (
          n: number,
          o: object,
        ) => ArrayBuffer & { resize(n: number): void }
      )(40, { maxByteLength: 80 });
      const x = new Float32Array(buffer).fill(1);
      expect(gelu(x)).toHaveLength(10);
      buffer.resize(80);
      expect(gelu(x)).toHaveLength(20);
      buffer.resize(0);
      expect(gelu(x)).toHaveLength(0);
    });

    // All pieces but the first begin a cache line then.
    describe.skipIf(isa === 'js').each([Float32Array, Float64Array])('at any place in a cache line, %o', (Type) => {
      const [length, piece] = [2 ** 16 + 2 ** 14 + 37, 2 ** 12]; // enough for two threads
      const x = hostile(new Type(length));
      const gradOutput = x.slice().reverse();
      const memory = new Type(length + 16);

      it.each([...forms, ...derivatives])('$name gives the same bits as in pieces', (form) => {
        type Numbers = typeof x;
        const call = (g: Numbers, values: Numbers, out: Numbers) =>
          'backward' in form ? form.backward(g, values, { out }) : form.run(values, { out });
        const expected = new Type(length);
        for (let i = 0; i < length; i += piece) {
          call(gradOutput.subarray(i, i + piece), x.subarray(i, i + piece), expected.subarray(i, i + piece));
        }
        for (let offset = 0; offset < 16; offset++) {
          const out = memory.subarray(offset, offset + length);
          expectSameBits(call(gradOutput, x, out), expected, x);
          out.set(x);
          expectSameBits(call(gradOutput, out, out), expected, x);
        }
      });
    });

    // The vector kernels' results may bypass the caches then.
    describe.skipIf(isa === 'scalar' || isa === 'js')('larger than the caches', () => {
      const [length, piece] = [2 ** 24 + 37, 2 ** 20];
      const next = random(7);
      const few = Float32Array.from({ length: 2 ** 18 }, () => next() * 16 - 8);
      const x = new Float32Array(length + 3).subarray(3);
      for (let i = 0; i < length; i += few.length) x.set(few.subarray(0, length - i), i);
      for (const part of [0, 2 ** 16 - 500, 2 ** 20, length - 500]) hostile(x.subarray(part, part + 500));
      const expected = new Float32Array(length);
      const out = new Float32Array(length + 16);

      it.each(forms)('gives $name the same bits as in pieces', ({ run }) => {
        for (let i = 0; i < length; i += piece) {
          run(x.subarray(i, i + piece), { out: expected.subarray(i, i + piece) });
        }
        for (const offset of [0, 13]) {
          expectSameBits(run(x, { out: out.subarray(offset, offset + length) }), expected, x);
          expect(out[offset + length] ?? 0).toBe(0);
          out.fill(0);
        }
      });

      it.each(derivatives)('gives $name the same bits as in pieces', ({ backward }) => {
        const gradOutput = x.slice().reverse();
        for (let i = 0; i < length; i += piece) {
          const [g, values, y] = [gradOutput, x, expected].map((array) => array.subarray(i, i + piece));
          backward(g as Float32Array, values as Float32Array, { out: y as Float32Array });
        }
        expectSameBits(backward(gradOutput, x, { out: out.subarray(5, 5 + length) }), expected, x);
      });
    });

    // In place, in 2 GiB: the lengths do not pass through anything that is particular to an instruction set.
    it.skipIf(isa !== backend.isas[0] || isa === 'js' || os.freemem() < 6 * 2 ** 30)(
      'takes more than 2^31 bytes',
      () => {
        const x = new Float32Array(2 ** 29 + 5);
        x[0] = 1;
        x[x.length - 1] = 1;
        softplus(x, { out: x });
        const [one, zero] = softplus(Float32Array.of(1, 0));
        expect([x[0], x[1], x[2 ** 28], x[x.length - 2], x[x.length - 1]]).toEqual([one, zero, zero, zero, one]);
      },
    );
  });
});
