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
export type TensorLike = { readonly data: ArrayBufferView } & ({ readonly type: string } | { readonly dtype: string }) &
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

/** `value` as an integer of at least 1 and at most `max`. An error shows `given`, what it was made from. */
export function positiveInteger(argument: string, value: unknown, max: number, given: unknown = value): number {
  if (!Number.isInteger(number(argument, value)) || (value as number) < 1 || (value as number) > max) {
    throw outOfRange(argument, `an integer >= 1 and <= ${max}`, given);
  }
  return value as number;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
// The getters of %TypedArray%.prototype: they work for arrays of other realms, whatever a subclass says.
const getter = <T>(name: string | symbol) => Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => T;
const tagGetter = getter<string | undefined>(Symbol.toStringTag);
const lengthGetter = getter<number>('length');
const bufferGetter = getter<ArrayBufferLike>('buffer');
const offsetGetter = getter<number>('byteOffset');

/** The length of an array now: 0 if its buffer is detached or has become too short. */
export const lengthOf = (array: FloatArray): number => lengthGetter.call(array);

type FloatArrayClass = new (from: number | ArrayBufferLike, byteOffset?: number, length?: number) => FloatArray;

const classes = globalThis as unknown as Record<string, FloatArrayClass>;

/** The class of `array` in this realm; its base class, if it is of a subclass. */
export const classOf = (array: FloatArray): FloatArrayClass =>
  classes[tagGetter.call(array) as string] as FloatArrayClass;

// What the elements of each class of arrays can be.
const TYPES_OF_CLASSES = new Map<string | undefined, readonly DType[]>([
  ['Float32Array', ['float32']],
  ['Float64Array', ['float64']],
  ['Float16Array', ['float16']],
  ['Uint16Array', ['float16', 'bfloat16']],
]);
const CLASSES = 'a Float32Array, Float64Array, Float16Array or Uint16Array';

const prototypes = new Set<unknown>([...TYPES_OF_CLASSES.keys()].map((name) => classes[name as string]?.prototype));

/** `array`, if it is of no subclass, which could change what its properties say, else a view of its elements. */
export function baseView(array: FloatArray): FloatArray {
  if (prototypes.has(Object.getPrototypeOf(array))) return array;
  return new (classOf(array))(bufferGetter.call(array), offsetGetter.call(array), lengthOf(array));
}

/** The type of `array`'s elements, which `dtype`, the value of `dtypeArgument`, names if its class leaves it open. */
export function dtypeOf(argument: string, array: unknown, dtype: unknown, dtypeArgument = 'options.dtype'): DType {
  const tag = tagGetter.call(array);
  const possible = TYPES_OF_CLASSES.get(tag);
  if (possible === undefined) throw invalidType(argument, CLASSES, array);
  assertUsable(argument, array as FloatArray);
  if (dtype === undefined && possible.length === 1) return possible[0] as DType;
  if (dtype === undefined) throw invalidValue(dtypeArgument, `must be given for a ${tag}`, dtype);
  return oneOf(dtypeArgument, dtype, possible);
}

/** Whether an array's buffer is neither detached nor was resized to end before the array does. */
export function isUsable(array: FloatArray): boolean {
  if (lengthOf(array) > 0) return true;
  try {
    typedArray.keys.call(array); // throws for those, and only for those
    return true;
  } catch {
    return false;
  }
}

function assertUsable(argument: string, array: FloatArray): void {
  if (!isUsable(array)) throw invalidValue(argument, 'must not have a detached or shrunk buffer', array);
}

/** Throws unless `array` has the class and the length of `x`, which is a baseView. */
export function assertLike(argument: string, array: unknown, x: FloatArray): void {
  const tag = tagGetter.call(array);
  if (!TYPES_OF_CLASSES.has(tag)) throw invalidType(argument, CLASSES, array);
  const expected = tagGetter.call(x);
  if (tag !== expected) throw invalidType(argument, `of the type of x, ${expected}`, array);
  assertUsable(argument, array as FloatArray);
  const length = lengthOf(array as FloatArray);
  if (length !== x.length) throw outOfRange(`${argument}.length`, `that of x, ${x.length}`, length);
}

/**
 * `argument`, named `name`, for results that go to `out`; throws if they overlap other than element by element. Both are
 * baseViews of the same byte length. Two SharedArrayBuffers can be one memory and nobody can tell: then it is a copy.
 */
export function apartFrom(out: FloatArray, name: string, argument: FloatArray): FloatArray {
  const distance = Math.abs(out.byteOffset - argument.byteOffset);
  if (distance === 0 || distance >= out.byteLength) return argument;
  if (out.buffer === argument.buffer) {
    throw invalidValue('options.out', `must be the same elements as ${name} or share none with it`, out);
  }
  const mayBeOne = isShared(out.buffer) && isShared(argument.buffer);
  return mayBeOne ? (argument as Float32Array).slice() : argument;
}

const isShared = (buffer: ArrayBufferLike): boolean => buffer[Symbol.toStringTag] === 'SharedArrayBuffer';
