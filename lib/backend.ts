// Which implementation runs: one of the addon's instruction sets, or JavaScript.

import { inspect } from 'node:util';
import { invalidValue } from './errors.js';
import { type Elements, type Kernel, type Parameters, runKernel } from './kernel.js';
import { type Backward, type Forward, type Loaded, loadNative, type NativeKernels } from './native.js';
import { type DType, type FloatArray, positiveInteger } from './validate.js';

/** What computes the results. It makes no difference to their bits. */
export interface Backend {
  /** `'native'`: the addon; `'js'`: the fallback in JavaScript. */
  readonly kind: 'native' | 'js';
  /** The instruction set in use: `'avx512'`, `'avx2'`, `'neon'`, `'scalar'` or, without the addon, `'js'`. */
  readonly isa: string;
  /** All that can run here, best first. The last one is `'js'`. */
  readonly isas: readonly string[];
  /** How many threads a large array is spread over. */
  readonly threads: number;
  /** Why the native backend is not in use. */
  readonly reason?: string;
}

const MAX_THREADS = 1024;

const environment = {
  backend: process.env['SIMD_ACTIVATIONS_BACKEND'] || undefined,
  threads: process.env['SIMD_ACTIVATIONS_NUM_THREADS'] || undefined,
};

const { binding, reason }: Loaded =
  environment.backend === 'js' ? { reason: 'SIMD_ACTIVATIONS_BACKEND is js' } : loadNative();
const isas: readonly string[] = Object.freeze([...(binding?.isas ?? []), 'js']);
const dtypes = binding?.dtypes ?? [];

let isa: string;
let kernels: NativeKernels | undefined;
select('SIMD_ACTIVATIONS_BACKEND', environment.backend ?? (isas[0] as string));
if (environment.threads !== undefined) {
  const number = /^\d+$/.test(environment.threads) ? Number(environment.threads) : Number.NaN;
  const count = positiveInteger('SIMD_ACTIVATIONS_NUM_THREADS', number, MAX_THREADS, environment.threads);
  binding?.setThreads(count, true); // a Worker loads this module anew
}

function select(argument: string, name: string): void {
  const names = binding === undefined ? isas : ['native', ...isas];
  if (!names.includes(name)) {
    const why = reason === undefined ? '' : ` (${reason})`;
    throw invalidValue(argument, `must be one of ${names.map((n) => `'${n}'`).join(', ')} here${why}`, name);
  }
  isa = name === 'native' ? (isas[0] as string) : name;
  kernels = binding?.kernels[isa];
}

/**
 * Makes one of `backend.isas` compute from now on. For tests and benchmarks, since the results are the same.
 * @internal
 */
export function useIsa(name: string): void {
  select('name', name);
}

/**
 * The instruction set whose native code ran last, as that code itself reported it.
 * @internal
 */
export function lastIsa(): string | undefined {
  return binding?.lastIsa();
}

/** How many threads a large array is spread over: 1 without the native backend. */
export function getNumThreads(): number {
  return binding === undefined || kernels === undefined ? 1 : binding.threads();
}

/**
 * Sets how many threads a large array is spread over, the calling one among them, in the whole process. At first it is
 * as many as the process may use, by its CPU affinity and its cgroup's quota. JavaScript uses one whatever is set.
 *
 * @param count - An integer from 1 to 1024.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`.
 */
export function setNumThreads(count: number): void {
  positiveInteger('count', count, MAX_THREADS);
  binding?.setThreads(count);
}

// NumPy's bound, in bytes. Below it, an allocator may hand the memory on to others, who did not ask for large pages.
const LARGE = 2 ** 22;

/**
 * All of a new array, whose buffer is its own, will be written: its memory comes faster where the system is told so. A
 * small array is not asked for its buffer, which V8 would have to make.
 * @internal
 */
export function willFill(array: FloatArray): void {
  if (array.byteLength >= LARGE) binding?.willFill(array.buffer as ArrayBuffer);
}

/**
 * {@link runKernel} on the backend in use, for arguments that are valid. `isNew`: see native.ts.
 * @internal
 */
export function run(
  kernel: Kernel,
  dtype: DType,
  gradOutput: Elements | undefined,
  x: Elements,
  out: Elements,
  parameters: Parameters,
  isNew = false,
): void {
  const native = kernels?.[kernel.name];
  if (native === undefined) {
    runKernel(kernel, dtype, gradOutput, x, out, parameters);
    return;
  }
  const { beta, threshold } = parameters;
  const index = dtypes.indexOf(dtype);
  if (gradOutput === undefined) (native as Forward)(x, out, index, beta, threshold, isNew);
  else (native as Backward)(gradOutput, x, out, index, beta, threshold, isNew);
}

const state: Backend = {
  get kind() {
    return kernels === undefined ? ('js' as const) : ('native' as const);
  },
  get isa() {
    return isa;
  },
  isas,
  get threads() {
    return getNumThreads();
  },
  ...(reason !== undefined && { reason }),
};

/** What computes the results; see {@link Backend}. */
export const backend: Backend = Object.freeze(
  // Printed with the values that its getters have.
  Object.defineProperty(state, inspect.custom, { value: () => ({ ...state }) }),
);
