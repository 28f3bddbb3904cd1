// The loop around a formula, and an ISA's table of kernels.
//
// Included last inside an ISA file's target region, in its anonymous namespace, after the vector type V: no system
// headers here. The file has included dispatch.h and <cstring> before the region.
#pragma once

#include "derivatives.h"

// out[i] = formula(x[i]) for an element type T. V does the conversions: load widens, store rounds once and makes NaN
// canonical. The rest of a buffer goes through the same vector code, over a copy, so that a value's bits do not depend
// on its place.
template <class T, V (*formula)(V, const Parameters&)>
const char* run(const void* x, void* out, size_t n, const Parameters& given) {
  const Parameters parameters = given;  // a copy, which the stores to `out` cannot change: no loads in the loop
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  if constexpr (sizeof(T) == sizeof(float) && QuickPath<formula>::kExists) {
    if (QuickPath<formula>::run(from, to, n, parameters)) return kIsaName;
  }
  // Two vectors at a time, since one chain of dependent operations leaves half of the pipes idle.
  size_t i = 0;
  for (; i + 2 * V::kLanes <= n; i += 2 * V::kLanes) {
    const V a = formula(V::load(from + i), parameters);
    const V b = formula(V::load(from + i + V::kLanes), parameters);
    V::store(to + i, a);
    V::store(to + i + V::kLanes, b);
  }
  while (i < n) {
    const size_t count = n - i < V::kLanes ? n - i : V::kLanes;
    T rest[V::kLanes] = {};
    memcpy(rest, from + i, count * sizeof(T));
    V::store(rest, formula(V::load(rest), parameters));
    memcpy(to + i, rest, count * sizeof(T));
    i += count;
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
const char* runBackward(const void* gradOutput, const void* x, void* out, size_t n, const Parameters& given) {
  const Parameters parameters = given;
  const T* gradFrom = static_cast<const T*>(gradOutput);
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  size_t i = 0;
  for (; i + 2 * V::kLanes <= n; i += 2 * V::kLanes) {
    const V a = rounded<T>(derivative(V::load(from + i), parameters));
    const V b = rounded<T>(derivative(V::load(from + i + V::kLanes), parameters));
    const V ga = V::load(gradFrom + i) * a;
    const V gb = V::load(gradFrom + i + V::kLanes) * b;
    V::store(to + i, ga);
    V::store(to + i + V::kLanes, gb);
  }
  while (i < n) {
    const size_t count = n - i < V::kLanes ? n - i : V::kLanes;
    T rest[V::kLanes] = {}, grad[V::kLanes] = {};
    memcpy(rest, from + i, count * sizeof(T));
    memcpy(grad, gradFrom + i, count * sizeof(T));
    V::store(rest, V::load(grad) * rounded<T>(derivative(V::load(rest), parameters)));
    memcpy(to + i, rest, count * sizeof(T));
    i += count;
  }
  return kIsaName;
}

#define ROW(name) \
  {#name, {run<float, name<V>>, run<double, name##Wide<V>>, run<Float16, name<V>>, run<BFloat16, name<V>>}},
const Row kRows[] = {SIMD_ACTIVATIONS_FUNCTIONS(ROW)};
#undef ROW

#define ROW(name)                                                                         \
  {#name "Backward",                                                                      \
   {runBackward<float, name##Derivative<V>>, runBackward<double, name##DerivativeWide<V>>, \
    runBackward<Float16, name##Derivative<V>>, runBackward<BFloat16, name##Derivative<V>>}},
const BackwardRow kBackwardRows[] = {SIMD_ACTIVATIONS_DERIVATIVES(ROW)};
#undef ROW
