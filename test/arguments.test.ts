// What each wrong argument does, on both backends: an error that names it, and nothing written.

import { inspect } from 'node:util';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import * as api from '../dist/index.mjs';
import { backend, gelu, getNumThreads, mish, setNumThreads, silu, softplus, swish } from '../dist/index.mjs';
import { expectSameBits, hostile, onEachIsa } from './support.js';

// Tests call with arguments that the types forbid.
// biome-ignore lint/suspicious/noExplicitAny: that is the point
type Any = any;

const type = (name: RegExp, code: string, message: RegExp) => (call: () => unknown) => {
  let error: Any;
  try {
    call();
  } catch (e) {
    error = e;
  }
  expect(error, 'nothing was thrown').toBeDefined();
  expect(error.constructor.name).toMatch(name);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
};
const invalidType = (message: RegExp) => type(/^TypeError$/, 'ERR_INVALID_ARG_TYPE', message);
const invalidValue = (message: RegExp) => type(/^TypeError$/, 'ERR_INVALID_ARG_VALUE', message);
const outOfRange = (message: RegExp) => type(/^RangeError$/, 'ERR_OUT_OF_RANGE', message);

function detached(): Float32Array {
  const x = new Float32Array(4);
  structuredClone(x.buffer, { transfer: [x.buffer] });
  return x;
}

function shrunk(): Float32Array {
  const buffer = new (ArrayBuffer as Any)(64, { maxByteLength: 64 });
  const x = new Float32Array(buffer, 16, 4);
  buffer.resize(20);
  return x;
}

describe('arguments', () => {
  onEachIsa(() => {
    describe.each([gelu, silu, swish, mish, softplus].map((f) => [f.name, f] as const))('%s', (_name, f) => {
      const call = f as Any;

      it('takes typed arrays of floats only', () => {
        const wrong = [
          undefined,
          null,
          1,
          'x',
          [1, 2],
          {},
          new ArrayBuffer(8),
          new DataView(new ArrayBuffer(8)),
          new Int32Array(2),
          new Uint8ClampedArray(2),
          new BigInt64Array(1),
          Buffer.alloc(8),
          { length: 2, [Symbol.toStringTag]: 'Float32Array' },
          new Proxy(new Float32Array(2), {}),
          () => 1,
          Symbol('x'),
        ];
        for (const x of wrong)
          invalidType(/^x must be a Float32Array, Float64Array, Float16Array or Uint16Array\. Received/)(() => call(x));
        const x = new Float32Array(2);
        for (const out of wrong.slice(1)) invalidType(/^options\.out must be a Float32Array/)(() => call(x, { out }));
      });

      it('takes an object of options', () => {
        const x = new Float32Array(2);
        for (const options of [null, 1, 'tanh', true, () => 1]) {
          invalidType(/^options must be an object/)(() => call(x, options));
        }
        expect(call(x, undefined)).toHaveLength(2);
        expect(call(x, {})).toHaveLength(2);
        expect(call(x, { out: undefined, approximate: undefined, beta: undefined })).toHaveLength(2);
      });

      it('takes the bits of 16-bit numbers with their type', () => {
        const x = new Uint16Array(4);
        invalidValue(/^options\.dtype must be given for a Uint16Array/)(() => call(x));
        for (const dtype of ['float32', 'float64', 'half', '']) {
          invalidValue(/^options\.dtype must be one of 'float16', 'bfloat16'/)(() => call(x, { dtype }));
        }
        for (const dtype of [null, 16]) invalidType(/^options\.dtype must be a string/)(() => call(x, { dtype }));
        expect(call(x, { dtype: 'bfloat16' })).toBeInstanceOf(Uint16Array);
        invalidType(/^options\.out must be of the type of x, Uint16Array/)(() =>
          call(x, { dtype: 'float16', out: new Float32Array(4) }),
        );
        invalidValue(/^options\.dtype must be one of 'float32'/)(() => call(new Float32Array(1), { dtype: 'float16' }));
        expect(call(new Float32Array(1), { dtype: 'float32' })).toHaveLength(1);
      });

      it.skipIf(!('Float16Array' in globalThis))('takes a Float16Array', () => {
        const x = new (globalThis as Any).Float16Array([0.5, -1, Number.NaN]);
        const y = call(x);
        expect(y.constructor.name).toBe('Float16Array');
        const bits = (a: Any) => new Uint16Array(a.buffer);
        expectSameBits(bits(y), call(bits(x), { dtype: 'float16' }));
      });

      it('takes an out of the same type and length', () => {
        const x = new Float32Array(4);
        invalidType(/^options\.out must be of the type of x, Float32Array/)(() =>
          call(x, { out: new Float64Array(4) }),
        );
        for (const n of [0, 3, 5]) {
          outOfRange(/^options\.out\.length must be that of x, 4\. Received/)(() =>
            call(x, { out: new Float32Array(n) }),
          );
        }
      });

      it('takes no out that overlaps x partly', () => {
        const all = hostile(new Float32Array(20));
        const before = all.slice();
        for (const shift of [-4, -1, 1, 4]) {
          const [x, out] = [all.subarray(5, 10), all.subarray(5 + shift, 10 + shift)];
          invalidValue(/^options\.out must be the same elements as x or share none/)(() => call(x, { out }));
        }
        expectSameBits(all, before);
        expect(call(all.subarray(0, 5), { out: all.subarray(5, 10) })).toHaveLength(5);
        const bytes = new SharedArrayBuffer(64);
        invalidValue(/same elements/)(() =>
          call(new Float32Array(bytes, 0, 8), { out: new Float32Array(bytes, 4, 8) }),
        );
      });

      it('does not take a detached or shrunk buffer for an empty one', () => {
        for (const gone of [detached(), shrunk()]) {
          invalidValue(/^x must not have a detached/)(() => call(gone));
          invalidValue(/^options\.out must not have a detached/)(() => call(new Float32Array(0), { out: gone }));
        }
        expect(call(new Float32Array(0))).toHaveLength(0);
      });

      it('reads the options before the arrays', () => {
        const x = new Float32Array(4);
        const out = new Float32Array(4);
        const options = {
          get out() {
            structuredClone(x.buffer, { transfer: [x.buffer] });
            return out;
          },
        };
        invalidValue(/^x must not have a detached/)(() => call(x, options));
      });

      it('writes nothing before all is valid', () => {
        const out = new Float32Array(4).fill(3);
        expect(() => call(new Float32Array(5), { out })).toThrow();
        expect(() => call(detached(), { out })).toThrow();
        if (f === gelu) expect(() => call(new Float32Array(4), { out, approximate: 'erf' })).toThrow();
        if (f === softplus) expect(() => call(new Float32Array(4), { out, beta: '1' })).toThrow();
        expect([...out]).toEqual([3, 3, 3, 3]);
      });

      it('takes arrays of another realm', () => {
        const x = vm.runInNewContext('new Float32Array([1, -2])');
        expect(x).not.toBeInstanceOf(Float32Array);
        expectSameBits(call(x), call(Float32Array.of(1, -2)));
      });
    });

    it('takes the forms of GELU by name', () => {
      const x = Float32Array.of(1) as Any;
      invalidValue(/^options\.approximate must be one of 'none', 'tanh'\. Received 'erf'/)(() =>
        gelu(x, { approximate: 'erf' as Any }),
      );
      for (const approximate of [null, true, 1]) {
        invalidType(/^options\.approximate must be a string/)(() => gelu(x, { approximate: approximate as Any }));
      }
      expectSameBits(gelu(x, { approximate: 'none' }), gelu(x));
      expect(gelu(x, { approximate: 'tanh' })[0]).not.toBe(gelu(x)[0]);
    });

    it('takes numbers for beta and threshold', () => {
      const x = new Float32Array(2);
      for (const value of [null, '1', 1n, {}]) {
        invalidType(/^options\.beta must be a number/)(() => softplus(x, { beta: value as Any }));
        invalidType(/^options\.threshold must be a number/)(() => softplus(x, { threshold: value as Any }));
      }
    });
  });

  it('takes positive integers for threads', () => {
    const before = getNumThreads();
    for (const count of [0, -1, 1.5, 1025, Number.NaN, Number.POSITIVE_INFINITY]) {
      outOfRange(/^count must be an integer >= 1 and <= 1024/)(() => setNumThreads(count));
    }
    for (const count of [undefined, null, '2', 2n]) {
      invalidType(/^count must be a number/)(() => setNumThreads(count as Any));
    }
    expect(getNumThreads()).toBe(before);
  });

  it('describes the backend', () => {
    expect(Object.isFrozen(backend)).toBe(true);
    expect(Object.isFrozen(backend.isas)).toBe(true);
    expect(backend.isas.at(-1)).toBe('js');
    expect(backend.threads).toBe(getNumThreads());
    expect(inspect(backend)).toBe(inspect({ ...backend }));
    expect(inspect(backend)).toContain(`isa: '${backend.isa}'`);
    expect('reason' in backend).toBe(backend.isas.length === 1);
    expect(Object.keys(api).toSorted()).toEqual([
      ...['backend', 'gelu', 'geluBackward', 'getNumThreads', 'mish', 'mishBackward', 'setNumThreads', 'silu'],
      ...['siluBackward', 'softplus', 'softplusBackward', 'swish', 'swishBackward'],
    ]);
    expect(api.swishBackward).toBe(api.siluBackward);
    expect(swish).toBe(silu);
  });
});
