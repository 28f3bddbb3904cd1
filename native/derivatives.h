// The derivatives f' of the activation functions, in two formulas each, as activations.h has the functions.
//
// Included inside a target region: no system headers here. lib/derivatives.ts does the same operations.
//
// Those of GELU and SiLU satisfy f'(x) + f'(-x) = 1. Each but Softplus' has one root. With r the distance from it, all
// terms of a formula below have the sign of r, so that nothing cancels, and the result is precise next to the root as
// well; hence the roots in three pieces.
#pragma once

#include "activations.h"

INLINE_REGION_BEGIN

// The functions that have a derivative here: all of them.
#define SIMD_ACTIVATIONS_DERIVATIVES(X) SIMD_ACTIVATIONS_FUNCTIONS(X)

// root - a, precise where it is small.
template <class V>
inline V distanceFrom(const double (&root)[3], V a) {
  return (root[0] - a) + root[1];
}

template <class V>
inline Pair<V> distancePairFrom(const double (&root)[3], V a) {
  const Pair<V> d = sum(V(root[0]), -a);
  const Pair<V> e = fastSum(d.hi, V(root[1]));
  return {e.hi, e.lo + (d.lo + root[2])};
}

// d for x < 0, 1 - d for x >= 0.
template <class V>
inline V mirrored(V x, V d) {
  return select(lessThan(x, V(0.0)), d, 1.0 - d);
}

// The same, given 2^256 d.
template <class V>
inline V mirrored(V x, Pair<V> d) {
  const auto negative = lessThan(x, V(0.0));
  const Pair<V> signedD = {select(negative, d.hi, -d.hi), select(negative, d.lo, -d.lo)};
  return round(fastSum(select(negative, 0.0, V(0x1p256)), signedD)) * 0x1p-256;
}

// f' near 0 by its series, 0.5 + c1 x + c3 x^3 + c5 x^5, which is better there than the formula: |x| < limit <= 2^-8.
// For c1 of 1/2 or 1/4 and 2^-27 < |x| < 2^-14, where c1 x may be half of a float32's unit, a double sees a tie, which
// c3 x^3 decides: towards 0.5. A unit of the double stands in for it, invisible to all other results.
template <class V>
inline V nearHalf(V x, double limit, double c1, double c3, double c5, V elsewhere) {
  const V size = abs(x);
  const V x2 = x * x;
  const V unit = select(lessThan(abs(size - 0x1p-15), V(0x1p-15 - 0x1p-27)), copysign(V(0x1p-53), x), 0.0);
  const V series = (x * ((x2 * c5 + c3) * x2 + c1) + 0.5) - unit;
  return select(lessThan(size, V(limit)), series, elsewhere);
}

// GELU' and the tanh form's next to 0, 0.5 + 2 phi(0) x, to the double's last bit: in 16 bits the product with an odd
// subnormal gradient is a tie, which it decides.
template <class V>
inline V nearZero(V x, V elsewhere) {
  return select(lessThan(abs(x), V(0x1p-27)), x * kTanhC1 * 0.5 + 0.5, elsewhere);
}

constexpr double kGeluRoot[3] = {0x1.80ead197f00b4p-1, -0x1.13e74c58cada8p-56, -0x1.65d4b5b9cdd03p-111};

// (R(a) - a / sqrt(2 pi)) / (root - a) as P(a) / Q(a), R as in math.h: error 2^-59.0, fitted as that one. P's constant
// term is lowered by 2 units in the last place, which takes the three float32 results off ties that were on the wrong
// side.
constexpr double kGeluSlopeP[10] = {
    0x1.54851a5cc1ec6p-1, 0x1.363ea011f67bdp+0, 0x1.0efc978c911c4p+0, 0x1.24ddffed6993bp-1, 0x1.acd96b4ea8c3dp-3,
    0x1.b86225ebdd2eap-5, 0x1.3d7750f982be6p-7, 0x1.36dcb4638492fp-10, 0x1.79507748453cdp-14, 0x1.b463530a07a13p-19};
constexpr double kGeluSlopeQ[10] = {
    0x1.0000000000000p+0, 0x1.0b3cde1d83128p+1, 0x1.ffdc7c7afff39p+0, 0x1.27dccc77a693dp+0, 0x1.c8539c1c6c699p-2,
    0x1.e8a355bb6e414p-4, 0x1.6cdda6ea2d886p-6, 0x1.7074cfef3c3e7p-9, 0x1.cc0b46e839e06p-13, 0x1.1177329c666a1p-17};

// GELU'(x) = Phi(x) + x phi(x).  At -a: e^(-a^2/2) (R(a) - a / sqrt(2 pi)) = e^(-a^2/2) (root - a) G(a).  Beyond 14.7,
// for bfloat16's products with large gradients, the rational is still good to 2^-47.
template <class V>
inline V geluDerivative(V x, const Parameters&) {
  const V a = min(V(20.0), abs(x));
  const V a2 = a * a;
  const V g = polynomial(a, a2, kGeluSlopeP) / polynomial(a, a2, kGeluSlopeQ);
  return nearZero(x, mirrored(x, exp(a2 * -0.5) * (distanceFrom(kGeluRoot, a) * g)));
}

template <class V>
inline V geluDerivativeWide(V x, const Parameters&) {
  const V a = min(V(38.7), abs(x));
  const Pair<V> e = expWide(product(a, a * -0.5), 256).value();
  return mirrored(x, e * (distancePairFrom(kGeluRoot, a) * inSegments<kGeluSlopeSegments>(a)));
}

// E u / (1 + E)^2.
template <class V>
inline V logisticSlope(V e, V u) {
  const V d = e + 1.0;
  return e * u / (d * d);
}

// The same times 2^256, E = e0 e^t, which is at most 1.
template <class V>
inline Pair<V> logisticSlope(const ExpWide<V>& e, Pair<V> e0, Pair<V> u) {
  const Pair<V> scaled = e.value() * e0;
  const Pair<V> denominator = fastSum(V(1.0), scale(scaled, V(0x1p-256)));
  return scaled * u / (denominator * denominator);
}

constexpr double kTanhRoot[3] = {0x1.81429f9e97e4dp-1, -0x1.4f523ed77dbdcp-55, 0x1.a649fca8ac0e5p-109};
constexpr double kTanhRootSquared[2] = {0x1.21e4bab8db157p-1, -0x1.3bbcb5d6e01bap-58};
constexpr double kTanhE0[2] = {0x1.2af64e9c485eep-2, -0x1.3ca470b477afcp-57};

// Lowered by 5 units in the last place, which takes two float32 results off ties that were on the wrong side.
constexpr double kTanhE0Nudged = 0x1.2af64e9c485e9p-2;

// The tanh form's.  At -a: E (1 + E - a w'(a)) / (1 + E)^2, E = e^-w(a).  With r = root - a, e0 = E(root) and
// q = c3 (a^2 + a root + root^2), it is E = e0 e^(r (c1 + q)) and 1 + E - a w'(a) = (E - e0) + r (c1 + 3 q).
template <class V>
inline V geluTanhDerivative(V x, const Parameters&) {
  const V a = min(V(14.0), abs(x));
  const V r = distanceFrom(kTanhRoot, a);
  const V q = (a * (a + kTanhRoot[0]) + kTanhRootSquared[0]) * kTanhC3[0];
  const V slope = q + kTanhC1;
  const Exp<V> e = reducedExp(r * slope);
  const V u = e.minusOne() * kTanhE0Nudged + r * (slope + (q + q));
  return nearZero(x, mirrored(x, logisticSlope(e.value() * kTanhE0[0], u)));
}

template <class V>
inline V geluTanhDerivativeWide(V x, const Parameters&) {
  const V a = min(V(21.6), abs(x));
  const Pair<V> r = distancePairFrom(kTanhRoot, a);
  const Pair<V> root = {kTanhRoot[0], kTanhRoot[1]};
  const Pair<V> squares = positiveSum(product(a, a), positiveSum(root * a, constant<V>(kTanhRootSquared)));
  const Pair<V> q = squares * constant<V>(kTanhC3);
  const Pair<V> slope = fastSum(constant<V>(kTanhC1Pieces), q);
  const ExpWide<V> e = expWide(r * slope, 256);
  const Pair<V> e0 = constant<V>(kTanhE0);
  const Pair<V> u = fastSum(r * positiveSum(slope, scale(q, V(2.0))), e.minusOne() * e0);  // the first is the larger
  return mirrored(x, logisticSlope(e, e0, u));
}

constexpr double kSiluRoot[3] = {0x1.474973c84120bp0, 0x1.f8d74bc9ac154p-54, 0x1.44a50180ba78p-108};
constexpr double kSiluE0[2] = {0x1.1d25cf210482ep-2, -0x1.ca2d0d94faaecp-60};

// SiLU'.  At -a: E (1 + E - a) / (1 + E)^2, E = e^-a.  With r = root - a and e0 = e^-root it is E = e0 e^r and
// 1 + E - a = (E - e0) + r.
template <class V>
inline V siluDerivative(V x, const Parameters&) {
  const V r = distanceFrom(kSiluRoot, min(V(200.0), abs(x)));
  const Exp<V> e = reducedExp(r);
  const V y = mirrored(x, logisticSlope(e.value() * kSiluE0[0], e.minusOne() * kSiluE0[0] + r));
  return nearHalf(x, 0x1p-8, 0.5, -1.0 / 12, 1.0 / 80, y);
}

template <class V>
inline V siluDerivativeWide(V x, const Parameters&) {
  const Pair<V> r = distancePairFrom(kSiluRoot, min(V(760.0), abs(x)));
  const ExpWide<V> e = expWide(r, 256);
  const Pair<V> e0 = constant<V>(kSiluE0);
  return mirrored(x, logisticSlope(e, e0, fastSum(r, e.minusOne() * e0)));  // r is the larger
}

constexpr double kMishRoot[3] = {-0x1.31432c0d12d84p0, -0x1.bf319154da21p-55, -0x1.3b82ea8c1efc4p-109};
constexpr double kMishE0[2] = {0x1.36c4202fc3eccp-2, 0x1.6d73a02f8d922p-56};
constexpr double kMishA[2] = {0x1.136c4202fc3edp2, -0x1.d2518bfa0e4dcp-53};
constexpr double kMishB[2] = {0x1.44a5b49f64236p1, 0x1.ce17cc6c2969cp-53};

// Mish'(x) = e w / (e^2 + 2 e + 2)^2, e = e^x, w = e^3 + 4 e^2 + (4 x + 6) e + 4 (x + 1).  With r = x - root and
// e0 = e^root it is e = e0 e^r and w = (e - e0) (e^2 + A e + B) + 4 r (1 + e), A = e0 + 4 and
// B = e0^2 + 4 e0 + 6 + 4 root.
template <class V>
inline V mishDerivative(V x, const Parameters&) {
  const V r = -distanceFrom(kMishRoot, min(V(40.0), max(V(-200.0), x)));
  const Exp<V> t = reducedExp(r);
  const V e = t.value() * kMishE0[0];
  const V w = t.minusOne() * kMishE0[0] * ((e + kMishA[0]) * e + kMishB[0]) + r * 4.0 * (e + 1.0);
  const V d = (e + 2.0) * e + 2.0;
  return e * w / (d * d);
}

template <class V>
inline V mishDerivativeWide(V x, const Parameters&) {
  const V bounded = min(V(30.0), max(V(-760.0), x));
  const Pair<V> r = -distancePairFrom(kMishRoot, bounded);
  const ExpWide<V> t = expWide(r, 256);
  const Pair<V> e0 = constant<V>(kMishE0);
  const Pair<V> scaled = t.value() * e0;
  const Pair<V> e = scale(scaled, V(0x1p-256));
  const Pair<V> w = t.minusOne() * e0 * ((e + constant<V>(kMishA)) * e + constant<V>(kMishB)) +
                    r * scale(fastSum(V(1.0), e), V(4.0));
  const Pair<V> d = positiveSum(V(2.0), fastSum(V(2.0), e) * e);
  return quotient(scaled * w, d * d) * 0x1p-256;
}

// Softplus'(x) = 1 / (1 + e^-t) = e^t / (e^t + 1), t = beta x; 1 where t > threshold, which is compared as in
// softplus().
template <class V>
inline V softplusDerivative(V x, const Parameters& p) {
  const V t = x * p.beta;
  const V e = exp(min(V(200.0), max(V(-200.0), t)));
  return select(lessThan(V(p.threshold), t), 1.0, nearHalf(t, 0x1p-10, 0.25, -1.0 / 48, 1.0 / 480, e / (e + 1.0)));
}

template <class V>
inline V softplusDerivativeWideForBeta1(V x, const Parameters& p) {
  const V y = timesLogistic(V(1.0), -max(V(-752.0), x));
  return select(lessThan(V(boundedThreshold(p)), x), 1.0, y);
}

template <class V>
inline V softplusDerivativeWide(V x, const Parameters& p) {
  const double beta = p.beta;
  const V t = x * beta;
  const V bounded = max(V(-752.0), t);
  V error = 0.0;
  if (isPreciseBeta(beta)) {
    error = select(lessThan(t, V(-752.0)), 0.0, productError(x, V(beta), t));
  }
  const V y = timesLogistic(V(1.0), Pair<V>{-bounded, -error});
  return select(lessThan(V(boundedThreshold(p)), t), 1.0, y);
}

template <>
constexpr V (*kForBeta1<softplusDerivativeWide<V>>)(V, const Parameters&) = softplusDerivativeWideForBeta1<V>;
template <>
constexpr bool kIsShort<softplusDerivativeWideForBeta1<V>> = true;

INLINE_REGION_END
