// What all functions do around their formula.

import { run } from './backend.js';
import type { Kernel, Parameters } from './kernel.js';
import {
  type ActivationOptions,
  assertLike,
  assertNoPartialOverlap,
  type DType,
  dtypeOf,
  type FloatArray,
} from './validate.js';

type Options<T extends FloatArray> = Pick<ActivationOptions<T>, 'out' | 'dtype'>;

/** `f(x)` in `out` or a new array. `parametersOf` makes the kernel's parameters. */
export function apply<T extends FloatArray>(
  kernel: Kernel,
  x: T,
  { out, dtype: named }: Options<T>,
  parametersOf: (dtype: DType) => Parameters = noParameters,
): T {
  const dtype = dtypeOf('x', x, named);
  if (out !== undefined) {
    assertLike('options.out', out, x);
    assertNoPartialOverlap(out, 'x', x);
  }
  const result = out ?? arrayLike(x);
  run(kernel, dtype, undefined, elementsOf(x), elementsOf(result), parametersOf(dtype));
  return result;
}

/** `gradOutput * f'(x)` in `out` or a new array. */
export function applyBackward<T extends FloatArray>(
  kernel: Kernel,
  gradOutput: T,
  x: T,
  { out, dtype: named }: Options<T>,
  parametersOf: (dtype: DType) => Parameters = noParameters,
): T {
  const dtype = dtypeOf('x', x, named);
  assertLike('gradOutput', gradOutput, x);
  if (out !== undefined) {
    assertLike('options.out', out, x);
    assertNoPartialOverlap(out, 'x', x);
    assertNoPartialOverlap(out, 'gradOutput', gradOutput);
  }
  const result = out ?? arrayLike(x);
  run(kernel, dtype, elementsOf(gradOutput), elementsOf(x), elementsOf(result), parametersOf(dtype));
  return result;
}

const noParameters = (): Parameters => ({ beta: 1, threshold: 0 });

/** A new array of the class and length of `x`, but no subclass. */
function arrayLike<T extends FloatArray>(x: T): T {
  const classes = globalThis as unknown as Record<string, new (length: number) => T>;
  return new (classes[x[Symbol.toStringTag]] as new (length: number) => T)(x.length);
}

/** `x` as both backends take it: a Float16Array as its bits. */
function elementsOf(x: FloatArray): Float32Array | Float64Array | Uint16Array {
  return x[Symbol.toStringTag] === 'Float16Array'
    ? new Uint16Array(x.buffer, x.byteOffset, x.length)
    : (x as Exclude<FloatArray, { [Symbol.toStringTag]: 'Float16Array' }>);
}
