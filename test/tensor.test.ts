// Tensors: the real ones of onnxruntime and ndarray, those of transformers.js as far as they matter, and plain objects.

import { createRequire } from 'node:module';
import { runInNewContext } from 'node:vm';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { type FloatArray, gelu, geluBackward, softplus, type TensorLike } from '../dist/index.mjs';
import { GELU, SiLU } from '../dist/nn.mjs';
import * as promises from '../dist/promises.mjs';
import { expectSameBits, hostile } from './support.js';

// biome-ignore lint/suspicious/noExplicitAny: tests call with arguments that the types forbid
type Any = any;

const ndarray: Any = createRequire(import.meta.url)('ndarray'); // it has no types of its own

const x = hostile(new Float32Array(24));
const y = gelu(x);

const code = (call: () => unknown): string | undefined => {
  try {
    call();
    return undefined;
  } catch (error) {
    return `${(error as Any).code}: ${(error as Any).message}`;
  }
};

/** transformers.js's class: around a tensor of onnxruntime, behind a proxy, with a method named stride. */
class Transformers {
  readonly ort: Any;
  constructor(...args: [string, Float32Array, number[]]) {
    this.ort = new (Tensor as Any)(...args);
    // biome-ignore lint/correctness/noConstructorReturn: as theirs
    return new Proxy(this, {
      get: (object: Any, key) => (Number.isInteger(Number(String(key))) ? undefined : object[key]),
    });
  }
  get type(): string {
    return this.ort.type;
  }
  get data(): Float32Array {
    return this.ort.data;
  }
  get dims(): readonly number[] {
    return this.ort.dims;
  }
  get location(): string {
    return this.ort.location;
  }
  stride(): number[] {
    return [12, 4, 1];
  }
}

describe('tensors', () => {
  it('of onnxruntime come back as such', async () => {
    const tensor = new Tensor('float32', x, [2, 3, 4]);
    const result = gelu(tensor);
    expect(result).toBeInstanceOf(Tensor);
    expect([result.type, result.dims, result.location]).toEqual(['float32', [2, 3, 4], 'cpu']);
    expectSameBits(result.data as Float32Array, y);
    const out = new Tensor('float32', new Float32Array(24), [2, 3, 4]);
    expect(gelu(tensor, { out })).toBe(out);
    expectSameBits(out.data as Float32Array, y);
    const grad = geluBackward(out, tensor);
    expectSameBits(grad.data as Float32Array, geluBackward(y, x));
    expectSameBits((await promises.gelu(tensor)).data as Float32Array, y);
    expect(await promises.gelu(tensor, { out })).toBe(out);
    expectSameBits(new GELU().forward(tensor).data as Float32Array, y);
    expect(new SiLU({ inplace: true }).forward(out)).toBe(out);
  });

  it('of onnxruntime have 16-bit numbers in one of two classes', () => {
    const bits = Uint16Array.of(0x3c00, 0xbc00, 0x7c00);
    const result = gelu(new Tensor('float16', bits, [3]));
    const data = result.data as Any;
    expect([result.type, result.dims]).toEqual(['float16', [3]]);
    expect(new Uint16Array(data.buffer, data.byteOffset, 3)).toEqual(gelu(bits, { dtype: 'float16' }));
  });

  it('of transformers.js come back as such', () => {
    const tensor = new Transformers('float32', x, [2, 3, 4]);
    const result = gelu(tensor);
    expect(result).toBeInstanceOf(Transformers);
    expect(result.dims).toEqual([2, 3, 4]);
    expectSameBits(result.data, y);
    expect(gelu(tensor, { out: result })).toBe(result);
  });

  it('of ndarray come back as such, if they are contiguous', () => {
    const array = ndarray(x.slice(), [4, 6]);
    const result = gelu(array);
    expect(result.constructor).toBe(array.constructor);
    expect([result.shape, result.stride, result.offset]).toEqual([[4, 6], [6, 1], 0]);
    expect(result.get(2, 3)).toBe(y[15]);
    const transposed = gelu(array.transpose(1, 0));
    expect([transposed.shape, transposed.get(3, 2)]).toEqual([[6, 4], y[15]]);
    const rows = gelu(array.lo(2, 0)); // offset 12
    expect([rows.shape, rows.get(0, 3)]).toEqual([[2, 6], y[15]]);
    expectSameBits(rows.data as Float32Array, y.subarray(12));
    expect(gelu(array, { out: array }).get(2, 3)).toBe(y[15]);
    expect(gelu(ndarray(new Float64Array(1), [])).get()).toBe(0);
    expect(code(() => gelu(array.lo(0, 2)))).toMatch(/^ERR_INVALID_ARG_VALUE: x must have its elements side by side/);
    expect(code(() => gelu(array.step(-1, 1)))).toMatch(/^ERR_OUT_OF_RANGE: x.stride must be integers >= 0/);
    expect(code(() => gelu(array, { out: ndarray(new Float32Array(24), [6, 4]).transpose(1, 0) }))).toMatch(
      /^ERR_OUT_OF_RANGE: options.out must be of the shape of x, \[4,6\] with strides \[6,1\]/,
    );
  });

  it('may be plain objects', () => {
    const named = { name: 'weights', dtype: 'float32', shape: [24], data: x } as const;
    expect(gelu(named)).toEqual({ ...named, data: y });
    const bits = Uint16Array.of(0x3f80, 0xbf80);
    const tensor = { type: 'bfloat16', dims: [1, 2], data: bits };
    expect(softplus(tensor)).toEqual({ ...tensor, data: softplus(bits, { dtype: 'bfloat16' }) });
    expect(gelu(tensor, { dtype: 'bfloat16' }).data).toHaveLength(2);
    expect(gelu({ type: 'float32', dims: [0, 3], data: new Float32Array(0) }).data).toHaveLength(0);
    const foreign = runInNewContext("({ type: 'float32', dims: [3], data: Float32Array.of(-1, 0, 1) })");
    expect({ ...gelu(foreign) }).toEqual({ type: 'float32', dims: [3], data: gelu(Float32Array.of(-1, 0, 1)) });
    const typed: TensorLike = gelu<TensorLike>(named);
    expect((typed.data as FloatArray).length).toBe(24);
  });

  it('are no more than their view', () => {
    const data = new Float32Array(8).subarray(0, 4);
    const tensor = { type: 'float32', data, shape: [4], strides: [1], offset: 2 };
    expect(code(() => gelu(tensor))).toMatch(/^ERR_OUT_OF_RANGE: x.offset must be an integer >= 0 and <= 0/);
    expect(gelu({ ...tensor, shape: [2] }).data).toHaveLength(2);
    expect(gelu({ ...tensor, offset: 0, location: 'cpu-pinned' }).data).toHaveLength(4);
  });

  it('may compute in their getters', async () => {
    const tensor = {
      type: 'float32',
      dims: [24],
      get data() {
        return gelu(x);
      },
    };
    expectSameBits((await promises.gelu(tensor)).data as Float32Array, gelu(y));
  });

  it('must be tensors of floats, on the CPU, and fit their shape', () => {
    const tensor = { type: 'float32', dims: [24], data: x };
    const call = (change: object, options?: Any) => code(() => gelu({ ...tensor, ...change } as Any, options));
    expect(call({ type: 'int64', data: new BigInt64Array(24) })).toMatch(
      /^ERR_INVALID_ARG_VALUE: x.type must be one of 'float32', 'float64', 'float16', 'bfloat16'\. Received 'int64'/,
    );
    expect(call({ type: undefined })).toMatch(/^ERR_INVALID_ARG_TYPE: x.type/);
    expect(call({ type: 'float16' })).toMatch(/^ERR_INVALID_ARG_VALUE: x.type must be one of 'float32'/);
    expect(call({ location: 'gpu-buffer' })).toMatch(/^ERR_INVALID_ARG_VALUE: x.location must be 'cpu': get the/);
    expect(call({ location: 'none' })).toMatch(/^ERR_INVALID_ARG_VALUE: x.location/);
    expect(call({ data: () => x })).toMatch(/^ERR_INVALID_ARG_TYPE: x.data must be a Float32Array/);
    expect(call({ data: [1, 2] })).toMatch(/^ERR_INVALID_ARG_TYPE: x.data must be a Float32Array/);
    expect(call({ dims: [4, 5] })).toMatch(/^ERR_OUT_OF_RANGE: x.data.length must be that of the shape \[4,5\], 20/);
    for (const dims of [[-1], [1.5], ['24'], [2 ** 60]]) expect(call({ dims })).toMatch(/^ERR_OUT_OF_RANGE: x.d/);
    expect(call({ dims: 24 })).toMatch(/^ERR_INVALID_ARG_TYPE: x.dims must be an array of integers/);
    expect(call({}, { dtype: 'float64' })).toMatch(/^ERR_INVALID_ARG_VALUE: options.dtype must be that of x/);
    expect(call({}, { out: x })).toMatch(/^ERR_INVALID_ARG_TYPE: options.out must be a tensor, as x is/);
    expect(code(() => gelu(x, { out: tensor as Any }))).toMatch(/^ERR_INVALID_ARG_TYPE: options.out must be a Float32/);
    expect(call({}, { out: { ...tensor, dims: [4, 6] } })).toMatch(
      /^ERR_OUT_OF_RANGE: options.out must be of the shape/,
    );
    const wide = { type: 'float64', dims: [24], data: new Float64Array(24) };
    expect(call({}, { out: wide })).toMatch(/^ERR_INVALID_ARG_TYPE: options.out must be of the type of x, float32/);
    expect(code(() => geluBackward(wide as TensorLike, tensor))).toMatch(/^ERR_INVALID_ARG_TYPE: gradOutput must be/);
    const detached = new Float32Array(24);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(call({ data: detached })).toMatch(/^ERR_INVALID_ARG_VALUE: x.data must not have a detached/);
  });

  it('of onnxruntime that are gone are an error', () => {
    const tensor = new Tensor('float32', new Float32Array(2), [2]);
    tensor.dispose();
    expect(code(() => gelu(tensor))).toMatch(/^ERR_INVALID_ARG_VALUE: x.location must be 'cpu'/);
  });
});
