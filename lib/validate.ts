// The checks of arguments, the same for both backends. They are made before anything is written, and the options are
// read, once each, before the arrays are looked at: a getter among them may change an array.

import { invalidType, invalidValue, outOfRange } from './errors.js';

/** The arrays that the functions take and return. */
export type FloatArray = Float32Array | Float64Array;

/** The element types, as the addon and the messages name them. */
export type DType = 'float32' | 'float64';

export interface ActivationOptions<T extends FloatArray = FloatArray> {
  /**
   * Where the result goes: an array of the type and length of `x`. It may be `x` itself, or a view of the same elements;
   * any other overlap is an error. By default a new array.
   */
  out?: T | undefined;
}

/** torch.nn.GELU's parameters. */
export interface GeluOptions<T extends FloatArray = FloatArray> extends ActivationOptions<T> {
  /** `'none'`: the exact form, by the error function. `'tanh'`: the approximation by the hyperbolic tangent. */
  approximate?: 'none' | 'tanh' | undefined;
}

/** torch.nn.Softplus's parameters. */
export interface SoftplusOptions<T extends FloatArray = FloatArray> extends ActivationOptions<T> {
  /** Default 1. In float32 arrays its float32 rounding is used. */
  beta?: number | undefined;
  /** Where `x * beta`, in the array's precision, is greater, the result is `x`. Default 20. */
  threshold?: number | undefined;
}

/** `options` as an object whose properties can be read. */
export function optionsObject<T extends object>(options: T | undefined): Partial<T> {
  if (options === undefined) return {};
  if (options === null || typeof options !== 'object') throw invalidType('options', 'an object', options);
  return options;
}

export function oneOf<T extends string>(argument: string, value: unknown, values: readonly T[]): T {
  if (typeof value !== 'string') throw invalidType(argument, 'a string', value);
  if (!values.includes(value as T)) {
    throw invalidValue(argument, `must be one of ${values.map((v) => `'${v}'`).join(', ')}`, value);
  }
  return value as T;
}

export function number(argument: string, value: unknown): number {
  if (typeof value !== 'number') throw invalidType(argument, 'a number', value);
  return value;
}

/** `value` as an integer of at least 1 and at most `max`. */
export function positiveInteger(argument: string, value: unknown, max: number): number {
  if (!Number.isInteger(number(argument, value)) || (value as number) < 1 || (value as number) > max) {
    throw outOfRange(argument, `an integer >= 1 and <= ${max}`, value);
  }
  return value as number;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const tagOf: (value: unknown) => string | undefined = (value) => tagGetter.call(value);
// The getter of %TypedArray%.prototype: it works for arrays of other realms, and cannot be forged.
const tagGetter = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)?.get as () => string | undefined;

const DTYPES = new Map<string | undefined, DType>([
  ['Float32Array', 'float32'],
  ['Float64Array', 'float64'],
]);
const ARRAYS = 'a Float32Array or Float64Array';

/** The type of `array`'s elements. */
export function dtypeOf(argument: string, array: unknown): DType {
  const dtype = DTYPES.get(tagOf(array));
  if (dtype === undefined) throw invalidType(argument, ARRAYS, array);
  if ((array as FloatArray).length === 0) assertUsable(argument, array as FloatArray);
  return dtype;
}

// An array has length 0 when its buffer is detached, or was resized to end before the array does.
function assertUsable(argument: string, array: FloatArray): void {
  try {
    typedArray.keys.call(array); // throws for those, and only for those
  } catch {
    throw invalidValue(argument, 'must not have a detached or shrunk buffer', array);
  }
}

/** Throws unless `out` can take the result for `x`. */
export function assertOut(out: unknown, x: FloatArray, dtype: DType): void {
  if (dtypeOf('options.out', out) !== dtype) {
    throw invalidType('options.out', `of the type of x, ${dtype}`, out);
  }
  const { buffer, byteOffset, byteLength, length } = out as FloatArray;
  if (length !== x.length) throw outOfRange('options.out.length', `that of x, ${x.length}`, length);
  if (
    buffer === x.buffer &&
    byteOffset !== x.byteOffset &&
    byteOffset < x.byteOffset + byteLength &&
    x.byteOffset < byteOffset + byteLength
  ) {
    throw invalidValue('options.out', 'must be the same elements as x or share none with it', out);
  }
}
