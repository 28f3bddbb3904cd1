// Arrays and tensors as the functions take them. A tensor is recognised by what it has, so that no package is imported;
// its properties are read once each.

import { DTYPES } from './bytes.js';
import { invalidType, invalidValue, outOfRange } from './errors.js';
import {
  type ActivationInput,
  assertLike,
  baseView,
  classOf,
  type DType,
  dtypeOf,
  type FloatArray,
  lengthOf,
  oneOf,
} from './validate.js';

/** An argument's elements. */
export interface Operand {
  /** A baseView. */
  readonly array: FloatArray;
  readonly dtype: DType;
  /** For a tensor: the sizes and strides that say which element is where. */
  readonly layout: string | undefined;
  /** The same kind of thing around another array. */
  wrap(result: FloatArray): unknown;
}

const itself = (result: FloatArray): FloatArray => result;

/** `value`, an array or tensor, and the type of its elements, which `dtype` names if the class leaves it open. */
export function operandOf(argument: string, value: ActivationInput, dtype: unknown): Operand {
  if (isTensor(value)) return tensorOf(argument, value, dtype);
  return {
    dtype: dtypeOf(argument, value, dtype),
    array: baseView(value as FloatArray),
    layout: undefined,
    wrap: itself,
  };
}

/** The array of `value`, which must be an array or a tensor like `x`. */
export function arrayLike(argument: string, value: unknown, x: Operand): FloatArray {
  if (x.layout === undefined) {
    assertLike(argument, value, x.array);
    return baseView(value as FloatArray);
  }
  if (!isTensor(value)) throw invalidType(argument, 'a tensor, as x is', value);
  const { array, layout, dtype } = tensorOf(argument, value, undefined);
  if (dtype !== x.dtype) throw invalidType(argument, `of the type of x, ${x.dtype}`, value);
  if (layout !== x.layout) throw outOfRange(argument, `of the shape of x, ${x.layout}`, layout);
  assertLike(`${argument}.data`, array, x.array);
  return array;
}

type Properties = Record<string, unknown>;

function isTensor(value: unknown): value is Properties {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return false;
  return 'data' in value && ('type' in value || 'dtype' in value) && ('dims' in value || 'shape' in value);
}

function tensorOf(argument: string, tensor: Properties, named: unknown): Operand {
  const typeKey = 'type' in tensor ? 'type' : 'dtype';
  const shapeKey = 'dims' in tensor ? 'dims' : 'shape';
  const location = tensor['location'];
  if (location !== undefined && location !== 'cpu' && location !== 'cpu-pinned') {
    throw invalidValue(`${argument}.location`, "must be 'cpu': get the tensor's data first", location);
  }
  const type = oneOf(`${argument}.${typeKey}`, tensor[typeKey], DTYPES);
  if (named !== undefined && named !== type) {
    throw invalidValue('options.dtype', `must be that of ${argument}, '${type}', or not be given`, named);
  }
  const given = tensor['data'] as FloatArray;
  const dtype = dtypeOf(`${argument}.data`, given, type, `${argument}.${typeKey}`);
  const data = baseView(given);
  const shape = integers(`${argument}.${shapeKey}`, tensor[shapeKey]);
  const size = shape.reduce((product, n) => product * n, 1);
  const { stride, strides: longStrides } = tensor; // transformers.js has a method of this name
  const stridesKey = Array.isArray(stride) ? 'stride' : 'strides';
  const ownStrides = Array.isArray(stride) ? stride : longStrides;
  const strides = Array.isArray(ownStrides) ? integers(`${argument}.${stridesKey}`, ownStrides) : undefined;
  if (strides === undefined) {
    if (size !== lengthOf(data)) {
      throw outOfRange(`${argument}.data.length`, `that of the shape [${shape}], ${size}`, lengthOf(data));
    }
    return { array: data, dtype, layout: layoutOf(shape, rowMajor(shape)), wrap: wrapper(tensor, type, shape) };
  }
  assertContiguous(argument, stridesKey, shape, strides);
  const begin = Number(tensor['offset'] ?? 0);
  if (!Number.isInteger(begin) || begin < 0 || begin + size > lengthOf(data)) {
    throw outOfRange(`${argument}.offset`, `an integer >= 0 and <= ${lengthOf(data) - size}`, tensor['offset']);
  }
  const array = begin === 0 && size === lengthOf(data) ? data : part(data, begin, size);
  return { array, dtype, layout: layoutOf(shape, strides), wrap: stridedWrapper(tensor, shape, strides) };
}

function integers(argument: string, value: unknown): number[] {
  if (!Array.isArray(value)) throw invalidType(argument, 'an array of integers', value);
  const copy = Array.from(value as number[]);
  for (const n of copy) if (!Number.isSafeInteger(n) || n < 0) throw outOfRange(argument, 'integers >= 0', copy);
  return copy;
}

function rowMajor(shape: readonly number[]): number[] {
  const strides: number[] = [];
  for (let i = shape.length - 1, stride = 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i] as number;
  }
  return strides;
}

/** The axes that have a stride to speak of. */
const layoutOf = (shape: readonly number[], strides: readonly number[]): string =>
  shape.some((n) => n === 0)
    ? `[${shape}]`
    : `[${shape}] with strides [${strides.map((stride, i) => (shape[i] === 1 ? 0 : stride))}]`;

/** Throws unless the elements fill one piece of memory, in whatever order of the axes. */
function assertContiguous(
  argument: string,
  stridesKey: string,
  shape: readonly number[],
  strides: readonly number[],
): void {
  if (strides.length !== shape.length)
    throw outOfRange(`${argument}.${stridesKey}`, `of length ${shape.length}`, strides);
  if (shape.some((n) => n === 0)) return;
  const axes = shape.map((n, i) => ({ n, stride: strides[i] as number })).filter(({ n }) => n !== 1);
  let expected = 1;
  for (const { n, stride } of axes.sort((a, b) => a.stride - b.stride)) {
    if (stride !== expected) throw invalidValue(argument, 'must have its elements side by side, without gaps', strides);
    expected *= n;
  }
}

function part(data: FloatArray, begin: number, length: number): FloatArray {
  return new (classOf(data))(data.buffer, data.byteOffset + begin * data.BYTES_PER_ELEMENT, length);
}

type Constructor = new (...args: unknown[]) => unknown;

/** Whether it is of no class, in whichever realm. */
function isPlain(tensor: object): boolean {
  const prototype = Object.getPrototypeOf(tensor);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** onnxruntime's and transformers.js's constructors take the type, the data and the shape. */
function wrapper(tensor: Properties, type: DType, shape: readonly number[]): Operand['wrap'] {
  if (isPlain(tensor)) return (data) => ({ ...tensor, data });
  const Tensor = tensor['constructor'] as unknown as Constructor;
  return (data) => new Tensor(type, data, shape);
}

/** The classes that the package ndarray generates take the data, each size, each stride and the offset. */
function stridedWrapper(tensor: Properties, shape: number[], strides: number[]): Operand['wrap'] {
  if (isPlain(tensor)) return (data) => ({ ...tensor, data, offset: 0 });
  const Tensor = tensor['constructor'] as unknown as Constructor;
  return (data) => new Tensor(data, ...shape, ...strides, 0);
}
