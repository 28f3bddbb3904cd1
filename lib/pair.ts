// Pairs: a number as an unevaluated sum of two doubles, as in native/pair.h, which has the error bounds. JavaScript has
// no cheap way to return two numbers, so the first part is written out where it is needed (`a * b`), and the functions
// here give the second.

/** The exact error of a product, `a * b - p` for p = fl(a b): Veltkamp's splitting and Dekker's product. */
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

/** The low part of (n + nLow) / (d + dLow), `q` = n * inverse being its high part and `inverse` = fl(1 / d). */
export function quotientLow(n: number, nLow: number, d: number, dLow: number, inverse: number, q: number): number {
  const p = q * d;
  return (n - p - productError(q, d, p) + (nLow - q * dLow)) * inverse;
}
