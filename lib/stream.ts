/**
 * The activation functions as streams of bytes.
 *
 * @packageDocumentation
 */

import { addAbortSignal, Transform, type TransformCallback, type TransformOptions } from 'node:stream';
import type { gelu } from './activations.js';
import { jobOf } from './apply.js';
import { assertLittleEndian, DTYPES, elementsAt, sizeOf } from './bytes.js';
import { invalidType, withCode } from './errors.js';
import { FUNCTION_NAMES, FUNCTIONS, type FunctionName } from './functions.js';
import { inSlices } from './slices.js';
import { type DType, type GeluOptions, oneOf, optionsObject, type SoftplusOptions } from './validate.js';

/** The functions that {@link activation} knows by name. */
export type ActivationName = FunctionName;

/** The function's own options, without `out`; the type of the elements; and some of node:stream's. */
export interface ActivationStreamOptions
  extends Pick<GeluOptions, 'approximate'>,
    Pick<SoftplusOptions, 'beta' | 'threshold'>,
    Pick<TransformOptions, 'highWaterMark' | 'readableHighWaterMark' | 'writableHighWaterMark' | 'signal'> {
  /** Default `'float32'`. */
  dtype?: DType | undefined;
}

// A chunk larger than this is computed in slices, so that the event loop stays free.
const AT_ONCE = 2 ** 18;

class Activation extends Transform {
  readonly #dtype: DType;
  readonly #size: number;
  readonly #call: (x: Float32Array) => unknown;
  readonly #abort = new AbortController();
  /** The bytes of an element of which the rest has not come. */
  #begun = Buffer.alloc(0);
  #position = 0;

  constructor(
    call: (x: Float32Array) => unknown,
    dtype: DType,
    { signal, ...options }: TransformOptions & { signal?: AbortSignal },
  ) {
    super(options);
    this.#call = call;
    this.#dtype = dtype;
    this.#size = sizeOf(dtype);
    if (signal !== undefined) addAbortSignal(signal, this); // which may destroy it at once
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding | 'buffer', callback: TransformCallback): void {
    if (encoding !== 'buffer') {
      callback(invalidType('chunk', 'a Buffer or Uint8Array', chunk.toString(encoding)));
      return;
    }
    const bytes = this.#begun.length + chunk.length;
    const whole = bytes - (bytes % this.#size);
    this.#position += chunk.length;
    if (whole === 0) {
      this.#begun = Buffer.concat([this.#begun, chunk]);
      callback();
      return;
    }
    // A copy, which is aligned, and which nobody else writes to.
    const result = Buffer.from(new ArrayBuffer(whole));
    this.#begun.copy(result);
    const used = chunk.copy(result, this.#begun.length);
    this.#begun = Buffer.from(chunk.subarray(used));

    const x = elementsAt(this.#dtype, result.buffer, 0, whole / this.#size) as Float32Array;
    if (whole <= AT_ONCE) {
      this.#call(x);
      callback(null, result);
      return;
    }
    inSlices(
      jobOf(() => this.#call(x)),
      { signal: this.#abort.signal },
    ).then(
      () => process.nextTick(callback, null, result), // what a reader throws is no rejection
      (error) => process.nextTick(callback, error),
    );
  }

  override _flush(callback: TransformCallback): void {
    if (this.#begun.length === 0) {
      callback();
      return;
    }
    const start = this.#position - this.#begun.length;
    const message = `The input ends at byte ${this.#position}, in the middle of the ${this.#dtype} number at byte ${start}`;
    callback(withCode(new Error(message), 'ERR_TRUNCATED_INPUT'));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#abort.abort();
    callback(error);
  }
}

/**
 * A stream that applies a function to little-endian numbers: bytes go in, as many come out. Chunks may begin and end
 * anywhere. It holds one chunk at a time, besides what node:stream buffers up to its `highWaterMark`.
 *
 * @param name - `'gelu'`, `'silu'`, `'swish'`, `'mish'` or `'softplus'`.
 * @param options - `dtype`: default `'float32'`; the function's options, but no `out`; `highWaterMark`,
 * `readableHighWaterMark`, `writableHighWaterMark` and `signal`, as node:stream's Transform.
 * @returns A Transform. It fails with `ERR_TRUNCATED_INPUT` if the input ends in the middle of a number.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 */
export function activation(name: ActivationName, options?: ActivationStreamOptions): Transform {
  assertLittleEndian();
  const f = FUNCTIONS[oneOf('name', name, FUNCTION_NAMES)] as typeof gelu;
  const { dtype: named = 'float32', approximate, beta, threshold, ...given } = optionsObject(options);
  const dtype = oneOf('options.dtype', named, DTYPES);
  const parameters = { approximate, beta, threshold, dtype };
  const { highWaterMark, readableHighWaterMark, writableHighWaterMark, signal } = given;
  const call = (x: Float32Array) => f(x, { ...parameters, out: x });
  jobOf(() => call(elementsAt(dtype, new ArrayBuffer(0), 0, 0) as Float32Array)); // wrong parameters are an error now
  return new Activation(call, dtype, {
    ...(highWaterMark !== undefined && { highWaterMark }),
    ...(readableHighWaterMark !== undefined && { readableHighWaterMark }),
    ...(writableHighWaterMark !== undefined && { writableHighWaterMark }),
    ...(signal !== undefined && { signal }),
    decodeStrings: false,
  });
}
