// The JavaScript fallback's loop: what native/kernel.h is to the native kernels.

import { isQuick, type QuickPath, runQuick } from './quick.js';
import { type SixteenBit, tableFor, toBFloat16, toFloat16, valuesOf } from './sixteenBit.js';
import type { DType } from './validate.js';

/** Softplus's parameters, as the kernels take them. */
export interface Parameters {
  readonly beta: number;
  readonly threshold: number;
}

/** The arrays that the kernels take: a Uint16Array has the bits of a 16-bit type. */
export type Elements = Float32Array | Float64Array | Uint16Array;

/** A function, or a derivative. */
export interface Kernel {
  /** Its name in the addon. */
  readonly name: string;
  /** `values[i] = f(values[i])` for i < n, to be rounded to a type of at most 24 bits. */
  narrow(values: Float64Array, n: number, parameters: Parameters): void;
  /** The faster way to float32 results. */
  readonly quick: QuickPath;
  /** `f(x)` for float64 arrays. */
  wide(x: number, beta: number, threshold: number): number;
}

// Elements per turn: 8 KiB of doubles, which stay in the L1 cache.
const BLOCK = 1024;
const values = new Float64Array(BLOCK);
const grads = new Float64Array(BLOCK);

/** `out[i] = f(x[i])` or, for a derivative, `out[i] = gradOutput[i] * f'(x[i])`. */
export function runKernel(
  kernel: Kernel,
  dtype: DType,
  gradOutput: Elements | undefined,
  x: Elements,
  out: Elements,
  parameters: Parameters,
): void {
  if (dtype === 'float32' && isQuick(parameters)) {
    runQuick(kernel, gradOutput, x, out, parameters);
    return;
  }
  const tabulate = (all: Uint16Array) => {
    const values = gradOutput === undefined ? new Uint16Array(all.length) : new Float64Array(all.length);
    compute(kernel, dtype, undefined, undefined, all, values, parameters);
    return values;
  };
  const table =
    x.BYTES_PER_ELEMENT === 2 ? tableFor(kernel, dtype as SixteenBit, x.length, parameters, tabulate) : undefined;
  if (table === undefined || gradOutput !== undefined) {
    compute(kernel, dtype, table, gradOutput, x, out, parameters);
  } else {
    for (let i = 0; i < x.length; i++) out[i] = table[x[i]];
  }
}

/**
 * The formulas see only blocks of float64 numbers, so that their loops stay monomorphic, which is worth a factor of
 * three in V8. float32 and float64 are converted by TypedArray.prototype.set, which rounds to nearest even. `table` has
 * the derivatives.
 */
function compute(
  kernel: Kernel,
  dtype: DType,
  table: ArrayLike<number> | undefined,
  gradOutput: Elements | undefined,
  x: Elements,
  out: Elements,
  parameters: Parameters,
): void {
  for (let begin = 0; begin < x.length; begin += BLOCK) {
    const n = Math.min(BLOCK, x.length - begin);
    if (table === undefined) {
      load(values, dtype, x.subarray(begin, begin + n));
      if (dtype === 'float64') runWide(kernel, n, parameters);
      else kernel.narrow(values, n, parameters);
    } else {
      for (let i = 0; i < n; i++) values[i] = table[x[begin + i]];
    }
    if (gradOutput !== undefined) {
      load(grads, dtype, gradOutput.subarray(begin, begin + n));
      multiply(dtype, n);
    }
    // Engines differ in the sign and payload of NaN; this constant has one bit pattern.
    for (let i = 0; i < n; i++) if (values[i] !== values[i]) values[i] = Number.NaN;
    store(out.subarray(begin, begin + n), dtype, n);
  }
}

function runWide(kernel: Kernel, n: number, { beta, threshold }: Parameters): void {
  for (let i = 0; i < n; i++) values[i] = kernel.wide(values[i], beta, threshold);
}

// float32's derivative is a float32 result of its own; the product of two is exact in float64. In 16 bits what is too
// small for any finite gradient is zero: the formulas take -20 or -200 for the arguments below.
function multiply(dtype: DType, n: number): void {
  if (dtype === 'float32') for (let i = 0; i < n; i++) values[i] = Math.fround(values[i]) * grads[i];
  else if (dtype === 'float64') for (let i = 0; i < n; i++) values[i] *= grads[i];
  else for (let i = 0; i < n; i++) values[i] = (Math.abs(values[i]) < 2 ** -270 ? values[i] * 0 : values[i]) * grads[i];
}

function load(block: Float64Array, dtype: DType, x: Elements): void {
  if (x.BYTES_PER_ELEMENT !== 2) {
    block.set(x);
    return;
  }
  const table = valuesOf(dtype as SixteenBit);
  for (let i = 0; i < x.length; i++) block[i] = table[x[i]];
}

function store(out: Elements, dtype: DType, n: number): void {
  if (out.BYTES_PER_ELEMENT !== 2) out.set(n === BLOCK ? values : values.subarray(0, n));
  else if (dtype === 'float16') for (let i = 0; i < n; i++) out[i] = toFloat16(values[i]);
  else for (let i = 0; i < n; i++) out[i] = toBFloat16(values[i]);
}
