// The loop around a formula, and an ISA's table of kernels.
//
// Included last inside an ISA file's target region, in its anonymous namespace, after the vector type V: no system
// headers here. The file has included sixteen_bit.h and <cstring> before the region.
#pragma once

#include "derivatives.h"

// Elements per turn: two vectors, since one chain of dependent operations leaves half of the pipes idle. The float64
// formulas are long enough to fill them.
template <class T>
constexpr size_t kTurn = (sizeof(T) == sizeof(double) ? 1 : 2) * V::kLanes;

// out[i] = formula(x[i]) for an element type T. V does the conversions: load widens, store rounds once and makes NaN
// canonical. The rest of a buffer goes through the same code, over a copy, so that a value's bits do not depend on its
// place.
template <class T, V (*formula)(V, const Parameters&)>
NEVER_INLINE const char* run(const void* x, void* out, size_t n, const Parameters& given) {
  const Parameters parameters = given;  // a copy, which the stores to `out` cannot change: no loads in the loop
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  if constexpr (sizeof(T) == sizeof(float) && QuickPath<formula>::kExists) {
    if (QuickPath<formula>::run(from, to, n, parameters)) return kIsaName;
  }
  size_t i = 0;
  for (; i + kTurn<T> <= n; i += kTurn<T>) {
    const V a = formula(V::load(from + i), parameters);
    if constexpr (kTurn<T> == V::kLanes) {
      V::store(to + i, a);
    } else {
      const V b = formula(V::load(from + i + V::kLanes), parameters);
      V::store(to + i, a);
      V::store(to + i + V::kLanes, b);
    }
  }
  if (i < n) {
    T rest[kTurn<T>] = {};
    memcpy(rest, from + i, (n - i) * sizeof(T));
    run<T, formula>(rest, rest, kTurn<T>, parameters);
    memcpy(to + i, rest, (n - i) * sizeof(T));
  }
  return kIsaName;
}

// The derivative as the product takes it: float32's is a float32 result of its own. In 16 bits what is too small for
// any finite gradient is zero: the formulas take -20 or -200 for the arguments below.
template <class T>
inline V rounded(V derivative) {
  if (sizeof(T) == sizeof(float)) return roundToFloat(derivative);
  if (sizeof(T) == sizeof(double)) return derivative;
  return select(lessThan(abs(derivative), V(0x1p-270)), copysign(V(0.0), derivative), derivative);
}

// out[i] = gradOutput[i] derivative(x[i]), likewise.
template <class T, V (*derivative)(V, const Parameters&)>
NEVER_INLINE const char* runBackward(const void* gradOutput, const void* x, void* out, size_t n,
                                     const Parameters& given) {
  const Parameters parameters = given;
  const T* gradFrom = static_cast<const T*>(gradOutput);
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  size_t i = 0;
  for (; i + kTurn<T> <= n; i += kTurn<T>) {
    const V a = V::load(gradFrom + i) * rounded<T>(derivative(V::load(from + i), parameters));
    if constexpr (kTurn<T> == V::kLanes) {
      V::store(to + i, a);
    } else {
      const size_t k = i + V::kLanes;
      const V b = V::load(gradFrom + k) * rounded<T>(derivative(V::load(from + k), parameters));
      V::store(to + i, a);
      V::store(to + k, b);
    }
  }
  if (i < n) {
    T rest[kTurn<T>] = {}, grad[kTurn<T>] = {};
    memcpy(rest, from + i, (n - i) * sizeof(T));
    memcpy(grad, gradFrom + i, (n - i) * sizeof(T));
    runBackward<T, derivative>(grad, rest, rest, kTurn<T>, parameters);
    memcpy(to + i, rest, (n - i) * sizeof(T));
  }
  return kIsaName;
}

template <V (*formula)(V, const Parameters&)>
SixteenBitTable tables[2];

#define ROW(name)                                                                                          \
  {#name,                                                                                                  \
   {run<float, name<V>>, run<double, name##Wide<V>>, run<Float16, name<V>>, run<BFloat16, name<V>>},      \
   tables<name<V>>},
const Row kRows[] = {SIMD_ACTIVATIONS_FUNCTIONS(ROW)};
#undef ROW

#define ROW(name)                                                                         \
  {#name "Backward",                                                                      \
   {runBackward<float, name##Derivative<V>>, runBackward<double, name##DerivativeWide<V>>, \
    runBackward<Float16, name##Derivative<V>>, runBackward<BFloat16, name##Derivative<V>>}},
const BackwardRow kBackwardRows[] = {SIMD_ACTIVATIONS_DERIVATIVES(ROW)};
#undef ROW
