// The quick paths of SiLU, GELU's tanh form and Mish, in pairs of float32 lanes, with one division.
//
// The pairs keep what their roundings lose: with the remainder that the division leaves, the quotient is off by 2^-35.3
// of itself with a table of 32, by 2^-36.1 with one of 8, measured against the float64 formulas. The bounds are further
// from it, by 2^-kErrorBits. The ranges keep clear of subnormal intermediates, which cost Intel's CPUs over a hundred
// cycles an operation.
//
// Tried, ns per element of uniform [-8, 8] (SiLU, tanh form, Mish): AVX-512 in blocks of 2 vectors 0.48, 0.61, 0.70; of
// 4 0.42, 0.53, 0.66; of 6 0.41, 0.52, 0.60. r^2 / 2 exact with a table of 32 as well: 0.43, 0.55, 0.64. AVX2 in
// blocks of 2 0.70, 0.95, 1.13; of 3 0.73, 0.92, 1.05; of 4 0.76, 0.98, 1.05. Without r^2 / 2 exact, with a table of
// 8, the error is 2^-32.9 at best and 2^-31.4 for large |x|: 3 to 6 % of the vectors fail.
//
// And on Zen 4 (SiLU with AVX-512: 0.46): an estimate and a Newton step for the division, 0.46; the bounds by fma
// alone, 0.47, for its multipliers are what is short; bounds that hold for zeros, 0.52; one mask a vector and no branch,
// with the failures of 4096 elements settled at once, 0.60, since comparisons into masks are slow. Failures cost 4 %.
#pragma once

#include "quick_exp.h"

// What a path tells of x: the result is in [low, high], both rounded, if `size` as an unsigned integer is not above
// Path::kLargest.
template <class W>
struct Bounds {
  W low, high, size;
};

constexpr uint32_t kAny = 0xffffffff;

constexpr int kErrorBits = F::kTableBits == 5 ? 35 : 36;

// Where x's bits, unsigned, are above kLeast (which is negative x below some number), or the bounds do not do.
template <class Path>
inline unsigned failures(F x, F difference, F size) {
  const unsigned failed = differ(difference, F(0.0F)) | above(size, Path::kLargest);
  return Path::kLeast == kAny ? failed : failed | above(x, Path::kLeast);
}

// A failed block once more. Most lanes out of a path's range are zeros, or have a result of zero or x: these are
// settled here, and the formula is for the groups of lanes that have others.
template <V (*formula)(V, const Parameters&), size_t kLanes>
NEVER_INLINE FLATTEN void repair(const float* x, const float* high, const float* size, float* out,
                         const Parameters& parameters) {
  using Path = QuickPath<formula>;
  for (size_t i = 0; i < kLanes; i += F::kLanes) {
    const F v = F::load(x + i), y = F::load(out + i);
    const unsigned failed = failures<Path>(v, orDifference(F(0.0F), y, F::load(high + i)), F::load(size + i));
    if (failed == 0) continue;
    const unsigned nothing = lessThan(v, F(Path::kVanishes));
    const unsigned unchanged = Path::unchanged(v);
    F::store(out + i, select(nothing, F(Path::kNothing), select(unchanged, v, y)));
    const unsigned open = failed & ~nothing & ~unchanged;
    for (size_t k = 0; k < F::kLanes; k += V::kLanes)
      if ((open >> k & ((1U << V::kLanes) - 1)) != 0) V::store(out + i + k, formula(V::load(x + i + k), parameters));
  }
}

// A path by bounds. QuickPath adds: bounds(W); kLargest, kLeast (above); kVanishes; for a function kIdentity: f(x)
// rounds to x for x > kIdentity, and for zeros.
template <V (*formula)(V, const Parameters&)>
struct LogisticPath {
  static constexpr bool kExists = true;
  static constexpr float kNothing = -0.0F;
  using Step = Together<F, F::kTogether>;
  using Single = F;

  template <class W>
  FLATTEN static bool block(const float* x, float* out, const Parameters& parameters, bool) {
    using Path = QuickPath<formula>;
    const F none = 0.0F;
    const W v = W::load(x);
    const Bounds<W> b = Path::bounds(v);
    W::store(out, b.low);
    const unsigned failed =
        failures<Path>(largerBits(none, v), orDifference(none, b.low, b.high), largerBits(none, b.size));
    if (__builtin_expect(failed != 0, 0)) {
      float copies[3][W::kLanes];  // x's too, which the store may have gone over
      W::store(copies[0], v);
      W::store(copies[1], b.high);
      W::store(copies[2], b.size);
      repair<formula, W::kLanes>(copies[0], copies[1], copies[2], out, parameters);
    }
    return false;
  }

  static unsigned unchanged(F x) {
    return ~differ(abs(x), F(0.0F)) | lessThan(F(QuickPath<formula>::kIdentity), x);
  }
  static bool run(const float* x, float* out, size_t n, const Parameters& parameters) {
    return runQuick<formula>(x, out, n, parameters);
  }
};

// Bounds of numerator / denominator, from the quotient by `inverse`, 1 / denominator to 2^-22, and the remainder that
// it leaves: a little less, and a little more. For pairs that are together good to 2^-kErrorBits.
template <int kErrorBits, class W>
inline Bounds<W> remainderBounds(W q, W remainder, W numerator, W inverse) {
  // |numerator| 2^-kErrorBits; that of a number too small for it wraps, to bits that are above any limit.
  const W error = minusBits(abs(numerator), uint32_t(kErrorBits) << 23);
  return {fma(remainder - error, inverse, q), fma(remainder + error, inverse, q), error};
}

template <int kErrorBits, class W>
inline Bounds<W> quotientBounds(W numerator, Pair<W> denominator, W inverse) {
  const W q = numerator * inverse;
  const W remainder = fnma(q, denominator.lo, fnma(q, denominator.hi, numerator));
  return remainderBounds<kErrorBits>(q, remainder, numerator, inverse);
}

template <int kErrorBits, class W>
inline Bounds<W> quotientBounds(Pair<W> numerator, Pair<W> denominator, W inverse) {
  const W q = numerator.hi * inverse;
  // In this order, since q denominator.lo alone may be subnormal, which is slow on Intel's CPUs.
  const W remainder = fnma(q, denominator.lo, fnma(q, denominator.hi, numerator.hi) + numerator.lo);
  return remainderBounds<kErrorBits>(q, remainder, numerator.hi, inverse);
}

// The largest Bounds::size for numerators up to `numeratorBits`.
constexpr uint32_t sizeLimit(uint32_t numeratorBits, int errorBits) {
  return numeratorBits - (uint32_t(errorBits) << 23);
}

// SiLU(x) = x / (1 + e^-x).
template <>
struct QuickPath<silu<V>> : LogisticPath<silu<V>> {
  static constexpr uint32_t kLargest = sizeLimit(0x42800000, kErrorBits), kLeast = kAny;  // |x| <= 64
  static constexpr float kVanishes = -109, kIdentity = 32;

  template <class W>
  static Bounds<W> bounds(W x) {
    const Pair<W> denominator = onePlusExp(expParts<-1>(clamp(x, 64)));
    return quotientBounds<kErrorBits>(x, denominator, W(1.0F) / (denominator.hi + denominator.lo));
  }
};

// c x (x^2 + s), c and s in two pieces, s's first so short that x^2 + s leaves an exact rest.
struct CubicTerms {
  float c, cLow, s, sLow;
};

template <class W>
inline Pair<W> cubic(W x, const CubicTerms& terms) {
  const W factor = fma(x, x, W(terms.s));
  const W factorLow = fma(x, x, W(terms.s) - factor) + W(terms.sLow);
  const W scaled = x * W(terms.c);
  const W scaledLow = fma(x, W(terms.cLow), productError(x, W(terms.c), scaled));
  const W y = scaled * factor;
  return {y, fma(scaledLow, factor, fma(scaled, factorLow, productError(scaled, factor, y)))};
}

// GELU's tanh form, x / (1 + e^-w), w = c x (x^2 + s), c = 2 sqrt(2/pi) 0.044715, s = 1 / 0.044715.
constexpr CubicTerms kTanhTerms = {0x1.2444f2p-4F, 0x1.49b16ap-29F, 0x1.65d2p4F, 0x1.7b767cp-14F};

// From 9 on the result is x.
template <>
struct QuickPath<geluTanh<V>> : LogisticPath<geluTanh<V>> {
  static constexpr uint32_t kLargest = sizeLimit(0x7f000000, kErrorBits), kLeast = 0xc1100000;  // x >= -9
  static constexpr float kVanishes = -10.8F, kIdentity = 9;

  template <class W>
  static Bounds<W> bounds(W x) {
    const Pair<W> denominator = onePlusExp(expParts(cubic(clamp(x, 9), kTanhTerms)));
    return quotientBounds<kErrorBits>(x, denominator, W(1.0F) / (denominator.hi + denominator.lo));
  }
};

// Mish(x) = x n / (n + 2), n = u (u + 2), u = e^x. From 32 on the result is x, and u stops growing.
template <>
struct QuickPath<mish<V>> : LogisticPath<mish<V>> {
  static constexpr uint32_t kLargest = sizeLimit(0x7f000000, kErrorBits), kLeast = 0xc2840000;  // x >= -66
  static constexpr float kVanishes = -109, kIdentity = 32;

  template <class W>
  static Bounds<W> bounds(W x) {
    const ExpParts<W> e = expParts<1>(clampNegative(minBits(x, W(32.0F)), -66));
    const W first = fma(e.power, e.growth, e.power);
    const W second = fma(e.power, e.rest, fma(e.power, e.growth, e.power - first));
    const Pair<W> u = fastSum(first, second);
    const W two = 2.0F;
    const Pair<W> u2 = positiveSum(u.hi, two);
    const W n = u.hi * u2.hi;
    const W nLow = fma(u.hi, u2.lo + u.lo, fma(u.lo, u2.hi, productError(u.hi, u2.hi, n)));
    const Pair<W> n2 = positiveSum(n, two);
    const W numerator = x * n;
    const W numeratorLow = fma(x, nLow, productError(x, n, numerator));
    return quotientBounds<kErrorBits>(Pair<W>{numerator, numeratorLow}, Pair<W>{n2.hi, n2.lo + nLow}, W(1.0F) / n2.hi);
  }
};
