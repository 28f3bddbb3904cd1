// Pairs: a number as an unevaluated sum of two doubles, as in native/pair.h, which has the error bounds. Allocating each
// would cost half of the speed: the functions of activations.ts write out the first part (`a * b`), and the first ones
// here give the second. The derivatives, which are needed less often, have the plain operations that follow.

/**
 * The exact error of a product, `a * b - p` for p = fl(a b): Veltkamp's splitting and Dekker's product. For a p that is
 * some units away, that rounded once.
 */
export function productError(a: number, b: number, p: number): number {
  const aScaled = a * 134217729; // 2^27 + 1
  const bScaled = b * 134217729;
  const aHigh = aScaled - (aScaled - a);
  const bHigh = bScaled - (bScaled - b);
  const aLow = a - aHigh;
  const bLow = b - bHigh;
  return aHigh * bHigh - p + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** The low part of (a + aLow)(b + bLow), `p` = a b being its high part. */
export function productLow(a: number, aLow: number, b: number, bLow: number, p: number): number {
  return productError(a, b, p) + (a * bLow + aLow * b);
}

/** The exact error of a sum, `a + b - s` for s = fl(a + b). Where |a| >= |b|, `b - (s - a)` is enough. */
export function sumError(a: number, b: number, s: number): number {
  const fromB = s - a;
  return a - (s - fromB) + (b - fromB);
}

/** (n + nLow) / (d + dLow), with n's sign if n is zero. */
export function quotient(n: number, nLow: number, d: number, dLow: number): number {
  const inverse = 1 / d;
  const q = n * inverse;
  return q - (productError(q, d, n) + (q * dLow - nLow)) * inverse;
}

export interface Pair {
  readonly hi: number;
  readonly lo: number;
}

/** `a + b` where |a| >= |b| or a = 0. */
export function fastSum(a: number, b: number): Pair {
  const hi = a + b;
  return { hi, lo: b - (hi - a) };
}

export function sum(a: number, b: number): Pair {
  const hi = a + b;
  return { hi, lo: sumError(a, b, hi) };
}

export function product(a: number, b: number): Pair {
  const hi = a * b;
  return { hi, lo: productError(a, b, hi) };
}

/** `a + b`. */
export function plus(a: number, b: Pair): Pair {
  const s = sum(a, b.hi);
  return { hi: s.hi, lo: s.lo + b.lo };
}

/** `a + b` where |a| >= |b.hi| or a = 0. */
export function fastPlus(a: number, b: Pair): Pair {
  const s = fastSum(a, b.hi);
  return { hi: s.hi, lo: s.lo + b.lo };
}

/** `a + b` where |a.hi| >= |b.hi| or a.hi = 0. */
export function fastAdd(a: Pair, b: Pair): Pair {
  const s = fastSum(a.hi, b.hi);
  return { hi: s.hi, lo: s.lo + (a.lo + b.lo) };
}

/** `a + b`. */
export function add(a: Pair, b: Pair): Pair {
  const s = sum(a.hi, b.hi);
  return { hi: s.hi, lo: s.lo + (a.lo + b.lo) };
}

/** `a b`. */
export function times(a: Pair, b: number): Pair {
  const hi = a.hi * b;
  return { hi, lo: productError(a.hi, b, hi) + a.lo * b };
}

/** `a b`. */
export function multiply(a: Pair, b: Pair): Pair {
  const hi = a.hi * b.hi;
  return { hi, lo: productLow(a.hi, a.lo, b.hi, b.lo, hi) };
}

/** `n / d`. */
export function divide(n: Pair, d: Pair): Pair {
  const inverse = 1 / d.hi;
  const hi = n.hi * inverse;
  return { hi, lo: (n.lo - hi * d.lo - productError(hi, d.hi, n.hi)) * inverse };
}

/** `a f`, f a power of 2. */
export function scaled(a: Pair, f: number): Pair {
  return { hi: a.hi * f, lo: a.lo * f };
}
