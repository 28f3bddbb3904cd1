// What all functions do around their formula.

import { Buffer } from 'node:buffer';
import { run, willFill } from './backend.js';
import type { Elements, Kernel, Parameters } from './kernel.js';
import { arrayLike, operandOf } from './tensor.js';
import {
  type ActivationInput,
  type ActivationOptions,
  apartFrom,
  classOf,
  type DType,
  type FloatArray,
} from './validate.js';

type Options<T extends ActivationInput> = Pick<ActivationOptions<T>, 'out' | 'dtype'>;

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
  /** What the function returns, given its array. */
  finish(result: FloatArray): unknown;
}

/** `f(x)` in `out` or a new array. `parametersOf` makes the kernel's parameters. */
export function apply<T extends ActivationInput>(
  kernel: Kernel,
  x: T,
  options: Options<T>,
  parametersOf: (dtype: DType) => Parameters = noParameters,
): T {
  return perform(kernel, undefined, x, options, parametersOf) as T;
}

/** `gradOutput * f'(x)` in `out` or a new array. */
export function applyBackward<T extends ActivationInput>(
  kernel: Kernel,
  gradOutput: T,
  x: T,
  options: Options<T>,
  parametersOf: (dtype: DType) => Parameters = noParameters,
): T {
  return perform(kernel, { gradOutput }, x, options, parametersOf) as T;
}

function perform(
  kernel: Kernel,
  derivative: { gradOutput: unknown } | undefined,
  x: ActivationInput,
  options: Options<ActivationInput>,
  parametersOf: (dtype: DType) => Parameters,
): unknown {
  const capture = captured;
  captured = undefined; // a tensor's getters may call functions, which compute
  const operand = operandOf('x', x, options.dtype);
  const { dtype } = operand;
  let { array } = operand;
  let gradOutput = derivative && arrayLike('gradOutput', derivative.gradOutput, operand);
  const out = options.out === undefined ? undefined : arrayLike('options.out', options.out, operand);
  if (out !== undefined) {
    array = apartFrom(out, 'x', array);
    gradOutput &&= apartFrom(out, 'gradOutput', gradOutput);
  }
  const parameters = parametersOf(dtype);
  if (capture !== undefined) {
    const finish = (result: FloatArray) => options.out ?? operand.wrap(result);
    capture.job = { kernel, dtype, parameters, gradOutput, x: array, out, finish };
    return undefined;
  }
  const result = out ?? newArrayLike(array);
  const gradients = gradOutput && elementsOf(gradOutput);
  run(kernel, dtype, gradients, elementsOf(array), elementsOf(result), parameters, out === undefined);
  return options.out ?? operand.wrap(result);
}

const noParameters = (): Parameters => ({ beta: 1, threshold: Number.POSITIVE_INFINITY });

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

// A new array needs no zeros, for every element will be written. Without them, from some KiB on, a call that allocates takes
// 0.5 to 0.8 of the time. From 32 MiB on malloc has new memory in any case, and that is zero.
const UNFILLED_FROM = 2 ** 13;
const UNFILLED_TO = 2 ** 25;
// Under vm and in Jest, buffers are of another realm than the global classes.
const sameRealm = Buffer.alloc(0).buffer instanceof ArrayBuffer;

/** A new array of the class and length of `x`. The caller writes all of it before anybody else sees it. */
export function newArrayLike(x: FloatArray): FloatArray {
  const Class = classOf(x);
  const unfilled = sameRealm && x.byteLength >= UNFILLED_FROM && x.byteLength < UNFILLED_TO;
  const array = new Class(unfilled ? Buffer.allocUnsafeSlow(x.byteLength).buffer : x.length);
  willFill(array);
  return array;
}

/** `x` as both backends take it: a Float16Array as its bits. */
function elementsOf(x: FloatArray): Elements {
  return x[Symbol.toStringTag] === 'Float16Array'
    ? new Uint16Array(x.buffer, x.byteOffset, x.length)
    : (x as Exclude<FloatArray, { [Symbol.toStringTag]: 'Float16Array' }>);
}
