// The quick paths of the derivatives of Softplus, SiLU, Mish and GELU's tanh form, as quick_logistic.h has the
// functions, and of GELU and near 0 the tanh form, as quick_tail.h has GELU.
//
// Tried, ns per element (SiLU, tanh form; N(0, 1)) on an Intel Xeon with AVX-512: blocks of 3 vectors 0.49, 0.75; of 4
// 0.49, 0.73; of 5 0.46, 0.71; of 6 0.44, 0.75. Both as (D + z E) / D^2, D = 1 + E, 0.60, 0.80. An error bound that
// grows with |z (1 - s)| and not with the sum 0.49, 0.77: three times as many blocks fail, next to the root. One that
// is smaller where e^-w does not count, two operations more, 0.45, 0.73. The estimate of 1 / d without Newton's step,
// and its rest's square instead, as many operations. On Zen 4 the product with the gradient in a pass of its own, over
// slopes that stay in the L1 cache, 1.1 times as long. Softplus' in blocks of 8 there, 1.4 times as long as of 6. Mish'
// there in blocks of 3 0.94, of 4 0.90, of 6 0.92; AVX2 of 2 1.71, of 3 1.68, of 4 1.72; with one way for all x 1.01
// and 1.86, and by the formula in float64 1.68 and 2.68.
#pragma once

#include "derivatives.h"
#include "quick_logistic.h"
#include "quick_tail.h"

INLINE_REGION_BEGIN

// Softplus'(x) = 1 / (1 + e^-x) for beta 1.
template <>
struct QuickPath<softplusDerivative<V>> : BoundedPath<softplusDerivative<V>> {
  static constexpr float kNear = kNearExp, kVanishes = -104, kNothing = 0.0F;

  template <class W>
  static Bounds<W> bounds(W x) {
    return quotientBounds(W(1.0F), onePlusExp(clamped(x)), kFarReach);
  }
  template <class W>
  static Bounds<W> nearBounds(W x) {
    const Inverse<W> inverse = inverseOf(nearOnePlusExp(x));
    return zivBounds(inverse.estimate, fnma(inverse.estimate, inverse.growth, W(0.0F)));
  }
  // From 18 on it is 1 in any case.
  static bool suits(const Parameters& parameters) { return QuickPath<softplus<V>>::suits(parameters); }
};

// Bounds of s times a sum that lacks `excess`, which is off by `error` at most.
template <class W>
inline Bounds<W> productBounds(W s, W sum, W excess, W error) {
  return {fma(s, sum, s * (excess - error)), fma(s, sum, s * (excess + error))};
}

// s (1 + z (1 - s)), s = 1 / d, |z.hi| < 128; z.lo counts if kPair. `turn` is z (1 - s), rounded to so few bits that
// 1 + turn and z - turn are exact; `excess` is what 1 + turn lacks. The sum is zero at the function's least value,
// where it cancels: an error bound is sumError times the sum, and a little more. Measured over a third of all x, the
// error is 0.99 of its bound at most, far below 0 too, and 0.89 for SiLU's near bounds with a table of 8.
constexpr float kSlopeError = kLargeTable ? 0x1.8p-38F : 0x1.4p-38F;
constexpr float kSumError = kLargeTable ? 0x1.88p-36F : 0x1.3p-37F, kNearSumError = kLargeTable ? 0x1.1p-36F : kSumError;
constexpr float kRoundTurn = 0x1.8p8F;

template <bool kPair, class W>
inline Bounds<W> slopeBounds(Pair<W> z, Pair<W> d, float sumError) {
  const W s = reciprocal(d.hi + d.lo);
  const W rest = fnma(s, d.lo, fnma(s, d.hi, W(1.0F)));  // 1 / d = s (1 + rest)
  const W mirrored = W(1.0F) - s;
  const W turn = fma(z.hi, mirrored, W(kRoundTurn)) - W(kRoundTurn);
  const W sum = turn + W(1.0F);
  const W product = z.hi - turn;  // z s
  W excess = fnma(z.hi, s, product);
  if (kPair) excess = fma(z.lo, mirrored, excess);
  excess = fma(rest, sum - product, excess);
  const W error = fma(abs(sum), W(sumError), W(kSlopeError));
  return productBounds(s, sum, excess, error);
}

// SiLU'(x): w = z = x.
template <>
struct QuickPath<siluDerivative<V>> : BoundedPath<siluDerivative<V>> {
  static constexpr float kNear = kNearExp, kLeast = -54, kVanishes = -110;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W t = max(W(-55.0F), min(W(30.0F), x));
    return slopeBounds<false>(Pair<W>{t, 0.0F}, onePlusExp(t), kSumError);
  }
  template <class W>
  static Bounds<W> nearBounds(W x) {
    return slopeBounds<false>(Pair<W>{x, 0.0F}, nearOnePlusExp(x), kNearSumError);
  }
};

// Mish'(x) = (n + turn) / d, turn = 4 x (n - u) / d, n, u and d as in quick_logistic.h; nearly zero where these cancel.
// It is off by 0.99 of error / d at most, measured over all near x and a third of the others. From 32 on it is 1.
constexpr float kMishSlopeError = kLargeTable ? 0x1.54p-36F : 0x1.24p-37F;
constexpr float kNearMishSlopeError = kLargeTable ? 0x1.78p-37F : 0x1.78p-38F;

template <>
struct QuickPath<mishDerivative<V>> : BoundedPath<mishDerivative<V>, 4> {
  static constexpr float kNear = kNearMish, kLeast = -54, kVanishes = -110;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W t = max(W(-55.0F), min(W(32.0F), x));
    return boundsBy(t, mishTerms(t), W(kMishSlopeError));
  }
  template <class W>
  static Bounds<W> nearBounds(W x) {
    return boundsBy(x, nearMishTerms(x), W(kNearMishSlopeError));
  }

 private:
  template <class W>
  static Bounds<W> boundsBy(W x, const MishTerms<W>& terms, W relativeError) {
    const Pair<W> n = terms.n, d = terms.d;
    const W s = reciprocal(d.hi);
    const W rest = fnma(s, d.lo, fnma(s, d.hi, W(1.0F)));  // 1 / d = s (1 + rest)
    const W difference = n.hi - terms.u.hi;
    const W differenceLow = ((n.hi - difference) - terms.u.hi) + (n.lo - terms.u.lo);
    const W s4 = s * W(4.0F);
    const W factor = x * s4;
    const W factorLow = fma(factor, rest, productError(x, s4, factor));
    const W turn = factor * difference;
    const W turnLow = fma(factor, differenceLow, fma(factorLow, difference, productError(factor, difference, turn)));
    const Pair<W> y = sum(n.hi, turn);
    const W excess = fma(rest, y.hi, y.lo + (n.lo + turnLow));
    const W error = fma(abs(turn), relativeError, n.hi * relativeError);
    return productBounds(s, y.hi, excess, error);
  }
};

// GELU' and its tanh form's near 0: y(a) for positive x and 1 - y(a) for others, a = |x|. y(a) is from 1/2 to 9/8, so
// that 1 - y(a) is exact but for its low piece. Where y is greatest, next to sqrt(2), a segment ends: inside of one,
// its second coefficient would be less than what is added to it, and the rest of their sum not exact. y is off by
// kError |1 - y| and a sixteenth of kError, next to the root.
template <class Near, class W>
inline Bounds<W> segmentBounds(W x, Pair<W> y) {
  const W sign = copysign(W(1.0F), x);
  const W high = fma(sign, y.hi, W(0.5F) - copysign(W(0.5F), x));
  const W error = fma(abs(W(1.0F) - y.hi), W(Near::kError), W(Near::kError / 16));
  return {high - fnma(sign, y.lo, error), high + fma(sign, y.lo, error)};
}

constexpr CubicTerms kTanhSlopeTerms = {0x1.b6676cp-3F, -0x1.175e2p-32F, 0x1.dd188p2F, -0x1.832c36p-22F};

// The tanh form's: w as in quick_logistic.h, z = x w'(x), the same with 3 c and s / 3.
template <>
struct QuickPath<geluTanhDerivative<V>> : SegmentPath<geluTanhDerivative<V>> {
  static constexpr float kNear = kNearTail, kLeast = -8.25F, kVanishes = -11.5F;
  using Near = GeluTanhSlopeNear<F::kTableBits>;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W t = min(W(6.75F), x);
    return slopeBounds<true>(cubic(t, kTanhSlopeTerms), plusExp(W(1.0F), expParts(cubic(t, kTanhTerms))), kSumError);
  }
  template <class W>
  static Bounds<W> nearRest(W x, Pair<W> y) {
    return segmentBounds<Near>(x, y);
  }
};

// GELU'(x) = (1 + s) / 2 - s Tail(a) (root - a), a = |x|, s the sign of x. The root's first piece is so short that its
// distance from an a beyond it is exact; near it, the rest of Tail(a) times the rest of the distance is left out, which
// is 2^-38.3 of Tail(a) at most.
constexpr float kGeluRootError = 0x1p-38F;
constexpr float kGeluRootHigh = 0x1.80eadp-1F, kGeluRootLow = 0x1.97f00cp-25F;

template <>
struct QuickPath<geluDerivative<V>> : SegmentPath<geluDerivative<V>> {
  static constexpr float kNear = kNearTail, kLeast = -8, kVanishes = -20;
  using Tail = GeluSlopeTail<F::kTableBits>;
  using Near = GeluSlopeNear<F::kTableBits>;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W a = min(W(8.0F), abs(x));
    ExpParts<W> e = expParts(segmentPolynomial<Tail>(a));
    e.power = copysign(e.power, x);
    const Pair<W> tail = value(e);
    const W distance = W(kGeluRootHigh) - a;
    const W distanceLow = ((W(kGeluRootHigh) - distance) - a) + W(kGeluRootLow);
    const W step = copysign(W(0.5F), x) + W(0.5F);
    const W y = fnma(tail.hi, distance, step);
    const W change = y - step;
    const W excess = fma(tail.hi, distanceLow, fma(tail.lo, distance, fma(tail.hi, distance, change)));
    const W error = tail.hi * fma(abs(distance), W(Tail::kError), W(kGeluRootError));
    return boundsAround(y, excess, error);
  }

  template <class W>
  static Bounds<W> nearRest(W x, Pair<W> y) {
    return segmentBounds<Near>(x, y);
  }
};

INLINE_REGION_END
