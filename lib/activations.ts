// The activation functions: one documented export each, and the two formulas that the JavaScript fallback computes.
//
// The formulas do the operations of native/activations.h in the same order, over single doubles, and get the same bits;
// the derivations are there. What differs is written so that V8 compiles no branch that depends on the sign of the data,
// which it would mispredict half of the time: max(x, 0) is (x + |x|) / 2, and the sign of zero is restored only where it
// can be lost. For most float32 arrays it is quick.ts that computes, with polynomials made from these formulas.

import { apply } from './apply.js';
import type { Kernel } from './kernel.js';
import { exp, halfErfcx, log1p } from './math.js';
import { productError, productLow, quotient, sumError } from './pair.js';
import { isTanh, softplusParameters } from './parameters.js';
import { quickPath } from './quick.js';
import {
  type ActivationInput,
  type ActivationOptions,
  type GeluOptions,
  optionsObject,
  type SoftplusOptions,
} from './validate.js';
import {
  expWide,
  inSegments,
  log1pWide,
  onePlusExp,
  rest,
  TWO_POW_256,
  TWO_POW_MINUS_128,
  TWO_POW_MINUS_256,
} from './wide.js';
import { HALF_ERFCX } from './wideTables.js';

// Where x is an odd float32 subnormal, x/2 is a tie, which the next, positive term of the series decides. It is far
// below the last bit of a double; this stands in for it, invisible to all other results.
const TIE_BREAK = 2 ** -178;
const HALVED_BELOW = 2 ** -125;

/** Of the functions that are x/2 + c x^2 + ..., c > 0, for |x| < HALVED_BELOW. */
function halved(x: number): number {
  const magnitude = Math.abs(x * 0.5 + TIE_BREAK);
  return x < 0 || Object.is(x, -0) ? -magnitude : magnitude;
}

/** `max(x, 0)` for x > -Infinity. */
const positivePart = (x: number): number => (x + Math.abs(x)) * 0.5;

const TWO_POW_128 = 2 ** 128;
const TWO_POW_129 = 2 ** 129;
const TWO_POW_257 = 2 ** 257;

/** `x / (1 + e^t)`. */
export function timesLogistic(x: number, t: number, tLow: number): number {
  const d = onePlusExp(t, tLow);
  return quotient(x, 0, d, rest[0]) * TWO_POW_MINUS_128;
}

/**
 * GELU, the Gaussian error linear unit: `x Phi(x)`, Phi being the standard normal distribution function; or, with
 * `approximate: 'tanh'`, `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`. As torch.nn.functional.gelu.
 *
 * @param x - A Float32Array, Float64Array, Float16Array or, with `dtype`, Uint16Array of any length; or a tensor.
 * @param options - `approximate`: `'none'` (default) or `'tanh'`; `out`: where the result goes; `dtype`: for a Uint16Array.
 * @returns `out`, or a new array of the type and length of `x`. The correctly rounded values;
 * float64: off by less than 0.6 ULP. -0 for -Infinity, NaN for NaN.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function gelu<T extends ActivationInput>(x: T, options?: GeluOptions<T>): T {
  const { approximate, out, dtype } = optionsObject(options);
  return apply(isTanh(approximate) ? geluTanhKernel : geluKernel, x, { out, dtype });
}

/** x Phi(x) = max(x, 0) - a Phi(-a), a = |x|; Phi(-a) = e^(-a^2/2) R(a). */
function geluOf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < HALVED_BELOW) return halved(x);
  const a = 14.6 < magnitude ? 14.6 : magnitude;
  const a2 = a * a;
  const tail = a * (exp(a2 * -0.5) * halfErfcx(a, a2));
  return positivePart(-15 > x ? -15 : x) - tail;
}

function geluWide(x: number): number {
  if (x > 9) return x;
  const magnitude = Math.abs(x);
  const a = magnitude > 38.7 ? 38.7 : magnitude;
  const halfA = a * -0.5;
  const halfSquare = a * halfA;
  const e = expWide(halfSquare, productError(a, halfA, halfSquare), 256);
  const eLow = rest[0];
  const r = inSegments(HALF_ERFCX, a);
  const p = e * r;
  const pLow = productLow(e, eLow, r, rest[0], p);
  const tail = p * a;
  const tailLow = productError(p, a, tail) + pLow * a;
  const linear = (x < 0 ? 0 : x) * TWO_POW_256;
  const y = linear - tail;
  const yLow = -tail - (y - linear) - tailLow;
  return (y + yLow) * TWO_POW_MINUS_256;
}

// Each loop is spelled out: V8 inlines a formula into a loop of its own, and calls it from a loop that is shared.
const geluKernel: Kernel = {
  name: 'gelu',
  quick: quickPath(32, true, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = geluOf(v[i]);
  },
  wide: geluWide,
};

/** `2 sqrt(2/pi)`, the same with a short first piece, and its product with 0.044715. */
export const TANH_C1 = 1.5957691216057308;
export const TANH_C1_PIECES = { hi: 1.5957691216057341, lo: -3.430362161966579e-15 };
export const TANH_C3 = { hi: 0.07135481627260025, lo: -6.175149918155315e-19 };

/** x e^w / (e^w + 1), w = 2 sqrt(2/pi) (x + 0.044715 x^3). */
function geluTanhOf(x: number): number {
  if (Math.abs(x) < HALVED_BELOW) return halved(x);
  const bounded = -14 > x ? -14 : x;
  const t = 14 < bounded ? 14 : bounded;
  const e = exp(t * (t * t * TANH_C3.hi + TANH_C1));
  return bounded * (e / (e + 1));
}

function geluTanhWide(x: number): number {
  if (x > 9) return x;
  const t = x < -21.6 ? -21.6 : x;
  const t2 = t * t;
  const cubic = t2 * TANH_C3.hi;
  const cubicLow = productLow(t2, productError(t, t, t2), TANH_C3.hi, TANH_C3.lo, cubic);
  const v = TANH_C1_PIECES.hi + cubic;
  const vLow = cubic - (v - TANH_C1_PIECES.hi) + (TANH_C1_PIECES.lo + cubicLow);
  const minusW = v * -t;
  return timesLogistic(t, minusW, productError(v, -t, minusW) + vLow * -t);
}

const geluTanhKernel: Kernel = {
  name: 'geluTanh',
  quick: quickPath(32, true, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = geluTanhOf(v[i]);
  },
  wide: geluTanhWide,
};

/**
 * SiLU, the sigmoid linear unit, also called Swish: `x / (1 + e^-x)`. As torch.nn.functional.silu.
 *
 * @param x - A Float32Array, Float64Array, Float16Array or, with `dtype`, Uint16Array of any length; or a tensor.
 * @param options - `out`: where the result goes; `dtype`: for a Uint16Array.
 * @returns `out`, or a new array of the type and length of `x`. The correctly rounded values;
 * float64: off by less than 0.6 ULP. -0 for -Infinity, NaN for NaN.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function silu<T extends ActivationInput>(x: T, options?: ActivationOptions<T>): T {
  const { out, dtype } = optionsObject(options);
  return apply(siluKernel, x, { out, dtype });
}

/** {@link silu} by its other name. */
export const swish = silu;

/** x / (1 + e^-x). */
function siluOf(x: number): number {
  if (Math.abs(x) < HALVED_BELOW) return halved(x);
  const bounded = -200 > x ? -200 : x;
  return bounded / (exp(-(200 < bounded ? 200 : bounded)) + 1);
}

function siluWide(x: number): number {
  if (x > 50) return x;
  const bounded = x < -752 ? -752 : x;
  return timesLogistic(bounded, -bounded, 0);
}

const siluKernel: Kernel = {
  name: 'silu',
  quick: quickPath(8, true, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = siluOf(v[i]);
  },
  wide: siluWide,
};

/**
 * Mish: `x tanh(ln(1 + e^x))`. As torch.nn.functional.mish.
 *
 * @param x - A Float32Array, Float64Array, Float16Array or, with `dtype`, Uint16Array of any length; or a tensor.
 * @param options - `out`: where the result goes; `dtype`: for a Uint16Array.
 * @returns `out`, or a new array of the type and length of `x`. The correctly rounded values;
 * float64: off by less than 0.6 ULP. -0 for -Infinity, NaN for NaN.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function mish<T extends ActivationInput>(x: T, options?: ActivationOptions<T>): T {
  const { out, dtype } = optionsObject(options);
  return apply(mishKernel, x, { out, dtype });
}

/** x n / (n + 2), n = e^x (e^x + 2). */
function mishOf(x: number): number {
  const bounded = -200 > x ? -200 : x;
  const e = exp(40 < bounded ? 40 : bounded);
  const n = e * (e + 2);
  return (bounded * n) / (n + 2);
}

function mishWide(x: number): number {
  if (x > 20) return x;
  const bounded = x < -752 ? -752 : x;
  const e = expWide(bounded, 0, 128);
  const eLow = rest[0];
  const f = TWO_POW_129 + e;
  const fLow = e - (f - TWO_POW_129) + eLow;
  const n = e * f; // times 2^256
  const nLow = productLow(e, eLow, f, fLow, n);
  const d = TWO_POW_257 + n;
  const dLow = sumError(TWO_POW_257, n, d) + nLow;
  const scaled = bounded * TWO_POW_128;
  const p = n * scaled;
  const pLow = productError(n, scaled, p) + nLow * scaled;
  return quotient(p, pLow, d, dLow) * TWO_POW_MINUS_128;
}

const mishKernel: Kernel = {
  name: 'mish',
  quick: quickPath(8, true, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = mishOf(v[i]);
  },
  wide: mishWide,
};

/**
 * Softplus: `ln(1 + e^(beta x)) / beta`, and `x` where `beta x > threshold`. As torch.nn.functional.softplus.
 *
 * @param x - A Float32Array, Float64Array, Float16Array or, with `dtype`, Uint16Array of any length; or a tensor.
 * @param options - `beta`: default 1; `threshold`: default 20; `out`: where the result goes; `dtype`: for a Uint16Array. Any numbers are taken, and
 * do what the formula says: a negative beta mirrors the function, 0 gives infinities, NaN gives NaN.
 * @returns `out`, or a new array of the type and length of `x`. With beta 1, float32: the correctly rounded values;
 * float64: off by less than 0.6 ULP. 0 for -Infinity, NaN for NaN.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function softplus<T extends ActivationInput>(x: T, options?: SoftplusOptions<T>): T {
  const { beta, threshold, out, dtype } = optionsObject(options);
  return apply(softplusKernel, x, { out, dtype }, softplusParameters(beta, threshold));
}

/** (max(t, 0) + ln(1 + e^-|t|)) / beta, t = beta x; x where t > threshold. */
function softplusOf(x: number, beta: number, threshold: number): number {
  const t = x * beta;
  if (threshold < t) return x;
  const magnitude = Math.abs(t);
  const y = positivePart(-200 > t ? -200 : t) + log1p(exp(-(200 < magnitude ? 200 : magnitude)));
  return beta === 1 ? y : y / beta;
}

/**
 * Whether float64 results are within an ULP; native/activations.h says why.
 * @internal
 */
export const isPreciseBeta = (beta: number): boolean => Math.abs(beta) >= 2 ** -480 && Math.abs(beta) <= 2 ** 480;

const TWO_POW_MINUS_550 = 2 ** -550;
const FAR = -30;

/** `ln(1 + e^t)` for -1080 <= t <= 50, times 2^550 below -30; leaves the low part. */
function softplusOfPair(t: number, tLow: number): number {
  const size = -Math.abs(t);
  const sizeLow = t < 0 ? tLow : -tLow;
  if (t < FAR) {
    const scaled = expWide(size, sizeLow, 550);
    rest[0] -= scaled * (scaled * TWO_POW_MINUS_550 * 0.5);
    return scaled;
  }
  const e = expWide(size, sizeLow, 0);
  const logarithm = log1pWide(e, rest[0]);
  const linear = t > 0 ? t : 0;
  const linearLow = t < 0 ? 0 : tLow;
  const y = linear + logarithm;
  rest[0] = sumError(linear, logarithm, y) + (linearLow + rest[0]);
  return y;
}

function softplusWide(x: number, beta: number, threshold: number): number {
  const t = x * beta;
  if (t > (threshold < 50 ? threshold : 50)) return x;
  if (t < -1080 && beta !== 1) return 0 / beta;
  const unit = t < FAR ? TWO_POW_MINUS_550 : 1;
  if (beta === 1) {
    const y = softplusOfPair(t < -1080 ? -1080 : t, 0);
    return (y + rest[0]) * unit;
  }
  if (isPreciseBeta(beta)) {
    const n = softplusOfPair(t, productError(x, beta, t));
    return quotient(n, rest[0], beta, 0) * unit;
  }
  const y = softplusOfPair(t, 0);
  return ((y + rest[0]) * unit) / beta;
}

const softplusKernel: Kernel = {
  name: 'softplus',
  quick: quickPath(8, false, 0),
  narrow(v, n, { beta, threshold }) {
    for (let i = 0; i < n; i++) v[i] = softplusOf(v[i], beta, threshold);
  },
  wide: softplusWide,
};
