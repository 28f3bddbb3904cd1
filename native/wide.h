// The elementary functions behind the formulas for float64 arrays, to a few 2^-59, over a vector V of float64 lanes
// (the interface is in isa/scalar.cpp). math.h has those for float32.
//
// Included inside a target region: no system headers here. lib/wide.ts does the same operations and gets the same
// doubles. Every coefficient comes from tools/fit_wide.py: interpolation in Chebyshev nodes, 60 digits. The first ones
// of a polynomial are pairs where their rounding would show.
#pragma once

#include "math.h"
#include "pair.h"

// ln 2 in two pieces: the first has 42 significant bits, so that k times it is exact for |k| < 2^11.
constexpr double kWideLn2High = 0x1.62e42fefa38p-1;
constexpr double kWideLn2Low = 0x1.ef35793c7673p-45;

// q in e^r = 1 + r + r^2/2 + r^3 q(r), |r| <= ln 2 / 2: error 2^-59.8 of e^r.
constexpr double kExpWide[10] = {
    0x1.5555555555556p-3, 0x1.5555555555555p-5, 0x1.11111111109b3p-7, 0x1.6c16c16c167e1p-10,
    0x1.a01a01a7c41d5p-13, 0x1.a01a01a47b054p-16, 0x1.71de0dae63bb3p-19, 0x1.27e4e1f48534fp-22,
    0x1.af38a9b0ec855p-26, 0x1.1f66df7fca49fp-29};

// e^t = (1 + m) 2^k. `magic` holds k in its low bits: the callers scale, pow2(magic + 128) being 2^(k + 128). m.lo may
// be as large as 2^-7, and 2^-4 m.hi.
template <class V>
struct ExpWide {
  Pair<V> m;
  V magic;

  // 1 + m.
  Pair<V> value() const {
    const Pair<V> p = fastSum(V(1.0), m);
    return fastSum(p.hi, p.lo);
  }

  // e^t - 1 for k <= 53. Precise near t = 0, too.
  Pair<V> minusOne() const {
    const V power = pow2(max(V(kRoundToInteger - 100.0), magic));
    const Pair<V> p = (power - 1.0) + scale(m, power);
    return fastSum(p.hi, p.lo);
  }
};

// e^t for |t| <= 1400; relative error of value() below 2^-58.5, of minusOne() below 2^-57.
template <class V>
inline ExpWide<V> expWide(Pair<V> t) {
  const V magic = t.hi * kLog2E + kRoundToInteger;
  const V k = magic - kRoundToInteger;
  const V high = t.hi - k * kWideLn2High;  // exact
  const V low = k * kWideLn2Low - t.lo;
  const V r = high - low;
  const V rLow = (high - r) - low;
  const Pair<V> r2 = product(r, r);
  const V cubic = r * r2.hi * polynomial(r, r2.hi, kExpWide);
  const Pair<V> m = fastSum(r, r2.hi * 0.5);
  return {{m.hi, (m.lo + (r2.lo * 0.5 + (r * rLow + rLow))) + cubic}, magic};
}

// A in ln(1 + e) = 2 atanh(s) = 2 s (1 + z A(z)), s = e / (2 + e), z = s^2 <= 1/9: error 2^-61.7 of the logarithm.
// The constant term is a pair and stands apart.
constexpr double kLog1pWide0High = 0x1.5555555555555p-2, kLog1pWide0Low = 0x1.699017588b1f7p-56;
constexpr double kLog1pWide[10] = {
    0x1.9999999999944p-3, 0x1.2492492499d46p-3, 0x1.c71c71bedea97p-4, 0x1.745d19937b1fcp-4,
    0x1.3b13515f6f9efp-4, 0x1.111abdc8abe16p-4, 0x1.e0a2d581ab68fp-5, 0x1.bc37f0140c19ep-5,
    0x1.32e0d25c9c761p-5, 0x1.401d3e65cdc48p-4};

// scale ln(1 + e) for 0 <= e <= 1, given scale * e and 1 / scale, so that a tiny e loses nothing; the scale is a power
// of 2. Relative error below 2^-59. The result's lo may be as large as 2^-7 hi.
template <class V>
inline Pair<V> log1pWide(Pair<V> scaled, V unscale) {
  const Pair<V> s = scaled / fastSum(V(2.0), scale(scaled, unscale));
  // Where z leaves the range of product(), it is too small to count.
  const Pair<V> t = scale(s, unscale);
  const Pair<V> z = product(t.hi, t.hi);
  const Pair<V> g = product(z.hi, V(kLog1pWide0High));
  const V rest = g.lo + ((z.lo + 2.0 * (t.hi * t.lo)) * kLog1pWide0High + z.hi * kLog1pWide0Low) +
                 z.hi * z.hi * polynomial(z.hi, z.hi * z.hi, kLog1pWide);
  const Pair<V> p = s * Pair<V>{g.hi, rest};
  const Pair<V> y = fastSum(s.hi, p);
  return {y.hi + y.hi, 2.0 * (y.lo + s.lo)};
}

// Polynomials on [0, 38.7] in w = s - 183/1024, s = 1 / (a + 3), about +-0.155: R / s here and
// another function in wide_activations.h. The shift makes both nearly quadratic, so that only the last steps of
// Horner's scheme need pairs: with a larger one there are fewer terms, but more of them in pairs.
template <class V>
struct Shifted {
  Pair<V> s, w;
};

template <class V>
inline Shifted<V> shiftedReciprocal(V a) {
  const Pair<V> s = V(1.0) / sum(a, V(3.0));
  return {s, V(-183.0 / 1024) + s};
}

// c0 + c1 w + c2 w^2 + c3 w^3 + w^4 (d[0] + d[1] w + ...), where c holds the pairs c0 to c3. The last term is less
// than 2^-5 of the sum.
template <class V, int N>
inline Pair<V> polynomialWide(Pair<V> w, const double (&c)[8], const double (&d)[N]) {
  Pair<V> y = {w.hi * polynomial(w.hi, w.hi * w.hi, d), 0.0};
  for (int i = 6;; i -= 2) {
    y = fastSum(V(c[i]), Pair<V>{y.hi, y.lo + c[i + 1]});
    if (i == 0) return y;
    y = y * w;
  }
}

// R(a) / s with R(a) = e^(a^2/2) erfc(a / sqrt 2) / 2: error 2^-58.8.
constexpr double kHalfErfcxWideHead[8] = {0x1.88c298877eac5p-1, -0x1.c886d0d8ca3bep-55,
                                          0x1.a14137d4e3889p1, -0x1.933fa3d6fee9ep-55,
                                          0x1.14607c63c457fp3, 0x1.957ab6eaec1bap-51,
                                          0x1.2f52156f335e5p3, 0x1.19ee3a17b5211p-51};
constexpr double kHalfErfcxWide[24] = {
    -0x1.0b4172c548602p4, -0x1.8f44bc25d92c9p5, 0x1.1aad1c3bc6254p6, 0x1.e847771aee5bp7,
    -0x1.1bc89d5c5f3dp9, -0x1.e00f7a0987e66p9, 0x1.3872f31534463p12, -0x1.0203fd90e2655p10,
    -0x1.10b7690bdfdc8p15, 0x1.31ed8d8dc9438p16, 0x1.978ca18c207f3p16, -0x1.b6024fb77e626p19,
    0x1.5d2a205281068p20, 0x1.de559fff55e78p21, -0x1.73fad0618e97fp24, 0x1.27fcec1f9f00ap25,
    0x1.b9f54a44818d1p26, -0x1.7bf10fc7a232bp29, 0x1.2e2a8b7a80cacp30, 0x1.2236c19b97531p32,
    -0x1.5df438839dca1p34, 0x1.d58675c7fce1fp32, 0x1.c8f2ecf90eb1bp36, -0x1.666177a75988ap37};

// R(a) for 0 <= a <= 38.7; relative error below 2^-58.
template <class V>
inline Pair<V> halfErfcxWide(V a) {
  const Shifted<V> x = shiftedReciprocal(a);
  return polynomialWide(x.w, kHalfErfcxWideHead, kHalfErfcxWide) * x.s;
}
