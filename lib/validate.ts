// The checks of arguments, the same for both backends. They are made before anything is written, and the options are
// read, once each, before the arrays are looked at: a getter among them may change an array.

import { invalidType, invalidValue, outOfRange } from './errors.js';

/** What a Float16Array has that matters here; the class itself is younger than the oldest runtime. */
export interface Float16ArrayLike {
  readonly [Symbol.toStringTag]: 'Float16Array';
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: ArrayBufferLike;
  readonly byteLength: number;
  readonly byteOffset: number;
  readonly length: number;
  [index: number]: number;
}

/** The arrays that the functions take and return. A Uint16Array holds the bits of float16 or bfloat16 numbers. */
export type FloatArray = Float32Array | Float64Array | Float16ArrayLike | Uint16Array;

/**
 * An object that holds numbers and says of which type and shape: a tensor of onnxruntime or transformers.js, an ndarray,
 * or an object of your own. Its array is as {@link FloatArray} says; `type` or `dtype` is a {@link DType}. Its elements
 * must be on the CPU, without gaps.
 */
export type TensorLike = { readonly data: object } & ({ readonly type: string } | { readonly dtype: string }) &
  ({ readonly dims: readonly number[] } | { readonly shape: readonly number[] });

/** What the functions take; they return the same kind. */
export type ActivationInput = FloatArray | TensorLike;

/** The types of elements. */
export type DType = 'float32' | 'float64' | 'float16' | 'bfloat16';

/** What all functions take. */
export interface ActivationOptions<T extends ActivationInput = FloatArray> {
  /**
   * Where the result goes: an array of the type and length, or a tensor of the type and shape, of `x`. It may be `x` itself (or `gradOutput`), or a view of
   * the same elements; any other overlap is an error. By default a new array.
   */
  out?: T | undefined;
  /** The type of the elements. Needed for a Uint16Array: `'float16'` or `'bfloat16'`. */
  dtype?: DType | undefined;
}

/** torch.nn.GELU's parameters. */
export interface GeluOptions<T extends ActivationInput = FloatArray> extends ActivationOptions<T> {
  /** `'none'`: the exact form, by the error function. `'tanh'`: the approximation by the hyperbolic tangent. */
  approximate?: 'none' | 'tanh' | undefined;
}

/** torch.nn.Softplus's parameters. For arrays of any type but float64 both are rounded to float32. */
export interface SoftplusOptions<T extends ActivationInput = FloatArray> extends ActivationOptions<T> {
  /** Default 1. */
  beta?: number | undefined;
  /** Where `x * beta` is greater, in float64 for float64 arrays and in float32 for all others, the result is `x`. Default 20. */
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

export function boolean(argument: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidType(argument, 'a boolean', value);
  return value;
}

// As Node tells an AbortSignal, so that other implementations serve too.
export function abortSignal(argument: string, value: unknown): void {
  if (value === null || typeof value !== 'object' || !('aborted' in value)) {
    throw invalidType(argument, 'an AbortSignal', value);
  }
}

export function func(argument: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidType(argument, 'a function', value);
}

/** `value` as an integer of at least 1 and at most `max`. */
export function positiveInteger(argument: string, value: unknown, max: number): number {
  if (!Number.isInteger(number(argument, value)) || (value as number) < 1 || (value as number) > max) {
    throw outOfRange(argument, `an integer >= 1 and <= ${max}`, value);
  }
  return value as number;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
// The getter of %TypedArray%.prototype: it works for arrays of other realms, and cannot be forged.
const tagGetter = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)?.get as () => string | undefined;
const lengthGetter = Object.getOwnPropertyDescriptor(typedArray, 'length')?.get as () => number;

/** The length of an array now, whatever a subclass says: 0 if its buffer is detached or has become too short. */
export const lengthOf = (array: FloatArray): number => lengthGetter.call(array);

// What the elements of each class of arrays can be.
const DTYPES = new Map<string | undefined, readonly DType[]>([
  ['Float32Array', ['float32']],
  ['Float64Array', ['float64']],
  ['Float16Array', ['float16']],
  ['Uint16Array', ['float16', 'bfloat16']],
]);
const CLASSES = 'a Float32Array, Float64Array, Float16Array or Uint16Array';

/** The type of `array`'s elements, which `dtype`, the value of `dtypeArgument`, names if its class leaves it open. */
export function dtypeOf(argument: string, array: unknown, dtype: unknown, dtypeArgument = 'options.dtype'): DType {
  const tag = tagGetter.call(array);
  const possible = DTYPES.get(tag);
  if (possible === undefined) throw invalidType(argument, CLASSES, array);
  if ((array as FloatArray).length === 0) assertUsable(argument, array as FloatArray);
  if (dtype === undefined && possible.length === 1) return possible[0] as DType;
  if (dtype === undefined) throw invalidValue(dtypeArgument, `must be given for a ${tag}`, dtype);
  return oneOf(dtypeArgument, dtype, possible);
}

// An array has length 0 when its buffer is detached, or was resized to end before the array does.
function assertUsable(argument: string, array: FloatArray): void {
  try {
    typedArray.keys.call(array); // throws for those, and only for those
  } catch {
    throw invalidValue(argument, 'must not have a detached or shrunk buffer', array);
  }
}

/** Throws unless `array` has the class and the length of `x`. */
export function assertLike(argument: string, array: unknown, x: FloatArray): void {
  const tag = tagGetter.call(array);
  if (!DTYPES.has(tag)) throw invalidType(argument, CLASSES, array);
  const expected = tagGetter.call(x);
  if (tag !== expected) throw invalidType(argument, `of the type of x, ${expected}`, array);
  const { length } = array as FloatArray;
  if (length === 0) assertUsable(argument, array as FloatArray);
  if (length !== x.length) throw outOfRange(`${argument}.length`, `that of x, ${x.length}`, length);
}

/** Throws if `out` overlaps `other`, named `name`, other than element by element. Both have the same byte length. */
export function assertNoPartialOverlap(out: FloatArray, name: string, other: FloatArray): void {
  const distance = Math.abs(out.byteOffset - other.byteOffset);
  if (out.buffer === other.buffer && distance > 0 && distance < out.byteLength) {
    throw invalidValue('options.out', `must be the same elements as ${name} or share none with it`, out);
  }
}
