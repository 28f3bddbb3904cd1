// Pairs: a number as an unevaluated sum hi + lo of two doubles, for twice the precision.
//
// Included inside a target region: no system headers here. Only + - * / in the order written and productError(a, b, p),
// which is exact however an ISA computes it, so all ISAs and lib/pair.ts get the same bits. u = 2^-53. The bounds take
// for granted that nothing overflows and that no product of `hi` parts falls below 2^-960.
#pragma once

#include "together.h"

INLINE_REGION_BEGIN

template <class V>
struct Pair {
  V hi, lo;  // |lo| <= 2^-50 |hi| or so, unless it is said otherwise
};

// A constant of two pieces.
template <class V>
inline Pair<V> constant(const double (&c)[2]) {
  return {c[0], c[1]};
}

// a + b where |a| >= |b|, or a is a multiple of the last place of the sum, as 0 and short numbers can be.  Exact.
template <class V>
inline Pair<V> fastSum(V a, V b) {
  const V hi = a + b;
  return {hi, b - (hi - a)};
}

// a + b for positive a, b in either order.  Exact.
template <class V>
inline Pair<V> positiveSum(V a, V b) {
  return fastSum(max(a, b), min(a, b));
}

// a + b.  Exact.
template <class V>
inline Pair<V> sum(V a, V b) {
  const V hi = a + b;
  const V fromB = hi - a;
  return {hi, (a - (hi - fromB)) + (b - fromB)};
}

// a b.  Exact.
template <class V>
inline Pair<V> product(V a, V b) {
  const V hi = a * b;
  return {hi, productError(a, b, hi)};
}

// a + b, likewise.  Relative error u |b.lo / (a + b)|.
template <class V>
inline Pair<V> fastSum(V a, Pair<V> b) {
  const Pair<V> s = fastSum(a, b.hi);
  return {s.hi, s.lo + b.lo};
}

// a + b, likewise.  Error as of the operator below.
template <class V>
inline Pair<V> fastSum(Pair<V> a, Pair<V> b) {
  const Pair<V> s = fastSum(a.hi, b.hi);
  return {s.hi, s.lo + (a.lo + b.lo)};
}

// a + b for positive a, b.  Errors as of the operators below.
template <class V>
inline Pair<V> positiveSum(V a, Pair<V> b) {
  const Pair<V> s = positiveSum(a, b.hi);
  return {s.hi, s.lo + b.lo};
}

template <class V>
inline Pair<V> positiveSum(Pair<V> a, Pair<V> b) {
  const Pair<V> s = positiveSum(a.hi, b.hi);
  return {s.hi, s.lo + (a.lo + b.lo)};
}

// a + b.  Relative error u |b.lo / (a + b)|.
template <class V>
inline Pair<V> operator+(V a, Pair<V> b) {
  const Pair<V> s = sum(a, b.hi);
  return {s.hi, s.lo + b.lo};
}

// a + b.  Error 2u (|a.lo| + |b.lo|) + u |lo|: relative 4 u^2 where a and b have one sign.
template <class V>
inline Pair<V> operator+(Pair<V> a, Pair<V> b) {
  const Pair<V> s = sum(a.hi, b.hi);
  return {s.hi, s.lo + (a.lo + b.lo)};
}

// a b.  Relative error 3 u^2.
template <class V>
inline Pair<V> operator*(Pair<V> a, V b) {
  const V hi = a.hi * b;
  return {hi, productError(a.hi, b, hi) + a.lo * b};
}

// a b.  Relative error 6 u^2.
template <class V>
inline Pair<V> operator*(Pair<V> a, Pair<V> b) {
  const V hi = a.hi * b.hi;
  return {hi, productError(a.hi, b.hi, hi) + (a.hi * b.lo + a.lo * b.hi)};
}

// n / d.  Relative error 12 u^2. One division: the quotient's first part need not be correctly rounded. It is so close
// that productError() is its product with d.hi less n, rounded once however an ISA computes it.
template <class V>
inline Pair<V> operator/(Pair<V> n, Pair<V> d) {
  const V inverse = V(1.0) / d.hi;
  const V hi = n.hi * inverse;
  return {hi, ((n.lo - hi * d.lo) - productError(hi, d.hi, n.hi)) * inverse};
}

// n / d as one double, likewise. What is taken off a zero is +0, and leaves it its sign.
template <class V>
inline V quotient(V n, Pair<V> d) {
  const V inverse = V(1.0) / d.hi;
  const V hi = n * inverse;
  return hi - (productError(hi, d.hi, n) + hi * d.lo) * inverse;
}

template <class V>
inline V quotient(Pair<V> n, Pair<V> d) {
  const V inverse = V(1.0) / d.hi;
  const V hi = n.hi * inverse;
  return hi - (productError(hi, d.hi, n.hi) + (hi * d.lo - n.lo)) * inverse;
}

template <class V>
inline Pair<V> operator-(Pair<V> a) {
  return {-a.hi, -a.lo};
}

// a f, f a power of 2.  Exact, unless it leaves the normal range.
template <class V>
inline Pair<V> scale(Pair<V> a, V f) {
  return {a.hi * f, a.lo * f};
}

// The pair as one double.
template <class V>
inline V round(Pair<V> a) {
  return a.hi + a.lo;
}

INLINE_REGION_END
