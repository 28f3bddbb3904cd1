// The quick paths of the derivatives of Softplus, SiLU and GELU's tanh form, as quick_logistic.h has the functions, and of
// GELU, as quick_tail.h has it.
//
// SiLU'(x) and the tanh form's are the sum of two numbers over a square, (D + x w' E) / D^2, E = e^-w, D = 1 + E. The
// sum is zero at the function's least value, where it cancels, and the error is bounded by the larger of the two.
//
// Tried, ns per element on Zen 4 with AVX-512 (Softplus, SiLU, tanh form): blocks of 2 vectors 0.53, 0.99, 1.21; of 3
// 0.54, 0.93, 1.18; of 4 0.51, 0.81, 1.09; of 6 0.86, 0.98, more. The product in a pass of its own, over slopes that
// stay in the L1 cache: 0.64, 0.91.
#pragma once

#include "derivatives.h"
#include "quick_logistic.h"
#include "quick_tail.h"

constexpr size_t kSlopesTogether = F::kTogether < 4 ? F::kTogether : 4;  // more do not fit into the registers

template <V (*derivative)(V, const Parameters&)>
using SlopePath = BoundedPath<derivative, kSlopesTogether>;

// Softplus'(x) = 1 / (1 + e^-x) for beta 1.
template <>
struct QuickPath<softplusDerivative<V>> : SlopePath<softplusDerivative<V>> {
  static constexpr float kVanishes = -104, kNothing = 0.0F;

  template <class W>
  static Bounds<W> bounds(W x) {
    return quotientBounds(W(1.0F), plusExp(W(1.0F), expParts<-1>(min(W(64.0F), x))));
  }
  // From 18 on it is 1 in any case.
  static bool suits(const Parameters& parameters) { return QuickPath<softplus<V>>::suits(parameters); }
};

// e^t and 1 + e^t, both times kScale, which keeps the square of a large sum from overflowing.
constexpr float kScale = 0x1p-32F;

template <class W>
struct ExpSum {
  Pair<W> exp, sum;
};

template <class W>
inline ExpSum<W> scaledExpSum(ExpParts<W> e) {
  e.power = e.power * W(kScale);
  const Pair<W> power = value(e);
  const Pair<W> exp = fastSum(power.hi, power.lo);
  const Pair<W> sum = positiveSum(W(kScale), exp.hi);
  return {exp, {sum.hi, sum.lo + exp.lo}};
}

// (D + z E) / D^2 with kScale E and kScale D, and z E in two pieces. The sum may cancel, so the bounds are further from
// the quotient by 2^-35 of the larger term.
constexpr float kSlopeError = F::kTableBits == 5 ? 0x1.4p-36F : 0x1.1p-37F;

template <class W>
inline Bounds<W> slopeBounds(Pair<W> d, Pair<W> product) {
  const W larger = largerMagnitude(d.hi, product.hi);
  const Pair<W> sum = fastSum(larger, smallerMagnitude(d.hi, product.hi));
  const W sumLow = sum.lo + (d.lo + product.lo);
  const W square = d.hi * d.hi;
  const W squareLow = fma(d.hi, d.lo + d.lo, productError(d.hi, d.hi, square));
  const W inverse = W(kScale) / square;
  const W q = sum.hi * inverse;
  const W scaledQ = q * W(1 / kScale);
  const W remainder = fnma(scaledQ, squareLow, fnma(scaledQ, square, sum.hi) + sumLow);
  return {fma(fnma(larger, W(kSlopeError), remainder), inverse, q),
          fma(fma(larger, W(kSlopeError), remainder), inverse, q)};
}

// SiLU'(x): w = z = x.
template <>
struct QuickPath<siluDerivative<V>> : SlopePath<siluDerivative<V>> {
  static constexpr float kLeast = -54, kVanishes = -110;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W t = min(W(30.0F), x);
    const ExpSum<W> e = scaledExpSum(expParts<-1>(t));
    const W product = t * e.exp.hi;
    const W productLow = fma(t, e.exp.lo, productError(t, e.exp.hi, product));
    return slopeBounds(e.sum, Pair<W>{product, productLow});
  }
};

constexpr CubicTerms kTanhSlopeTerms = {0x1.b6676cp-3F, -0x1.175e2p-32F, 0x1.dd188p2F, -0x1.832c36p-22F};

// The tanh form's: w as in quick_logistic.h, z = x w'(x), the same with 3 c and s / 3.
template <>
struct QuickPath<geluTanhDerivative<V>> : SlopePath<geluTanhDerivative<V>> {
  static constexpr float kLeast = -8.25F, kVanishes = -11.5F;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W t = min(W(6.75F), x);
    const ExpSum<W> e = scaledExpSum(expParts(cubic(t, kTanhTerms)));
    const Pair<W> z = cubic(t, kTanhSlopeTerms);
    const W product = z.hi * e.exp.hi;
    const W productLow = fma(z.lo, e.exp.hi, fma(z.hi, e.exp.lo, productError(z.hi, e.exp.hi, product)));
    return slopeBounds(e.sum, Pair<W>{product, productLow});
  }
};

// GELU'(x) = (1 + s) / 2 - s Tail(a) (root - a), a = |x|, s the sign of x. The root's first piece is so short that its
// distance from an a beyond it is exact; near it, the rest of Tail(a) times the rest of the distance is left out, which
// is 2^-38.3 of Tail(a) at most.
constexpr float kGeluRootError = 0x1p-38F;
constexpr float kGeluRootHigh = 0x1.80eadp-1F, kGeluRootLow = 0x1.97f00cp-25F;

template <>
struct QuickPath<geluDerivative<V>> : SlopePath<geluDerivative<V>> {
  static constexpr float kLeast = -8, kVanishes = -20;
  using Tail = GeluSlopeTail<F::kTableBits>;

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
};
