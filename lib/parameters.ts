// The parameters of the functions, from the options: the same for a function and its derivative.

import type { Parameters } from './kernel.js';
import { type DType, number, oneOf } from './validate.js';

/** Whether GELU's option `approximate` asks for the tanh form. */
export function isTanh(approximate: unknown = 'none'): boolean {
  return oneOf('options.approximate', approximate, ['none', 'tanh']) === 'tanh';
}

/** Softplus's, for an array's type. float32 and the 16-bit types are computed with float32 parameters, as in PyTorch. */
export function softplusParameters(beta: unknown = 1, threshold: unknown = 20): (dtype: DType) => Parameters {
  const given = { beta: number('options.beta', beta), threshold: number('options.threshold', threshold) };
  return (dtype) =>
    dtype === 'float64' ? given : { beta: Math.fround(given.beta), threshold: exactThreshold(given.threshold) };
}

/**
 * The double t for which `p > t` says of an exact product p what `fround(p) > fround(threshold)` says: the midpoint of
 * the float32 threshold and its successor or, if a tie goes to the successor, the double below.
 */
function exactThreshold(threshold: number): number {
  const float = Math.fround(threshold);
  if (Number.isNaN(float) || float === Number.POSITIVE_INFINITY) return float;
  const [below, isEven] =
    float === Number.NEGATIVE_INFINITY ? [-(2 ** 128), true] : [float, floatBits(float) % 2 === 0];
  const above = nextFloat(below);
  const midpoint = below + (above - below) / 2;
  if (isEven) return midpoint;
  const bits = new BigInt64Array(Float64Array.of(midpoint).buffer);
  bits[0] += midpoint < 0 ? 1n : -1n;
  return new Float64Array(bits.buffer)[0];
}

const floatBits = (x: number): number => new Int32Array(Float32Array.of(x).buffer)[0];

/** The float32 number after `x`, where infinity counts as 2^128. */
function nextFloat(x: number): number {
  if (x === 0) return 2 ** -149;
  if (x === -(2 ** 128)) return -(2 ** 128 - 2 ** 104);
  if (x === 2 ** 128 - 2 ** 104) return 2 ** 128;
  return new Float32Array(Int32Array.of(floatBits(x) + (x < 0 ? -1 : 1)).buffer)[0];
}
