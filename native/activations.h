// THE list of the activation functions, and the two formulas of each over a vector V of float64 lanes.
//
// Included inside a target region: no system headers here. lib/activations.ts does the same operations in the same
// order, and gets the same bits.
//
// gelu() and its like serve float32 and 16-bit arrays: the argument was widened from 24 bits or fewer, and the result,
// off by a few 2^-53, is rounded once, to the array's type. geluWide() and its like serve float64 arrays and are off by
// less than 0.6 units in the last place. They compute the value times a power of 2 in pairs of doubles, and the last
// operation takes that power off: results reach 2^-1074, and a subnormal one is right to its last bit (its two
// roundings are off by 0.75 of it at most). Where the error of a product underflows, ISAs may differ in it, but there
// it counts for nothing in the sum. An x that is the result, too, need not be in a formula's range: what comes of it
// there is not selected.
//
// None of the forms cancels, none overflows, and all take infinities and NaN (any NaN may come out: the store makes it
// canonical).
#pragma once

#include "wide.h"

INLINE_REGION_BEGIN

// One row per function: its name here, in the addon and in lib/activations.ts.
#define SIMD_ACTIVATIONS_FUNCTIONS(X) X(gelu) X(geluTanh) X(silu) X(mish) X(softplus)

// Where y is about x/2 and x an odd subnormal, x/2 is a tie in float32, which the next, positive term of the series
// decides. It is far below the last bit of a double; this stands in for it, invisible to all other results.
constexpr double kTieBreak = 0x1p-178;

template <class V>
inline V breakTie(V y, V x) {
  return copysign(y + kTieBreak, x);
}

// x / (1 + e^t), t a V or a pair.  For |x| <= 2^64 and -600 <= t <= 754.
template <class V, class W>
inline V timesLogistic(V x, W t) {
  return quotient(x, expWide(t, -128).plus(0x1p-128)) * 0x1p-128;
}

// GELU(x) = x Phi(x) = max(x, 0) - a Phi(-a), a = |x|; Phi(-a) = e^(-a^2/2) R(a), R in math.h and wide.h. Rounds to
// -0 below -14.36 (float32) and -38.58 (float64).
template <class V>
inline V gelu(V x, const Parameters&) {
  const V a = min(V(14.6), abs(x));
  const V a2 = a * a;
  const V tail = a * (exp(a2 * -0.5) * halfErfcx(a, a2));
  return breakTie(max(V(0.0), x) - tail, x);
}

template <class V>
inline V geluWide(V x, const Parameters&) {
  const V a = min(V(38.7), abs(x));
  const Pair<V> e = expWide(product(a, a * -0.5), 256).value();
  const Pair<V> tail = e * inSegments<kHalfErfcxSegments>(a) * a;
  const Pair<V> y = fastSum(max(V(0.0), x) * 0x1p256, -tail);
  return select(lessThan(x, V(9.0)), round(y) * 0x1p-256, x);
}

// GELU's tanh form, 0.5 x (1 + tanh(w/2)) = x / (1 + e^-w), w = 2 sqrt(2/pi) (x + 0.044715 x^3) = c1 x + c3 x^3. Rounds
// to -0 below -10.77 (float32) and -21.55 (float64).
constexpr double kTanhC1 = 0x1.9884533d43651p0;
constexpr double kTanhC3[2] = {0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c7p-61};

// As x e^w / (e^w + 1), since x / (1 + e^-w), one product less, misrounds -0x1.6148dep-16.
template <class V>
inline V geluTanh(V x, const Parameters&) {
  const V bounded = max(V(-14.0), x);
  const V t = min(V(14.0), bounded);
  const V w = t * (t * t * kTanhC3[0] + kTanhC1);
  const V e = exp(w);
  return breakTie(bounded * (e / (e + 1.0)), x);
}

// c1, its first piece a multiple of 2^-47, the last place of its sum with c3 x^2, which is below 64.
constexpr double kTanhC1Pieces[2] = {0x1.9884533d4366p0, -0x1.ee5e069875fe9p-49};

template <class V>
inline V geluTanhWide(V x, const Parameters&) {
  const V bounded = max(V(-21.6), x);
  const Pair<V> cubic = product(bounded, bounded) * constant<V>(kTanhC3);
  const Pair<V> t = fastSum(constant<V>(kTanhC1Pieces), cubic) * -bounded;
  return select(lessThan(x, V(9.0)), timesLogistic(bounded, t), x);
}

// SiLU(x) = x / (1 + e^-x).  Rounds to -0 below -108.66 (float32) and -751.76 (float64).
template <class V>
inline V silu(V x, const Parameters&) {
  const V bounded = max(V(-200.0), x);
  return breakTie(bounded / (exp(-min(V(200.0), bounded)) + 1.0), x);
}

template <class V>
inline V siluWide(V x, const Parameters&) {
  const V bounded = max(V(-752.0), x);
  return select(lessThan(x, V(50.0)), timesLogistic(bounded, -bounded), x);
}

// Mish(x) = x tanh(ln(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2).  Rounds to -0 below -108.66 (float32) and -751.76
// (float64).
template <class V>
inline V mish(V x, const Parameters&) {
  const V bounded = max(V(-200.0), x);
  const V e = exp(min(V(40.0), bounded));
  const V n = e * (e + 2.0);
  return bounded * n / (n + 2.0);
}

template <class V>
inline V mishWide(V x, const Parameters&) {
  const V bounded = max(V(-752.0), x);
  const Pair<V> e = expWide(bounded, 128).value();
  const Pair<V> n = e * fastSum(V(0x1p129), e);  // times 2^256
  const V y = quotient(n * (bounded * 0x1p128), positiveSum(V(0x1p257), n)) * 0x1p-128;
  return select(lessThan(x, V(20.0)), y, x);
}

// Softplus(x) = ln(1 + e^t) / beta, t = beta x, as (max(t, 0) + ln(1 + e^-|t|)) / beta; x where t > threshold. Rounds
// to +0 below -103.97 (float32) and -745.13 (float64), for beta 1. Here t is exact, and the caller has moved the
// threshold to where t's rounding to float32 passes it.
template <class V>
inline V softplus(V x, const Parameters& p) {
  const V t = x * p.beta;
  const V y = max(V(0.0), t) + log1p(exp(-min(V(200.0), abs(t))));
  return select(lessThan(V(p.threshold), t), x, p.beta == 1 ? y : y / p.beta);
}

// A number as `value` times `unit`, a power of 2 that takes it below 2^-1022.
template <class V>
struct Scaled {
  Pair<V> value;
  V unit;
};

// ln(1 + e^t) = linear + ln(1 + e^size), linear = max(t, 0) and size = -|t|, each a V or a pair.  For -1080 <= t.
// Below -30, where 1 + e^t would lose bits of e^t, it is e - e^2 / 2, e = e^t.
template <class V, class W>
inline Scaled<V> softplusOf(V t, W linear, W size) {
  const auto far = lessThan(t, V(-30.0));
  const Pair<V> e = expWide(size, 550).value();
  const Pair<V> unscaled = scale(e, V(0x1p-550));
  const Pair<V> y = positiveSum(linear, log1pWide(unscaled));
  return {{select(far, e.hi, y.hi), select(far, e.lo - e.hi * (unscaled.hi * 0.5), y.lo)}, select(far, 0x1p-550, 1.0)};
}

// The rounded t is compared with the threshold. From 50 on the result is x in any case.
inline double boundedThreshold(const Parameters& p) { return p.threshold < 50 ? p.threshold : 50.0; }

template <class V>
inline V softplusWideForBeta1(V x, const Parameters& p) {
  const V t = max(V(-1080.0), x);
  const Scaled<V> y = softplusOf(t, max(V(0.0), t), -abs(t));
  return select(lessThan(V(boundedThreshold(p)), x), x, round(y.value) * y.unit);
}

// Where e^t / beta is a double, and t <= -30, 2^550 e^t and its quotient are from 2^-1006 to 2^988 for these |beta|,
// and from 2^-954 where it is normal: so the pair operations lose no bits. For others t and the quotient are rounded to
// double.
inline bool isPreciseBeta(double beta) {
  const double magnitude = beta < 0 ? -beta : beta;
  return magnitude >= 0x1p-480 && magnitude <= 0x1p480;
}

// Below t = -1080 no e^t / beta of a precise beta is left.
template <class V>
inline V softplusWide(V x, const Parameters& p) {
  const double beta = p.beta;
  const bool precise = isPreciseBeta(beta);
  const V t = x * beta;
  const V bounded = max(V(-1080.0), t);
  const auto vanishes = lessThan(t, V(-1080.0));
  const V error = precise ? select(vanishes, 0.0, productError(x, V(beta), t)) : V(0.0);
  const auto negative = lessThan(bounded, V(0.0));
  const Pair<V> linear = {max(V(0.0), bounded), select(negative, 0.0, error)};
  const Scaled<V> scaled = softplusOf(bounded, linear, Pair<V>{-abs(bounded), select(negative, error, -error)});
  const V y = precise ? quotient(scaled.value, Pair<V>{beta, 0.0}) * scaled.unit
                      : round(scaled.value) * scaled.unit / beta;
  return select(lessThan(V(boundedThreshold(p)), t), x, select(vanishes, 0.0 / beta, y));
}

// A formula for beta 1, where that is a simpler one: it is chosen before the loop, since a branch in it would keep it
// from several vectors in step.
template <V (*formula)(V, const Parameters&)>
constexpr V (*kForBeta1)(V, const Parameters&) = formula;
template <>
constexpr V (*kForBeta1<softplusWide<V>>)(V, const Parameters&) = softplusWideForBeta1<V>;

// Whether a formula leaves registers for more vectors in step than others.
template <V (*formula)(V, const Parameters&)>
constexpr bool kIsShort = false;
template <>
constexpr bool kIsShort<geluTanhWide<V>> = true;
template <>
constexpr bool kIsShort<siluWide<V>> = true;
template <>
constexpr bool kIsShort<mishWide<V>> = true;
template <>
constexpr bool kIsShort<softplusWideForBeta1<V>> = true;

// A faster way to a formula's float32 results, for an ISA that has it (quick.h).
template <V (*formula)(V, const Parameters&)>
struct QuickPath {
  static constexpr bool kExists = false;
};

INLINE_REGION_END
