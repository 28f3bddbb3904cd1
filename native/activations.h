// THE list of the activation functions, and the formula of each over a vector V of float64 lanes.
//
// Included inside a target region: no system headers here. A formula serves float32 arrays: its argument was widened
// from 24 bits, and its result, off by a few 2^-53, is rounded once, to float32. None of the forms cancels, none
// overflows, and all take infinities and NaN (any NaN may come out: the store makes it canonical).
#pragma once

#include "math.h"

// One row per function: its name here, in the addon and in lib/activations.ts.
#define SIMD_ACTIVATIONS_FUNCTIONS(X) X(gelu) X(geluTanh) X(silu) X(mish) X(softplus)

// Where y is about x/2 and x an odd subnormal, x/2 is a tie in float32, which the next, positive term of the series
// decides. It is far below the last bit of a double; this stands in for it, invisible to all other results.
constexpr double kTieBreak = 0x1p-178;

template <class V>
inline V breakTie(V y, V x) {
  return copysign(y + kTieBreak, x);
}

// GELU(x) = x Phi(x) = max(x, 0) - a Phi(-a), a = |x|; Phi(-a) = e^(-a^2/2) R(a).  Rounds to -0 below -14.36.
template <class V>
inline V gelu(V x, const Parameters&) {
  const V a = min(V(14.6), abs(x));
  const V a2 = a * a;
  const V tail = a * (exp(a2 * -0.5) * halfErfcx(a, a2));
  return breakTie(max(V(0.0), x) - tail, x);
}

// 2 sqrt(2/pi), and its product with 0.044715.
constexpr double kTanhC1 = 0x1.9884533d43651p+0;
constexpr double kTanhC3 = kTanhC1 * 0.044715;

// GELU's tanh form, 0.5 x (1 + tanh(w/2)) = x e^w / (e^w + 1), w = 2 sqrt(2/pi) (x + 0.044715 x^3).
// -0 below -10.77. (x / (1 + e^-w), one product less, misrounds -0x1.6148dep-16.)
template <class V>
inline V geluTanh(V x, const Parameters&) {
  const V bounded = max(V(-14.0), x);
  const V t = min(V(14.0), bounded);
  const V w = t * (t * t * kTanhC3 + kTanhC1);
  const V e = exp(w);
  return breakTie(bounded * (e / (e + 1.0)), x);
}

// SiLU(x) = x / (1 + e^-x).  -0 below -108.66.
template <class V>
inline V silu(V x, const Parameters&) {
  const V bounded = max(V(-200.0), x);
  return breakTie(bounded / (exp(-min(V(200.0), bounded)) + 1.0), x);
}

// Mish(x) = x tanh(ln(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2).  -0 below -108.66.
template <class V>
inline V mish(V x, const Parameters&) {
  const V bounded = max(V(-200.0), x);
  const V e = exp(min(V(40.0), bounded));
  const V n = e * (e + 2.0);
  return bounded * n / (n + 2.0);
}

// Softplus(x) = ln(1 + e^t) / beta, t = beta x, as (max(t, 0) + ln(1 + e^-|t|)) / beta; x where t > threshold.
// +0 below -103.97 (beta 1). t is exact; the caller has moved the threshold to where t's rounding to float32 passes it.
template <class V>
inline V softplus(V x, const Parameters& p) {
  const V t = x * p.beta;
  const V y = max(V(0.0), t) + log1p(exp(-min(V(200.0), abs(t))));
  return select(lessThan(V(p.threshold), t), x, p.beta == 1 ? y : y / p.beta);
}
