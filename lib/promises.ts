/**
 * The activation functions with promises: the same arguments and the same bits, computed in slices of half a millisecond
 * between which the event loop does its other work.
 *
 * The arguments are checked before the call returns; a wrong one rejects with the error that the synchronous function
 * throws. Nothing is copied: until the promise settles, the arrays must be left as they are. Reading or writing them
 * meanwhile gives elements of before and after; detaching or resizing one rejects with `ERR_INVALID_ARG_VALUE`; neither
 * can crash. A pending call keeps the process alive.
 *
 * @packageDocumentation
 */

import * as activations from './activations.js';
import { jobOf } from './apply.js';
import * as derivatives from './derivatives.js';
import { inSlices, type PromiseOptions } from './slices.js';
import {
  type ActivationInput,
  type ActivationOptions,
  abortSignal,
  func,
  type GeluOptions,
  optionsObject,
  type SoftplusOptions,
} from './validate.js';

export type { Progress, PromiseOptions } from './slices.js';

type AllOptions<T extends ActivationInput> = GeluOptions<T> & SoftplusOptions<T>;

async function promised<T extends ActivationInput>(
  call: (options: AllOptions<T>) => T,
  options: (ActivationOptions<T> & PromiseOptions) | undefined,
): Promise<T> {
  const { signal, onProgress, ...rest } = read<T>(options);
  if (signal !== undefined) abortSignal('options.signal', signal);
  if (onProgress !== undefined) func('options.onProgress', onProgress);
  const job = jobOf(() => call(rest));
  return job.finish(await inSlices(job, { signal, onProgress })) as T;
}

/** The options' properties, each read once. */
function read<T extends ActivationInput>(options: object | undefined): AllOptions<T> & PromiseOptions {
  const given: Partial<AllOptions<T> & PromiseOptions> = optionsObject(options);
  const { approximate, beta, threshold, out, dtype, signal, onProgress } = given;
  return { approximate, beta, threshold, out, dtype, signal, onProgress };
}

/**
 * GELU, as the synchronous `gelu`.
 *
 * @param x - As gelu's.
 * @param options - As gelu's, and `signal`, `onProgress`.
 * @returns A promise for what gelu returns. Rejects with what gelu throws, with an AbortError (`ABORT_ERR`), or with
 * `ERR_INVALID_ARG_VALUE` if an array is detached or resized meanwhile.
 */
export function gelu<T extends ActivationInput>(x: T, options?: GeluOptions<T> & PromiseOptions): Promise<T> {
  return promised((o: GeluOptions<T>) => activations.gelu(x, o), options);
}

/** SiLU, as the synchronous `silu`; with promises as {@link gelu}. */
export function silu<T extends ActivationInput>(x: T, options?: ActivationOptions<T> & PromiseOptions): Promise<T> {
  return promised((o: ActivationOptions<T>) => activations.silu(x, o), options);
}

/** {@link silu} by its other name. */
export const swish = silu;

/** Mish, as the synchronous `mish`; with promises as {@link gelu}. */
export function mish<T extends ActivationInput>(x: T, options?: ActivationOptions<T> & PromiseOptions): Promise<T> {
  return promised((o: ActivationOptions<T>) => activations.mish(x, o), options);
}

/** Softplus, as the synchronous `softplus`; with promises as {@link gelu}. */
export function softplus<T extends ActivationInput>(x: T, options?: SoftplusOptions<T> & PromiseOptions): Promise<T> {
  return promised((o: SoftplusOptions<T>) => activations.softplus(x, o), options);
}

/** `gradOutput * gelu'(x)`, as the synchronous `geluBackward`; with promises as {@link gelu}. */
export function geluBackward<T extends ActivationInput>(
  gradOutput: T,
  x: T,
  options?: GeluOptions<T> & PromiseOptions,
): Promise<T> {
  return promised((o: GeluOptions<T>) => derivatives.geluBackward(gradOutput, x, o), options);
}

/** `gradOutput * silu'(x)`, as the synchronous `siluBackward`; with promises as {@link gelu}. */
export function siluBackward<T extends ActivationInput>(
  gradOutput: T,
  x: T,
  options?: ActivationOptions<T> & PromiseOptions,
): Promise<T> {
  return promised((o: ActivationOptions<T>) => derivatives.siluBackward(gradOutput, x, o), options);
}

/** {@link siluBackward} by its other name. */
export const swishBackward = siluBackward;

/** `gradOutput * mish'(x)`, as the synchronous `mishBackward`; with promises as {@link gelu}. */
export function mishBackward<T extends ActivationInput>(
  gradOutput: T,
  x: T,
  options?: ActivationOptions<T> & PromiseOptions,
): Promise<T> {
  return promised((o: ActivationOptions<T>) => derivatives.mishBackward(gradOutput, x, o), options);
}

/** `gradOutput * softplus'(x)`, as the synchronous `softplusBackward`; with promises as {@link gelu}. */
export function softplusBackward<T extends ActivationInput>(
  gradOutput: T,
  x: T,
  options?: SoftplusOptions<T> & PromiseOptions,
): Promise<T> {
  return promised((o: SoftplusOptions<T>) => derivatives.softplusBackward(gradOutput, x, o), options);
}
