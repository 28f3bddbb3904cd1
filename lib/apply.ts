// What all functions do around their formula.

import { run } from './backend.js';
import type { Kernel, Parameters } from './kernel.js';
import { assertOut, type DType, dtypeOf, type FloatArray } from './validate.js';

/** `f(x)` in `out` or a new array. `parameters` makes the kernel's from the array's type. */
export function apply<T extends FloatArray>(
  kernel: Kernel,
  x: T,
  out: T | undefined,
  parameters: (dtype: DType) => Parameters,
): T {
  const dtype = dtypeOf('x', x);
  if (out !== undefined) assertOut(out, x, dtype);
  const result = out ?? (new CONSTRUCTORS[dtype](x.length) as T);
  run(kernel, x, result, dtype, parameters(dtype));
  return result;
}

const CONSTRUCTORS = { float32: Float32Array, float64: Float64Array };
