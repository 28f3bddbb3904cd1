// The quick paths of the derivatives of Softplus, SiLU and GELU's tanh form: pairs of float32 lanes, as in
// quick_logistic.h, and one division.
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

template <class A, class B>
inline Both<A, B> largerMagnitude(Both<A, B> x, Both<A, B> y) {
  return {largerMagnitude(x.a, y.a), largerMagnitude(x.b, y.b)};
}
template <class A, class B>
inline Both<A, B> smallerMagnitude(Both<A, B> x, Both<A, B> y) {
  return {smallerMagnitude(x.a, y.a), smallerMagnitude(x.b, y.b)};
}

// A derivative by bounds, as LogisticPath. The products with the bounds tell as much as these do, and whether they are
// NaN. No bounds are on both sides of 0, where a gradient of 0 would hide it: next to a root, a slope is above 2^-29.
template <V (*derivative)(V, const Parameters&)>
struct SlopePath {
  static constexpr bool kExists = true;
  static constexpr float kLeast = kUnlimited, kNothing = -0.0F;
  using Step = Together<F, F::kTogether < 4 ? F::kTogether : 4>;  // more do not fit into the registers

  template <class W>
  FLATTEN static void block(const float* gradOutput, const float* x, float* out, const Parameters& parameters) {
    using Path = QuickPath<derivative>;
    const W v = W::load(x), grad = W::load(gradOutput);
    const Bounds<W> b = Path::bounds(v);
    const W product = grad * b.low;
    const unsigned failed = failures<Path>(allBits(product - grad * b.high), least(v));
    if (__builtin_expect(failed == 0, 1)) {
      W::store(out, product);
      return;
    }
    float copies[3][W::kLanes], slopes[W::kLanes];
    W::store(copies[0], v);
    W::store(copies[1], b.high);
    W::store(copies[2], grad);
    W::store(slopes, b.low);
    repair<derivative, W::kLanes>(copies[0], copies[1], slopes, parameters);
    for (size_t i = 0; i < W::kLanes; i += F::kLanes)
      F::store(out + i, withCanonicalNaN(F::load(copies[2] + i) * F::load(slopes + i)));
  }

  static bool runBackward(const float* gradOutput, const float* x, float* out, size_t n, const Parameters& parameters) {
    return runQuickBackward<derivative>(gradOutput, x, out, n, parameters);
  }
};

// Softplus'(x) = 1 / (1 + e^-x) for beta 1.
template <>
struct QuickPath<softplusDerivative<V>> : SlopePath<softplusDerivative<V>> {
  static constexpr float kVanishes = -104, kNothing = 0.0F;

  template <class W>
  static Bounds<W> bounds(W x) {
    return quotientBounds(W(1.0F), onePlusExp(expParts<-1>(min(W(64.0F), x))));
  }
  // From 18 on it is 1 in any case.
  static bool runBackward(const float* gradOutput, const float* x, float* out, size_t n, const Parameters& parameters) {
    if (parameters.beta != 1 || parameters.threshold < 18) return false;
    return runQuickBackward<softplusDerivative<V>>(gradOutput, x, out, n, parameters);
  }
};

// e^t and 1 + e^t, both times kScale, which keeps the square of a large sum from overflowing.
constexpr float kScale = 0x1p-32F;

template <class W>
struct ExpSum {
  Pair<W> exp, sum;
};

template <class W>
inline ExpSum<W> scaledExpSum(ExpParts<W> e) {
  const W power = e.power * W(kScale);
  const W first = fma(power, e.growth, power);
  const Pair<W> exp = fastSum(first, fma(power, e.rest, fma(power, e.growth, power - first)));
  const Pair<W> sum = positiveSum(W(kScale), exp.hi);
  return {exp, {sum.hi, sum.lo + exp.lo}};
}

// (D + z E) / D^2 with kScale E and kScale D, and z E in two pieces. The sum may cancel, so the bounds are further from
// the quotient by 2^-35 of the larger term.
constexpr int kSlopeErrorBits = 35;

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
  const W error = minusBits(larger, uint32_t(kSlopeErrorBits) << 23);
  return {fma(remainder - error, inverse, q), fma(remainder + error, inverse, q)};
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

constexpr CubicTerms kTanhSlopeTerms = {0x1.b6676cp-3F, -0x1.175e2p-32F, 0x1.dd18p2F, 0x1.f9f35p-16F};

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
