// The derivatives of the activation functions: one documented export each, and the two formulas that the JavaScript
// fallback computes, which do the operations of native/derivatives.h; the derivations are there.

import { isPreciseBeta, TANH_C1, TANH_C1_PIECES, TANH_C3, timesLogistic } from './activations.js';
import { applyBackward } from './apply.js';
import type { Kernel } from './kernel.js';
import { exp, expMinusOne, reducedExp, scale } from './math.js';
import {
  add,
  divide,
  fastAdd,
  fastPlus,
  fastSum,
  multiply,
  type Pair,
  plus,
  product,
  productError,
  quotient,
  scaled,
  sum,
  times,
} from './pair.js';
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
  type ExpPair,
  expPair,
  inSegments,
  minusOne,
  rest,
  scaledValue,
  TWO_POW_256,
  TWO_POW_MINUS_256,
} from './wide.js';
import { GELU_SLOPE } from './wideTables.js';

type Root = readonly [number, number, number];

const atMost = (x: number, limit: number): number => (limit < x ? limit : x);
const atLeast = (x: number, limit: number): number => (limit > x ? limit : x);

/** `root - a`, precise where it is small. */
const distanceFrom = (root: Root, a: number): number => root[0] - a + root[1];

function distancePairFrom(root: Root, a: number): Pair {
  const d = sum(root[0], -a);
  const e = fastSum(d.hi, root[1]);
  return { hi: e.hi, lo: e.lo + (d.lo + root[2]) };
}

/** `d` for x < 0, `1 - d` for x >= 0. */
const mirrored = (x: number, d: number): number => (x < 0 ? d : 1 - d);

/** The same, given 2^256 d. */
function mirroredPair(x: number, d: Pair): number {
  if (x < 0) return (d.hi + d.lo) * TWO_POW_MINUS_256;
  const s = fastSum(TWO_POW_256, -d.hi);
  return (s.hi + (s.lo - d.lo)) * TWO_POW_MINUS_256;
}

/** The series near 0, towards 0.5 where it would be a tie. */
function nearHalf(x: number, limit: number, c1: number, c3: number, c5: number, elsewhere: number): number {
  const size = Math.abs(x);
  if (!(size < limit)) return elsewhere;
  const x2 = x * x;
  const unit = size > 2 ** -27 && size < 2 ** -14 ? (x < 0 ? -(2 ** -53) : 2 ** -53) : 0;
  return x * ((x2 * c5 + c3) * x2 + c1) + 0.5 - unit;
}

/** `0.5 + 2 phi(0) x` next to 0. */
function nearZero(x: number, elsewhere: number): number {
  return Math.abs(x) < 2 ** -27 ? x * TANH_C1 * 0.5 + 0.5 : elsewhere;
}

/** `E u / (1 + E)^2`. */
function logisticSlope(e: number, u: number): number {
  const d = e + 1;
  return (e * u) / (d * d);
}

/** The same times 2^256, E = e0 e^t, which is at most 1. */
function logisticSlopePair(e: ExpPair, e0: Pair, u: Pair): Pair {
  const large = multiply(scaledValue(e), e0);
  const denominator = fastPlus(1, scaled(large, TWO_POW_MINUS_256));
  return divide(multiply(large, u), multiply(denominator, denominator));
}

/**
 * `gradOutput * gelu'(x)`, the derivative of {@link gelu} in the same form.
 *
 * @param gradOutput - An array of the type and length of `x`.
 * @param x - As gelu's.
 * @param options - As gelu's; `out` may be `x` or `gradOutput`.
 * @returns `out`, or a new array. float32: the rounded product with the correctly rounded derivative; the 16-bit types:
 * the product rounded once; float64: the rounded product with the derivative, which is off by less than 0.6 ULP.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function geluBackward<T extends ActivationInput>(gradOutput: T, x: T, options?: GeluOptions<T>): T {
  const { approximate, out, dtype } = optionsObject(options);
  return applyBackward(isTanh(approximate) ? geluTanhKernel : geluKernel, gradOutput, x, { out, dtype });
}

const GELU_ROOT = [0.7517915246935645, -1.4956759177009883e-17, -5.384040947833005e-34] as const;

function geluDerivative(x: number): number {
  const a = atMost(Math.abs(x), 20);
  const a2 = a * a;
  return nearZero(x, mirrored(x, exp(a2 * -0.5) * (distanceFrom(GELU_ROOT, a) * geluSlope(a, a2))));
}

/** `(R(a) - a / sqrt(2 pi)) / (root - a)`; `a2` is `a * a`. */
function geluSlope(a: number, a2: number): number {
  const pEven =
    (((8.995874407376134e-5 * a2 + 0.009688295877841879) * a2 + 0.2093990691547293) * a2 + 1.0585417478733783) * a2 +
    0.6650779951314341;
  const pOdd =
    (((3.251343859935664e-6 * a2 + 0.0011858449078131041) * a2 + 0.05375773817551084) * a2 + 0.5720062234220572) * a2 +
    1.2118930858473356;
  const qEven =
    (((0.0002193660977873742 * a2 + 0.02226964283246293) * a2 + 0.44563144610865774) * a2 + 1.9994581032078271) * a2 +
    1;
  const qOdd =
    (((8.149910450328079e-6 * a2 + 0.0028110984636602224) * a2 + 0.119296393290725) * a2 + 1.155712870799632) * a2 +
    2.0877950328923767;
  return (pOdd * a + pEven) / (qOdd * a + qEven);
}

function geluDerivativeWide(x: number): number {
  const a = atMost(Math.abs(x), 38.7);
  const e = expPair(product(a, a * -0.5));
  const g = { hi: inSegments(GELU_SLOPE, a), lo: rest[0] };
  return mirroredPair(x, multiply(scaledValue(e), multiply(distancePairFrom(GELU_ROOT, a), g)));
}

const geluKernel: Kernel = {
  name: 'geluBackward',
  quick: quickPath(32, false, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = geluDerivative(v[i]);
  },
  wide: geluDerivativeWide,
};

const TANH_ROOT = [0.7524614220710163, -3.635560509207687e-17, 2.5415595389660457e-33] as const;
const TANH_ROOT_SQUARED = { hi: 0.5661981917051361, lo: -4.279036294789613e-18 };
const TANH_E0 = { hi: 0.29195521191476714, lo: -8.582607951729513e-18 };
const TANH_E0_NUDGED = 0.29195521191476687;

function geluTanhDerivative(x: number): number {
  const a = atMost(Math.abs(x), 14);
  const r = distanceFrom(TANH_ROOT, a);
  const q = (a * (a + TANH_ROOT[0]) + TANH_ROOT_SQUARED.hi) * TANH_C3.hi;
  const slope = q + TANH_C1;
  const m = reducedExp(r * slope);
  const e = (m + 1) * scale[0] * TANH_E0.hi;
  const u = expMinusOne(m, scale[0]) * TANH_E0_NUDGED + r * (slope + (q + q));
  return nearZero(x, mirrored(x, logisticSlope(e, u)));
}

function geluTanhDerivativeWide(x: number): number {
  const a = atMost(Math.abs(x), 21.6);
  const r = distancePairFrom(TANH_ROOT, a);
  const root = { hi: TANH_ROOT[0], lo: TANH_ROOT[1] };
  const squares = add(product(a, a), add(times(root, a), TANH_ROOT_SQUARED));
  const q = multiply(squares, TANH_C3);
  const slope = fastAdd(TANH_C1_PIECES, q);
  const e = expPair(multiply(r, slope));
  const u = fastAdd(multiply(r, add(slope, scaled(q, 2))), multiply(minusOne(e), TANH_E0));
  return mirroredPair(x, logisticSlopePair(e, TANH_E0, u));
}

const geluTanhKernel: Kernel = {
  name: 'geluTanhBackward',
  quick: quickPath(32, false, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = geluTanhDerivative(v[i]);
  },
  wide: geluTanhDerivativeWide,
};

/**
 * `gradOutput * silu'(x)`, the derivative of {@link silu}.
 *
 * @param gradOutput - An array of the type and length of `x`.
 * @param x - As silu's.
 * @param options - As silu's; `out` may be `x` or `gradOutput`.
 * @returns As {@link geluBackward}.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function siluBackward<T extends ActivationInput>(gradOutput: T, x: T, options?: ActivationOptions<T>): T {
  const { out, dtype } = optionsObject(options);
  return applyBackward(siluKernel, gradOutput, x, { out, dtype });
}

/** {@link siluBackward} by its other name. */
export const swishBackward = siluBackward;

const SILU_ROOT = [1.2784645427610737, 1.0946994183093437e-16, 3.907766676128665e-33] as const;
const SILU_E0 = { hi: 0.2784645427610738, lo: -1.5523606315812798e-18 };

function siluDerivative(x: number): number {
  const r = distanceFrom(SILU_ROOT, atMost(Math.abs(x), 200));
  const m = reducedExp(r);
  const e = (m + 1) * scale[0] * SILU_E0.hi;
  return nearHalf(
    x,
    2 ** -8,
    0.5,
    -1 / 12,
    1 / 80,
    mirrored(x, logisticSlope(e, expMinusOne(m, scale[0]) * SILU_E0.hi + r)),
  );
}

function siluDerivativeWide(x: number): number {
  const r = distancePairFrom(SILU_ROOT, atMost(Math.abs(x), 760));
  const e = expPair(r);
  return mirroredPair(x, logisticSlopePair(e, SILU_E0, fastAdd(r, multiply(minusOne(e), SILU_E0))));
}

const siluKernel: Kernel = {
  name: 'siluBackward',
  quick: quickPath(8, false, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = siluDerivative(v[i]);
  },
  wide: siluDerivativeWide,
};

/**
 * `gradOutput * mish'(x)`, the derivative of {@link mish}.
 *
 * @param gradOutput - An array of the type and length of `x`.
 * @param x - As mish's.
 * @param options - As mish's; `out` may be `x` or `gradOutput`.
 * @returns As {@link geluBackward}.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function mishBackward<T extends ActivationInput>(gradOutput: T, x: T, options?: ActivationOptions<T>): T {
  const { out, dtype } = optionsObject(options);
  return applyBackward(mishKernel, gradOutput, x, { out, dtype });
}

const MISH_ROOT = [-1.1924312145154952, -4.8484829848031044e-17, -1.898915114090381e-33] as const;
const MISH_E0 = { hi: 0.3034825352815289, lo: 1.981117434764409e-17 };
const MISH_A = { hi: 4.303482535281529, lo: -2.0223343057738722e-16 };
const MISH_B = { hi: 2.536306932285039, lo: 2.0040087774557082e-16 };

function mishDerivative(x: number): number {
  const r = -distanceFrom(MISH_ROOT, atMost(atLeast(x, -200), 40));
  const m = reducedExp(r);
  const e = (m + 1) * scale[0] * MISH_E0.hi;
  const w = expMinusOne(m, scale[0]) * MISH_E0.hi * ((e + MISH_A.hi) * e + MISH_B.hi) + r * 4 * (e + 1);
  const d = (e + 2) * e + 2;
  return (e * w) / (d * d);
}

function mishDerivativeWide(x: number): number {
  const distance = distancePairFrom(MISH_ROOT, atMost(atLeast(x, -760), 30));
  const r = { hi: -distance.hi, lo: -distance.lo };
  const t = expPair(r);
  const large = multiply(scaledValue(t), MISH_E0);
  const e = scaled(large, TWO_POW_MINUS_256);
  const quadratic = add(multiply(add(e, MISH_A), e), MISH_B);
  const w = add(multiply(multiply(minusOne(t), MISH_E0), quadratic), multiply(r, scaled(plus(1, e), 4)));
  const d = plus(2, multiply(plus(2, e), e));
  const n = multiply(large, w);
  const squared = multiply(d, d);
  return quotient(n.hi, n.lo, squared.hi, squared.lo) * TWO_POW_MINUS_256;
}

const mishKernel: Kernel = {
  name: 'mishBackward',
  quick: quickPath(8, false, -0),
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = mishDerivative(v[i]);
  },
  wide: mishDerivativeWide,
};

/**
 * `gradOutput * softplus'(x)`, the derivative of {@link softplus}: 1 where `beta x > threshold`.
 *
 * @param gradOutput - An array of the type and length of `x`.
 * @param x - As softplus'.
 * @param options - As softplus'; `out` may be `x` or `gradOutput`.
 * @returns As {@link geluBackward}; for a `beta` other than 1 the derivative is off by at most 1 ULP, in
 * float64 if the magnitude of `beta` is from 2^-480 to 2^480.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; RangeError `ERR_OUT_OF_RANGE`.
 */
export function softplusBackward<T extends ActivationInput>(gradOutput: T, x: T, options?: SoftplusOptions<T>): T {
  const { beta, threshold, out, dtype } = optionsObject(options);
  return applyBackward(softplusKernel, gradOutput, x, { out, dtype }, softplusParameters(beta, threshold));
}

function softplusDerivative(x: number, beta: number, threshold: number): number {
  const t = x * beta;
  if (threshold < t) return 1;
  const e = exp(atMost(atLeast(t, -200), 200));
  return nearHalf(t, 2 ** -10, 0.25, -1 / 48, 1 / 480, e / (e + 1));
}

function softplusDerivativeWide(x: number, beta: number, threshold: number): number {
  const t = x * beta;
  if (t > (threshold < 50 ? threshold : 50)) return 1;
  const exact = beta !== 1 && isPreciseBeta(beta) && !(t < -752);
  return timesLogistic(1, -atLeast(t, -752), exact ? -productError(x, beta, t) : 0);
}

const softplusKernel: Kernel = {
  name: 'softplusBackward',
  quick: quickPath(8, false, 0),
  narrow(v, n, { beta, threshold }) {
    for (let i = 0; i < n; i++) v[i] = softplusDerivative(v[i], beta, threshold);
  },
  wide: softplusDerivativeWide,
};
