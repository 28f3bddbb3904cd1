// The elementary functions behind the formulas of activations.ts: the operations of native/math.h in the same order,
// so that every double has the same bits. Of Math only what IEEE 754 defines exactly: Math.exp and the like differ from
// engine to engine. The constants are the shortest decimals of the hex floats there, and a test compares them; the
// derivations and error bounds are there too.

const ROUND_TO_INTEGER = 6755399441055744; // 0x1.8p52
export const LOG2_E = 1.4426950408889634;
export const LN2_HIGH = 0.6931471805582987;
export const LN2_LOW = 1.646594958289708e-12;

const MIN_EXPONENT = -1022;
const POWERS_OF_2 = Float64Array.from({ length: 2046 }, (_, i) => 2 ** (i + MIN_EXPONENT));

/** `2^k` for -1022 <= k <= 1023; any number for NaN. */
export function powerOf2(k: number): number {
  return POWERS_OF_2[(k - MIN_EXPONENT) | 0];
}

/** Where `reducedExp` leaves 2^k. */
export const scale = new Float64Array(1);

/** `m` in e^t = (1 + m) 2^k. */
export function reducedExp(t: number): number {
  const k = t * LOG2_E + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
  scale[0] = powerOf2(k);
  return reduced(t, k);
}

/** `e^t - 1` for k <= 53, from what `reducedExp(t)` returned and left. */
export function expMinusOne(m: number, scale: number): number {
  const power = scale < 2 ** -100 ? 2 ** -100 : scale;
  return power - 1 + m * power;
}

/** `e^t` for |t| <= 700. */
export function exp(t: number): number {
  const k = t * LOG2_E + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
  return (reduced(t, k) + 1) * powerOf2(k);
}

function reduced(t: number, k: number): number {
  const r = t - k * LN2_HIGH - k * LN2_LOW;
  const r2 = r * r;
  const r4 = r2 * r2;
  const c01 = r * 0.16666666666666669 + 0.5000000000000001;
  const c23 = r * 0.008333333333330062 + 0.04166666666662413;
  const c45 = r * 0.00019841269863053618 + 0.0013888888917213717;
  const c67 = r * 2.7557268459997064e-6 + 2.4801521295954376e-5;
  const c89 = r * 2.510038549551032e-8 + 2.7620088445409746e-7;
  const c = (c89 * r4 + (c67 * r2 + c45)) * r4 + (c23 * r2 + c01);
  return c * r2 + r;
}

/** `ln(1 + e)` for 0 <= e <= 1. */
export function log1p(e: number): number {
  const s = e / (e + 2);
  const z = s * s;
  const z2 = z * z;
  const z4 = z2 * z2;
  const a01 = z * 0.20000000000007292 + 0.3333333333333337;
  const a23 = z * 0.11111111358713932 + 0.1428571428355438;
  const a45 = z * 0.07692785032479312 + 0.09090894718066429;
  const a67 = z * 0.06000536404795356 + 0.06657072104827468;
  const a89 = z * 0.08082022805971766 + 0.04400369243072337;
  const a = (a89 * z4 + (a67 * z2 + a45)) * z4 + (a23 * z2 + a01);
  return (z * a + 1) * (s + s);
}

/** `e^(a^2/2) erfc(a / sqrt 2) / 2` for 0 <= a <= 14.7, as P(a) / Q(a). `a2` is `a * a`. */
export function halfErfcx(a: number, a2: number): number {
  const pEven =
    (((2.5635724416536988e-5 * a2 + 0.003156157336614711) * a2 + 0.0826870630892241) * a2 + 0.5453303242321109) * a2 +
    0.5;
  const pOdd =
    (((8.861654137994754e-7 * a2 + 0.00035878216018813693) * a2 + 0.01912974164245181) * a2 + 0.25521835751184385) *
      a2 +
    0.7404789511987563;
  const qEven =
    ((((2.2212872827218945e-6 * a2 + 0.0009015547980864346) * a2 + 0.04884604577964754) * a2 + 0.6859133522462322) *
      a2 +
      2.4089138663537906) *
      a2 +
    1;
  const qOdd =
    (((6.425923160146936e-5 * a2 + 0.007975572315444254) * a2 + 0.21504845434652706) * a2 + 1.5590121859585238) * a2 +
    2.2788424632003776;
  return (pOdd * a + pEven) / (qOdd * a + qEven);
}
