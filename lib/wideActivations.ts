// The activation functions over float64 arrays, off by less than 0.6 units in the last place: the operations of
// native/wide_activations.h in the same order, so that every double has the same bits. The derivations are there.

import { productError, productLow, quotientLow, sumError } from './pair.js';
import { exp, halfErfcx, log1p, rest } from './wide.js';

const TWO_POW_128 = 2 ** 128;
const TWO_POW_MINUS_128 = 2 ** -128;
const TWO_POW_256 = 2 ** 256;
const TWO_POW_MINUS_256 = 2 ** -256;

/** `y` with the sign of `x`; `x` where it is zero or NaN. */
function withSign(y: number, x: number): number {
  return x > 0 ? Math.abs(y) : x < 0 ? -Math.abs(y) : x;
}

/** `x / (1 + e^-w)`. */
function timesLogistic(x: number, w: number, wLow: number): number {
  const e = exp(-w, -wLow, -128);
  const eLow = rest[0] as number;
  const d = TWO_POW_MINUS_128 + e;
  const dLow = sumError(TWO_POW_MINUS_128, e, d) + eLow;
  const inverse = 1 / d;
  const n = x * TWO_POW_128;
  const y = n * inverse;
  return withSign((y + quotientLow(n, 0, d, dLow, inverse, y)) * TWO_POW_MINUS_256, x);
}

/** `x Phi(x)`. */
export function gelu(x: number): number {
  if (x > 9) return x;
  const magnitude = Math.abs(x);
  const a = magnitude > 38.7 ? 38.7 : magnitude;
  const b = a < 2 ** -200 ? 2 ** -200 : a;
  const b2 = b * b;
  const e = exp(b2 * -0.5, productError(b, b, b2) * -0.5, 256);
  const eLow = rest[0] as number;
  const r = halfErfcx(b);
  const p = e * r;
  const pLow = productLow(e, eLow, r, rest[0] as number, p);
  const tail = p * a;
  const tailLow = productError(p, a, tail) + pLow * a;
  const linear = x > 0 ? x * TWO_POW_256 : 0;
  const y = linear - tail;
  const yLow = -tail - (y - linear) - tailLow;
  return withSign((y + yLow) * TWO_POW_MINUS_256, x);
}

const TANH_C1_HIGH = 1.5957691216057308;
const TANH_C1_LOW = -9.96930880911092e-17;
const TANH_C3_HIGH = 0.07135481627260025;
const TANH_C3_LOW = -6.175149918155315e-19;

/** `x / (1 + e^-w)`, `w = 2 sqrt(2/pi) (x + 0.044715 x^3)`. */
export function geluTanh(x: number): number {
  if (x > 9) return x;
  const t = x < -21.6 ? -21.6 : x;
  const t2 = t * t;
  const cubic = t2 * TANH_C3_HIGH;
  const cubicLow = productLow(t2, productError(t, t, t2), TANH_C3_HIGH, TANH_C3_LOW, cubic);
  const v = TANH_C1_HIGH + cubic;
  const vLow = sumError(TANH_C1_HIGH, cubic, v) + (TANH_C1_LOW + cubicLow);
  const w = v * t;
  return timesLogistic(t, w, productError(v, t, w) + vLow * t);
}

/** `x / (1 + e^-x)`. */
export function silu(x: number): number {
  if (x > 50) return x;
  const bounded = x < -752 ? -752 : x;
  return timesLogistic(bounded, bounded, 0);
}

/** `x n / (n + 2)`, `n = e^x (e^x + 2)`. */
export function mish(x: number): number {
  if (x > 20) return x;
  const bounded = x < -752 ? -752 : x;
  const e = exp(bounded, 0, 128);
  const eLow = rest[0] as number;
  const unscaled = e * TWO_POW_MINUS_128;
  const f = 2 + unscaled;
  const fLow = sumError(2, unscaled, f) + eLow * TWO_POW_MINUS_128;
  const n = e * f;
  const nLow = productLow(e, eLow, f, fLow, n);
  const nUnscaled = n * TWO_POW_MINUS_128;
  const d = 2 + nUnscaled;
  const dLow = sumError(2, nUnscaled, d) + nLow * TWO_POW_MINUS_128;
  const p = n * bounded;
  const pLow = productError(n, bounded, p) + nLow * bounded;
  const inverse = 1 / d;
  const y = p * inverse;
  return withSign((y + quotientLow(p, pLow, d, dLow, inverse, y)) * TWO_POW_MINUS_128, x);
}

/** `2^256 ln(1 + e^t)` for -840 <= t <= 50; leaves the low part. */
function scaledSoftplus(t: number, tLow: number): number {
  const e = exp(-Math.abs(t), t < 0 ? tLow : -tLow, 256);
  const logarithm = log1p(e, rest[0] as number, TWO_POW_MINUS_256);
  const linear = (t > 0 ? t : 0) * TWO_POW_256;
  const linearLow = (t < 0 ? 0 : tLow) * TWO_POW_256;
  const y = linear + logarithm;
  rest[0] = sumError(linear, logarithm, y) + (linearLow + (rest[0] as number));
  return y;
}

/** `ln(1 + e^(beta x)) / beta`; x where `beta * x` exceeds the threshold. */
export function softplus(x: number, beta: number, threshold: number): number {
  const t = x * beta;
  if (t > (threshold < 50 ? threshold : 50)) return x;
  if (beta === 1) {
    const y = scaledSoftplus(t < -840 ? -840 : t, 0);
    return (y + (rest[0] as number)) * TWO_POW_MINUS_256;
  }
  if (t < -840) return 0 / beta;
  const magnitude = Math.abs(beta);
  if (magnitude >= 2 ** -500 && magnitude <= 2 ** 500) {
    const n = scaledSoftplus(t, productError(x, beta, t));
    const inverse = 1 / beta;
    const y = n * inverse;
    return (y + quotientLow(n, rest[0] as number, beta, 0, inverse, y)) * TWO_POW_MINUS_256;
  }
  const y = scaledSoftplus(t, 0);
  return ((y + (rest[0] as number)) * TWO_POW_MINUS_256) / beta;
}
