// The elementary functions behind the formulas of activations.ts: the operations of native/wide.h in the same
// order, so that every double has the same bits. The derivations and error bounds are there.

import { LOG2_E, powerOf2, ROUND_TO_INTEGER } from './math.js';
import { fastSum, type Pair, plus, productError, productLow, quotientLow, scaled, sumError } from './pair.js';

const LN2_HIGH = 0.6931471805598903;
const LN2_LOW = 5.497923018708371e-14;

const EXP = Float64Array.of(
  0.16666666666666669,
  0.041666666666666664,
  0.008333333333330062,
  0.0013888888888886552,
  0.00019841269863053618,
  2.4801587317144498e-5,
  2.7557268459997064e-6,
  2.755728296954995e-7,
  2.510038549551032e-8,
  2.0911236630261545e-9,
);

const LOG1P = Float64Array.of(
  0.19999999999999762,
  0.1428571428580005,
  0.11111111099118386,
  0.09090909948981357,
  0.07692271982430275,
  0.06667589315724629,
  0.05867139530651599,
  0.05422589197440007,
  0.03746071897775383,
  0.07815288900461426,
);

const LOG1P_0_HIGH = 0.3333333333333333;
const LOG1P_0_LOW = 1.960036171071791e-17;

const HALF_ERFCX_HEAD = Float64Array.of(
  0.7671096482657381,
  -4.949671578091225e-17,
  3.259802798223124,
  -4.372030013926154e-17,
  8.636778063638074,
  7.033945537174107e-16,
  9.478769986332688,
  4.890715851795736e-16,
);

const HALF_ERFCX = Float64Array.of(
  -16.70347859443246,
  -49.90856198853505,
  70.66905301472553,
  244.13958057555783,
  -567.567302271369,
  -960.1209117806982,
  4999.184346393772,
  -1032.0623514376541,
  -34907.70516871993,
  78317.55294473551,
  104332.63104441743,
  -897042.4911491319,
  1430178.0201425795,
  3918515.999675568,
  -24378064.381082054,
  38795736.24703987,
  115856681.07040717,
  -796795384.9541982,
  1267376862.6257734,
  4868981147.591111,
  -23485014542.465458,
  7877326279.987823,
  122661293968.91838,
  -192404190443.1917,
);

/** Where the functions below leave what they cannot return: the low part of the result, and e^t's exponent. */
export const rest = new Float64Array(2);
const LOW = 0;
const EXPONENT = 1;

/** `c[0] + c[1] x + c[2] x^2 + ...`; `x2` is `x * x`. */
function polynomial(x: number, x2: number, c: Float64Array): number {
  const n = c.length;
  let even = c[(n - 1) & ~1];
  for (let i = ((n - 1) & ~1) - 2; i >= 0; i -= 2) even = even * x2 + c[i];
  let odd = c[(n - 2) | 1];
  for (let i = ((n - 2) | 1) - 2; i >= 1; i -= 2) odd = odd * x2 + c[i];
  return odd * x + even;
}

/** `m` in e^t = (1 + m) 2^k for |t| <= 1400; leaves m's low part and k. */
export function expm1Reduced(t: number, tLow: number): number {
  const k = t * LOG2_E + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
  const high = t - k * LN2_HIGH;
  const low = k * LN2_LOW - tLow;
  const r = high - low;
  const rLow = high - r - low;
  const r2 = r * r;
  const r2Low = productError(r, r, r2);
  const cubic = r * r2 * polynomial(r, r2, EXP);
  const half = r2 * 0.5;
  const m = r + half;
  rest[LOW] = half - (m - r) + (r2Low * 0.5 + (r * rLow + rLow)) + cubic;
  rest[EXPONENT] = k;
  return m;
}

/** e^t = (1 + m) 2^k. */
export interface ExpPair {
  readonly m: Pair;
  readonly k: number;
}

/** For |t| <= 1400. */
export function expPair(t: Pair): ExpPair {
  const hi = expm1Reduced(t.hi, t.lo);
  return { m: { hi, lo: rest[LOW] }, k: rest[EXPONENT] };
}

/** `1 + m`. */
export function onePlus({ m }: ExpPair): Pair {
  const hi = 1 + m.hi;
  return fastSum(hi, m.hi - (hi - 1) + m.lo);
}

/** `e^t - 1` for k <= 53. */
export function minusOne({ m, k }: ExpPair): Pair {
  const power = powerOf2(k < -100 ? -100 : k);
  const p = plus(power - 1, scaled(m, power));
  return fastSum(p.hi, p.lo);
}

/** 2^shift e^t for |t| <= 1400. */
export function expWide(t: number, tLow: number, shift: number): number {
  const m = expm1Reduced(t, tLow);
  const p = 1 + m;
  const pLow = m - (p - 1) + rest[LOW];
  const value = p + pLow;
  const scale = powerOf2(rest[EXPONENT] + shift);
  rest[LOW] = (pLow - (value - p)) * scale;
  return value * scale;
}

/** `scale * ln(1 + e)` for 0 <= e <= 1, given `scale * e` and `1 / scale`. */
export function log1pWide(scaled: number, scaledLow: number, unscale: number): number {
  const e = scaled * unscale;
  const d = 2 + e;
  const dLow = e - (d - 2) + scaledLow * unscale;
  const inverse = 1 / d;
  const s = scaled * inverse;
  const sLow = quotientLow(scaled, scaledLow, d, dLow, inverse, s);
  const t = s * unscale;
  const tLow = sLow * unscale;
  const z = t * t;
  const zLow = productError(t, t, z);
  const g = z * LOG1P_0_HIGH;
  const gLow =
    productError(z, LOG1P_0_HIGH, g) +
    ((zLow + 2 * (t * tLow)) * LOG1P_0_HIGH + z * LOG1P_0_LOW) +
    z * z * polynomial(z, z * z, LOG1P);
  const p = s * g;
  const pLow = productLow(s, sLow, g, gLow, p);
  const y = s + p;
  rest[LOW] = 2 * (p - (y - s) + pLow + sLow);
  return y + y;
}

/** `c0 + c1 w + c2 w^2 + c3 w^3 + w^4 (d[0] + d[1] w + ...)`, where `c` holds the pairs c0 to c3. */
export function pairPolynomial(w: number, wLow: number, c: Float64Array, d: Float64Array): number {
  let y = w * polynomial(w, w * w, d);
  let yLow = 0;
  for (let i = 6; ; i -= 2) {
    const high = c[i];
    const s = high + y;
    yLow = y - (s - high) + (yLow + c[i + 1]);
    if (i === 0) {
      rest[LOW] = yLow;
      return s;
    }
    y = s * w;
    yLow = productLow(s, yLow, w, wLow, y);
  }
}

/** `e^(a^2/2) erfc(a / sqrt 2) / 2` for 0 <= a <= 38.7. */
export function halfErfcxWide(a: number): number {
  const d = a + 3;
  const s = 1 / d;
  const sLow = quotientLow(1, 0, d, sumError(a, 3, d), s, s);
  const w = s - 183 / 1024;
  const wLow = sumError(-183 / 1024, s, w) + sLow;
  const f = pairPolynomial(w, wLow, HALF_ERFCX_HEAD, HALF_ERFCX);
  const y = f * s;
  rest[LOW] = productLow(f, rest[LOW], s, sLow, y);
  return y;
}
