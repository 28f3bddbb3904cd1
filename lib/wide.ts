// The elementary functions behind the formulas of activations.ts and derivatives.ts: the operations of native/wide.h in the
// same order, so that every double has the same bits. The derivations and error bounds are there.

import { LN2_HIGH, LN2_LOW, LOG2_E, powerOf2 } from './math.js';
import { fastAdd, fastSum, type Pair, product, productError } from './pair.js';

/** Adding this to |t| < 2^47 rounds t to a multiple of 1/16. */
const ROUND_TO_SIXTEENTH = 422212465065984; // 0x1.8p48
const PLACE_OF_0 = ROUND_TO_SIXTEENTH - 0.9375;

const POWERS = Float64Array.of(
  1,
  1.0442737824274138,
  1.0905077326652577,
  1.1387886347566916,
  1.189207115002721,
  1.241857812073484,
  1.2968395546510096,
  1.3542555469368927,
  1.4142135623730951,
  1.4768261459394993,
  1.5422108254079407,
  1.6104903319492543,
  1.681792830507429,
  1.7562521603732995,
  1.8340080864093424,
  1.9152065613971474,
);

const CORRECTIONS = Float64Array.of(
  0,
  8.189317638195514e-17,
  -2.7939114859515733e-17,
  7.826573258636076e-17,
  3.3484623336251524e-17,
  3.750854201303127e-17,
  1.9572585293112036e-17,
  5.68648095791174e-17,
  -6.835808657661923e-17,
  -2.3591094770850053e-17,
  5.1548301170786783e-17,
  1.5341410053603723e-17,
  4.875160526227062e-17,
  1.685487290628973e-17,
  1.790126907604513e-17,
  -5.5450656186394274e-17,
);

const EXP = Float64Array.of(
  0.5000000000000001,
  0.16666666666666669,
  0.04166666666359425,
  0.008333333332991954,
  0.001388906347556763,
  0.00019841463826261545,
);

const INVERSES = Float64Array.of(
  1,
  0.9375,
  0.8828125,
  0.8330078125,
  0.7890625,
  0.75,
  0.7138671875,
  0.681640625,
  0.65234375,
  0.625,
  0.599609375,
  0.5771484375,
  0.5556640625,
  0.5361328125,
  0.517578125,
  0.50390625,
);

const LOG_HIGHS = Float64Array.of(
  0,
  0.06453852113757118,
  0.1246424452072766,
  0.18271225810777397,
  0.2369097470783577,
  0.2876820724517809,
  0.3370583458496746,
  0.3832527028370806,
  0.42718363206280735,
  0.4700036292457356,
  0.5114768774523106,
  0.5496557881933549,
  0.5875913714731221,
  0.6233733640899225,
  0.6585947990532856,
  0.6853650401178903,
);

const LOG_LOWS = Float64Array.of(
  0,
  -6.470486661692933e-18,
  -5.808912678940971e-18,
  3.529610299029076e-18,
  1.9682402978398164e-18,
  2.607160616442564e-17,
  5.608107252068328e-19,
  -6.129077370789212e-18,
  1.7851087862331565e-17,
  -2.3229412495470032e-17,
  1.3219845396055863e-18,
  -2.5669587981906684e-17,
  4.7177780257358175e-17,
  -3.662331808721347e-17,
  2.4849574516590868e-17,
  1.5397031675690708e-17,
);

const LOG1P = Float64Array.of(
  -0.5,
  0.33333333333333226,
  -0.249999999999999,
  0.20000000003142174,
  -0.16666666669547062,
  0.14285700176417937,
  -0.12499987066193378,
  0.11131379805967254,
  -0.10018579949723838,
);

/** Where the functions below leave what they cannot return: the low part of the result. */
export const rest = new Float64Array(1);

/** `c[0] + c[1] x + c[2] x^2 + ...`; `x2` is `x * x`. */
function polynomial(x: number, x2: number, c: Float64Array): number {
  const n = c.length;
  let even = c[(n - 1) & ~1];
  for (let i = ((n - 1) & ~1) - 2; i >= 0; i -= 2) even = even * x2 + c[i];
  let odd = c[(n - 2) | 1];
  for (let i = ((n - 2) | 1) - 2; i >= 1; i -= 2) odd = odd * x2 + c[i];
  return odd * x + even;
}

/** Sixteenths of an octave: 16 k + j in e^t = 2^k 2^(j/16) (1 + growth), for |t| <= 1400. */
const sixteenthsOf = (t: number): number => (t * LOG2_E + ROUND_TO_SIXTEENTH - ROUND_TO_SIXTEENTH) * 16;

/** `growth`; leaves its low part. `n` is sixteenthsOf(t). */
function growth(t: number, tLow: number, n: number): number {
  const steps = n / 16;
  const high = t - steps * LN2_HIGH;
  const low = steps * LN2_LOW - CORRECTIONS[n & 15] - tLow;
  const r = high - low;
  const r2 = r * r;
  const others = r2 * polynomial(r, r2, EXP);
  const sum = r + others;
  rest[0] = others - (sum - r) + (high - r - low);
  return sum;
}

/** `2^shift 2^k 2^(j/16)`. */
const powerOf = (n: number, shift: number): number => POWERS[n & 15] * powerOf2((n >> 4) + shift);

/** `2^shift e^t` for |t| <= 1400. */
export function expWide(t: number, tLow: number, shift: number): number {
  const n = sixteenthsOf(t);
  const power = powerOf(n, shift);
  const others = power * growth(t, tLow, n);
  const value = power + others;
  rest[0] = others - (value - power);
  return value;
}

export const TWO_POW_256 = 2 ** 256;
export const TWO_POW_MINUS_128 = 2 ** -128;
export const TWO_POW_MINUS_256 = 2 ** -256;

/** `2^-128 (1 + e^t)` for |t| <= 1400. */
export function onePlusExp(t: number, tLow: number): number {
  const n = sixteenthsOf(t);
  const power = powerOf(n, -128);
  const more = power * growth(t, tLow, n);
  const larger = power > TWO_POW_MINUS_128 ? power : TWO_POW_MINUS_128;
  const smaller = power > TWO_POW_MINUS_128 ? TWO_POW_MINUS_128 : power;
  const value = larger + smaller + more;
  rest[0] = more - (value - larger - smaller);
  return value;
}

/** `2^256 e^t` as `power (1 + growth)`. */
export interface ExpPair {
  readonly growth: Pair;
  readonly power: number;
}

/** For |t| <= 1400. */
export function expPair(t: Pair): ExpPair {
  const n = sixteenthsOf(t.hi);
  const hi = growth(t.hi, t.lo, n);
  return { growth: { hi, lo: rest[0] }, power: powerOf(n, 256) };
}

/** `2^256 e^t`. */
export function scaledValue({ growth, power }: ExpPair): Pair {
  return fastSum(power, power * growth.hi);
}

const TWO_POW_156 = 2 ** 156;

/** `e^t - 1` for t <= 36. */
export function minusOne({ growth, power }: ExpPair): Pair {
  const unscaled = (power < TWO_POW_156 ? TWO_POW_156 : power) * TWO_POW_MINUS_256;
  const p = fastAdd(fastSum(-1, unscaled), product(unscaled, growth.hi));
  return { hi: p.hi, lo: p.lo + unscaled * growth.lo };
}

/** `ln(1 + e)` for 0 <= e <= 1. */
export function log1pWide(e: number, eLow: number): number {
  const y = 1 + e;
  const yLow = e - (y - 1) + eLow;
  const place = ((y * 0.9375 + PLACE_OF_0 - ROUND_TO_SIXTEENTH) * 16) & 15;
  const c = INVERSES[place];
  const cy = c * y;
  const r = cy - 1;
  const cyLow = productError(c, y, cy) + c * yLow;
  const r2 = r * r;
  const high = LOG_HIGHS[place];
  const sum = high + r;
  rest[0] = r - (sum - high) + (LOG_LOWS[place] + (cyLow - r * cyLow)) + r2 * polynomial(r, r2, LOG1P);
  return sum;
}

const SEGMENT_SCALE = 0.3875967990705946;

/** The function of a table (wideTables.ts) at 0 <= a <= 38.7; leaves the low part. */
export function inSegments(table: Float64Array, a: number): number {
  // By the last two bits of v's exponent and the first two of its fraction.
  const v = a * SEGMENT_SCALE + 1;
  const exponent = 31 - Math.clz32(v);
  const i = ((((exponent + 3) & 3) << 2) + (((v * 4) / (1 << exponent)) & 3)) << 4;
  const center = table[i];
  const d = a - center;
  const dLow = a - (d + center);
  const d2 = d * d;
  let even = table[i + 15];
  let odd = table[i + 14];
  for (let k = i + 12; k > i + 2; k -= 2) {
    even = even * d2 + table[k + 1];
    odd = odd * d2 + table[k];
  }
  even = even * d2 + table[i + 3];
  const bend = d * (odd * d + even);
  const first = table[i + 2];
  const slope = first + bend;
  const slopeLow = bend - (slope - first);
  const step = slope * d;
  const stepLow = productError(slope, d, step) + slopeLow * d;
  const constant = table[i + 1];
  const y = constant + step;
  rest[0] = step - (y - constant) + (stepLow + dLow * (slope + bend));
  return y;
}
