// The JavaScript fallback's loop: what native/kernel.h is to the native kernels.

import type { FloatArray } from './validate.js';

/** Softplus's parameters, as the kernels take them. */
export interface Parameters {
  readonly beta: number;
  readonly threshold: number;
}

/** A function, as both backends know it. */
export interface Kernel {
  /** Its name in the addon. */
  readonly name: string;
  /** `values[i] = f(values[i])` for i < n, to be rounded to a type of at most 24 bits. */
  narrow(values: Float64Array, n: number, parameters: Parameters): void;
  /** `f(x)` for float64 arrays. */
  wide(x: number, beta: number, threshold: number): number;
}

// Elements per turn: 8 KiB of doubles, which stay in the L1 cache.
const BLOCK = 1024;
const block = new Float64Array(BLOCK);

/** `out[i] = f(x[i])`. */
export function runKernel(kernel: Kernel, x: FloatArray, out: FloatArray, parameters: Parameters): void {
  if (x.BYTES_PER_ELEMENT === 8) runWide(kernel, x, out, parameters);
  else runNarrow(kernel, x, out, parameters);
}

function runWide(kernel: Kernel, x: FloatArray, out: FloatArray, { beta, threshold }: Parameters): void {
  for (let i = 0; i < x.length; i++) {
    const y = kernel.wide(x[i], beta, threshold);
    out[i] = y === y ? y : Number.NaN;
  }
}

// The block is widened and rounded by TypedArray.prototype.set, to nearest even; the formulas see only float64, so that
// their loops stay monomorphic, which is worth a factor of three in V8.
function runNarrow(kernel: Kernel, x: FloatArray, out: FloatArray, parameters: Parameters): void {
  for (let begin = 0; begin < x.length; begin += BLOCK) {
    const n = Math.min(BLOCK, x.length - begin);
    block.set(x.subarray(begin, begin + n));
    kernel.narrow(block, n, parameters);
    // Engines differ in the sign and payload of NaN; this constant has one bit pattern.
    for (let i = 0; i < n; i++) if (block[i] !== block[i]) block[i] = Number.NaN;
    out.set(n === BLOCK ? block : block.subarray(0, n), begin);
  }
}
