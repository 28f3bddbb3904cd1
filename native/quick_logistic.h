// The quick paths of SiLU, GELU's tanh form and Mish, in pairs of float32 lanes.
//
// The pairs keep what their roundings lose: with the excess that a quotient leaves over, it is off by 2^-35.8 of itself
// with a table of 32, by 2^-36.9 with one of 8, and far below 0, where e^-x nearly overflows, by 2^-35.0 and 2^-36.5,
// measured over all x. Positive x are cut where e^-x no longer counts: subnormal numbers cost Intel's CPUs over a hundred
// cycles an operation.
//
// Tried, ns per element of uniform [-8, 8] (SiLU, tanh form, Mish) on Zen 4: AVX-512 in blocks of 2 vectors 0.48, 0.61,
// 0.70; of 4 0.42, 0.53, 0.66; of 6 0.41, 0.52, 0.60. r^2 / 2 exact with a table of 32 as well: 0.43, 0.55, 0.64. AVX2
// in blocks of 2 0.70, 0.95, 1.13; of 3 0.73, 0.92, 1.05; of 4 0.76, 0.98, 1.05. Without r^2 / 2 exact, with a table of
// 8, the error is 2^-32.9 at best and 2^-31.4 for large |x|: 3 to 6 % of the vectors fail. One mask a vector and no
// branch, with the failures of 4096 elements settled at once, 0.60, since comparisons into masks are slow.
//
// On Zen 4 (SiLU, tanh form, Softplus'; N(0, 1)), AVX-512 in blocks of 3 0.41, 0.60, 0.41; of 4 0.40, 0.59, 0.40; of 5
// 0.39, 0.57, 0.41; of 6 0.40, 0.56, 0.40; of 7 0.41, 0.55, 0.40; with quotientBounds() for near x, too, 0.42, 0.58 and
// 0.46. It starts one multiplication, fused operation, reciprocal or comparison a cycle and one addition, minimum or
// shift, and lookups in place of either; without their dependencies the instructions of a block would take 0.88 (SiLU)
// and 0.78 (Softplus') of the time. AVX2 (SiLU, tanh form, Mish, SiLU') in blocks of 2 0.70, 1.01, 0.97, 1.02; of 3 0.73,
// 0.95, 0.90, 1.03; of 4 0.69, 1.01, 0.97, 0.93; by clang, whose binaries the package has, of 2 0.82, 1.08, 1.04, 1.15;
// of 3 0.75, 0.98, 0.91, 1.03; of 4 0.68, 0.96, 0.86, 0.92.
//
// On Zen 5 (SiLU, tanh form, Mish; N(0, 1)): AVX-512 in blocks of 2 vectors 0.24, 0.37, 0.41; of 4 0.22, 0.34, 0.32; of
// 6 0.21, 0.29, 0.27; of 7 0.206, 0.27, 0.30; of 8 0.20, 0.27, 0.33; of 10 0.20, 0.28, 0.36. AVX2 in blocks of 3 0.51,
// 0.66, 0.76; of 4 0.53, 0.74, 0.73; of 6 0.59, 0.74, 1.06; of 2 0.50, 0.70, 0.80, and SiLU' 0.75 in place of 0.84. It
// starts two multiplications or fused operations a cycle, two additions, four in all, and lookups in place of either:
// what counts is the number of operations, fused ones first. The tanh form with the sums for all x 1.1 times as long.
// Powers of 2 by vscalefps, of which it starts one: SiLU 1.02, the tanh form 0.97.
//
// On an Intel Xeon with AVX-512 (SiLU, N(0, 1)): 1 + e^-w in the way that serves all x, 0.36 instead of 0.335. So it is
// for the whole block if one x of it is not near; these blocks vector by vector take a third longer. A table of powers
// with 12 bits, so that 1 + power is exact, 0.34, and four times the error. A division for the reciprocal 7 % more, and
// 4 to 6 % for the others (on Zen 4 the same). With the division, where 0.37 is to be compared: failures noted in a
// list and settled after 40 blocks 0.41; a lane of a failed block through the formula for all its vectors at once 0.39;
// the next block's denominator before this one's quotient 0.40 to 0.44; positive x not cut 0.36, but 12 for
// N(0, 100^2). Bounds by a constant part of the numerator, with tests of its size and of x, 0.39. The failures, of 6 %
// of the blocks, cost 4 %. Left slow there: SiLU where e^-x is in (2^126, 2^128), whose inverse is subnormal: 8 for x
// in [-100, -64]; a range test would cost all others 3 %. excess * inverse once, and its multiples from q, is 3 to 5 %
// less, but it loses bits from 2^-101 down: odd subnormals' ties go unseen.
#pragma once

#include "quick_exp.h"

INLINE_REGION_BEGIN

// Bounds of a quotient, from q, which is it but for a few units in the last place, and from the excess of q times the
// denominator over the numerator: c = excess / denominator brings q - c so close to the exact quotient y that
// |y - (q - c)| < reach 2^-25 |y|, for any reciprocal that is right to 2^-22. If a tie, halfway between two floats,
// lies between the two, it is at least 2^-25 |y| from q, which is a float; so c is as large, and q - c (1 +- reach)
// are on both sides of the tie. Zeros come out with their sign, odd subnormal x, whose halves are ties, have two
// bounds, and what has overflowed is NaN. Below 2^-100 products lose bits, and the bound of the error; but there f(x)
// is x / 2, a tie or exact, or 3 x / 5, far from any tie.
//
// kFarReach is for x that are not near: the farther, the larger `low` is (quick_exp.h), and so what is left out with
// it. Measured over all x, the error is 0.93 of its bound at most (Mish near 0; with a table of 8 0.89, SiLU) and 0.97
// far out.
constexpr float kReach = kLargeTable ? 0x1p-11F : 0x1.2p-12F, kFarReach = kLargeTable ? 0x1.08p-10F : 0x1.7p-12F;

template <class W>
inline Bounds<W> excessBounds(W q, W excess, W inverse, float reach) {
  return {fnma(excess, inverse * W(1 - reach), q), fnma(excess, inverse * W(1 + reach), q)};
}

template <class W>
inline Bounds<W> quotientBounds(W numerator, Pair<W> denominator, float reach) {
  const W inverse = reciprocal(denominator.hi + denominator.lo);
  const W q = numerator * inverse;
  return excessBounds(q, fma(q, denominator.lo, productError(q, denominator.hi, numerator)), inverse, reach);
}

template <class W>
inline Bounds<W> quotientBounds(Pair<W> numerator, Pair<W> denominator, float reach) {
  const W inverse = reciprocal(denominator.hi);
  const W q = numerator.hi * inverse;
  // In this order, since q denominator.lo alone may be subnormal, which is slow on Intel's CPUs.
  const W excess = fma(q, denominator.lo, productError(q, denominator.hi, numerator.hi) - numerator.lo);
  return excessBounds(q, excess, inverse, reach);
}

// 1 / d = estimate (1 + growth), d = hi + lo, with a growth below 2^-13 that is off by 2^-38 of the whole.
template <class W>
struct Inverse {
  W estimate, growth;
};

template <class W>
inline Inverse<W> inverseOf(Pair<W> d) {
  const W s = estimate(d.hi);
  const W rest = fnma(s, d.lo, fnma(s, d.hi, W(1.0F)));
  return {s, fma(rest, rest, rest)};
}

// Bounds of a number that is t - c but for kZivReach 2^-25 of itself, t a float and |c| far less: the float next to it,
// and the one next to where it would be if what that rounding left over were larger by kZivReach. These differ if a tie
// is so near, since a tie is 2^-25 of a float or more from it (Ziv's test). Measured over a third of all x, a number is
// off by 2^-35.35 (SiLU), 2^-35.29 (the tanh form) and 2^-35.4 (Softplus'; with a table of 8 2^-36.96).
constexpr float kZivReach = kLargeTable ? 0x1.bp-11F : 0x1.1p-12F;

template <class W>
inline Bounds<W> zivBounds(W t, W c) {
  const W y = t - c;
  return {y, fma((t - y) - c, W(1 + kZivReach), y)};
}

// x / d where d is 2 next to 0: there t is x / 2 or, of an odd subnormal, next to that tie. f is above it, and the rest
// of the product, rounded down, takes the result up. A zero keeps its sign.
template <class W>
inline Bounds<W> nearQuotientBounds(W x, Pair<W> d) {
  if constexpr (F::kRoundsDown) {
    const Inverse<W> inverse = inverseOf(d);
    const W t = x * inverse.estimate;
    return zivBounds(t, fnma(t, inverse.growth, fnmaDown(x, inverse.estimate, t)));
  } else {
    return quotientBounds(x, d, kReach);
  }
}

// SiLU(x) = x / (1 + e^-x).
template <>
struct QuickPath<silu<V>> : BoundedPath<silu<V>> {
  static constexpr float kNear = kNearExp, kVanishes = -109;

  template <class W>
  static Bounds<W> bounds(W x) {
    return quotientBounds(x, onePlusExp(clamped(x)), kFarReach);
  }
  template <class W>
  static Bounds<W> nearBounds(W x) {
    return nearQuotientBounds(x, nearOnePlusExp(x));
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
constexpr CubicTerms kTanhTerms = {0x1.2444f2p-4F, 0x1.49b16ap-29F, 0x1.65d26p4F, -0x1.226128p-20F};

// From 9 on the result is x; -w is 89.2 for -10.08, where e^-w overflows. Near, |w| < kNearExp.
template <>
struct QuickPath<geluTanh<V>> : BoundedPath<geluTanh<V>> {
  static constexpr float kNear = 4.9F, kVanishes = -10.8F;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W t = max(W(-10.08F), min(W(9.0F), x));
    return quotientBounds(x, plusExp(W(1.0F), expParts(cubic(t, kTanhTerms))), kFarReach);
  }
  template <class W>
  static Bounds<W> nearBounds(W x) {
    return nearQuotientBounds(x, nearOnePlus(expParts(cubic(x, kTanhTerms))));
  }
};

// u = e^t, n = u (u + 2) and d = n + 2.
template <class W>
struct MishTerms {
  Pair<W> u, n, d;
};

template <class W, class PlusTwo>
inline MishTerms<W> mishTermsBy(W t, PlusTwo plusTwo) {
  const Pair<W> power = value(expParts<1>(t));
  const Pair<W> u = fastSum(power.hi, power.lo);
  const Pair<W> u2 = plusTwo(u.hi);
  const W n = u.hi * u2.hi;
  const W nLow = fma(u.hi, u2.lo + u.lo, fma(u.lo, u2.hi, productError(u.hi, u2.hi, n)));
  const Pair<W> d = plusTwo(n);
  return {u, {n, nLow}, {d.hi, d.lo + nLow}};
}

template <class W>
inline MishTerms<W> mishTerms(W t) {
  return mishTermsBy(t, [](W a) { return positiveSum(a, W(2.0F)); });
}

// The same for |t| <= kNearMish: there n is below 2^24, as for nearOnePlusExp().
constexpr float kNearMish = 8.25F;

template <class W>
inline MishTerms<W> nearMishTerms(W t) {
  return mishTermsBy(t, [](W a) { return fastSum(W(2.0F), a); });
}

// (The terms by reference: by value, g++ makes Mish take 1.06 to 1.16 times as long.)
//
// Mish(x) = x n / d. From 32 on the result is x, and u stops growing.
template <>
struct QuickPath<mish<V>> : BoundedPath<mish<V>> {
  static constexpr float kNear = kNearMish, kLeast = -66, kVanishes = -109;

  template <class W>
  static Bounds<W> bounds(W x) {
    return boundsBy(x, mishTerms(max(W(-67.0F), min(W(32.0F), x))), kFarReach);
  }
  template <class W>
  static Bounds<W> nearBounds(W x) {
    return boundsBy(x, nearMishTerms(x), kReach);
  }

 private:
  template <class W>
  static Bounds<W> boundsBy(W x, const MishTerms<W>& terms, float reach) {
    const W numerator = x * terms.n.hi;
    const W numeratorLow = fma(x, terms.n.lo, productError(x, terms.n.hi, numerator));
    return quotientBounds(Pair<W>{numerator, numeratorLow}, terms.d, reach);
  }
};

INLINE_REGION_END
