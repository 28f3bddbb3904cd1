// What all functions do around their formula.

import { run } from './backend.js';
import type { Elements, Kernel, Parameters } from './kernel.js';
import {
  type ActivationOptions,
  assertLike,
  assertNoPartialOverlap,
  type DType,
  dtypeOf,
  type FloatArray,
} from './validate.js';

type Options<T extends FloatArray> = Pick<ActivationOptions<T>, 'out' | 'dtype'>;

/** A call whose arguments are valid. */
export interface Job {
  readonly kernel: Kernel;
  readonly dtype: DType;
  readonly parameters: Parameters;
  /** For a derivative. */
  readonly gradOutput: FloatArray | undefined;
  readonly x: FloatArray;
  /** Undefined: a new array. */
  readonly out: FloatArray | undefined;
}

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
  return perform({ kernel, dtype, parameters: parametersOf(dtype), gradOutput: undefined, x, out }) as T;
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
  return perform({ kernel, dtype, parameters: parametersOf(dtype), gradOutput, x, out }) as T;
}

const noParameters = (): Parameters => ({ beta: 1, threshold: 0 });

let captured: { job?: Job } | undefined;

/**
 * What `call`, which calls one of the functions, asks for. The function checks its arguments as ever, and throws what it
 * throws, but computes nothing.
 */
export function jobOf(call: () => unknown): Job {
  const capture: { job?: Job } = {};
  captured = capture;
  try {
    call();
  } finally {
    captured = undefined;
  }
  return capture.job as Job;
}

function perform(job: Job): FloatArray {
  if (captured !== undefined) {
    captured.job = job;
    return job.x;
  }
  const { kernel, dtype, gradOutput, x, parameters } = job;
  const result = resultOf(job);
  run(kernel, dtype, gradOutput && elementsOf(gradOutput), elementsOf(x), elementsOf(result), parameters);
  return result;
}

/** Where the job's result goes: `out` or a new array of the class and length of `x`, but no subclass. */
export function resultOf({ x, out }: Job): FloatArray {
  if (out !== undefined) return out;
  const classes = globalThis as unknown as Record<string, new (length: number) => FloatArray>;
  return new (classes[x[Symbol.toStringTag]] as new (length: number) => FloatArray)(x.length);
}

/** `x` as both backends take it: a Float16Array as its bits. */
function elementsOf(x: FloatArray): Elements {
  return x[Symbol.toStringTag] === 'Float16Array'
    ? new Uint16Array(x.buffer, x.byteOffset, x.length)
    : (x as Exclude<FloatArray, { [Symbol.toStringTag]: 'Float16Array' }>);
}

/** `x[begin]` to `x[begin + count - 1]` as both backends take them. `subarray` would ask a subclass's constructor. */
export function sliceOf(x: FloatArray, begin: number, count: number): Elements {
  const offset = x.byteOffset + begin * x.BYTES_PER_ELEMENT;
  switch (x[Symbol.toStringTag]) {
    case 'Float32Array':
      return new Float32Array(x.buffer, offset, count);
    case 'Float64Array':
      return new Float64Array(x.buffer, offset, count);
    default:
      return new Uint16Array(x.buffer, offset, count);
  }
}
