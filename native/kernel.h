// The loop around a formula, and an ISA's table of kernels.
//
// Included last inside an ISA file's target region, in its anonymous namespace, after the vector type V: no system
// headers here. The file has included sixteen_bit.h and <cstring> before the region.
#pragma once

#include "derivatives.h"

// Vectors per turn: several, since one chain of dependent operations leaves most of the pipes idle. Results of 16-bit
// types are soon looked up (sixteen_bit.h), and there the binary's size counts: one, if it is a wide one. In float64
// with AVX-512 on a Zen 4, against 4: short formulas of 6 SiLU 1.12, Mish 1.08, by clang 0.95 and 1.0; of 5 Softplus
// 1.1; all others of 3 1.0.
template <class T, V (*formula)(V, const Parameters&)>
constexpr size_t kVectors = sizeof(T) == 2 && V::kLanes > 2 ? 1
                            : kIsShort<formula>             ? V::kTogetherIfShort
                                                            : V::kTogether;

INLINE_REGION_BEGIN

// A formula over one vector, as other code names it, for several in step.
template <V (*formula)(V, const Parameters&)>
struct InStep;
#define IN_STEP(name)                                 \
  template <>                                         \
  struct InStep<name<V>> {                            \
    template <class W>                                \
    static W of(W x, const Parameters& p) {           \
      return name(x, p);                              \
    }                                                 \
  };
#define FORMULAS_IN_STEP(name) IN_STEP(name) IN_STEP(name##Wide)
SIMD_ACTIVATIONS_FUNCTIONS(FORMULAS_IN_STEP)
#undef FORMULAS_IN_STEP
#define FORMULAS_IN_STEP(name) IN_STEP(name##Derivative) IN_STEP(name##DerivativeWide)
SIMD_ACTIVATIONS_DERIVATIVES(FORMULAS_IN_STEP)
#undef FORMULAS_IN_STEP
IN_STEP(softplusWideForBeta1)
IN_STEP(softplusDerivativeWideForBeta1)
#undef IN_STEP

INLINE_REGION_END

// out[i] = formula(x[i]) for an element type T. V does the conversions: load widens, store rounds once and makes NaN
// canonical. The rest of a buffer goes through the same code, over a copy, so that a value's bits do not depend on its
// place.
template <class T, V (*formula)(V, const Parameters&)>
NEVER_INLINE FLATTEN const char* run(const void* x, void* out, size_t n, const Parameters& given) {
  if constexpr (kForBeta1<formula> != formula) {
    if (given.beta == 1) return run<T, kForBeta1<formula>>(x, out, n, given);
  }
  const Parameters parameters = given;  // a copy, which the stores to `out` cannot change: no loads in the loop
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  if constexpr (sizeof(T) == sizeof(float) && QuickPath<formula>::kExists) {
    if (QuickPath<formula>::suits(parameters)) {
      QuickPath<formula>::template run<false>(nullptr, from, to, n, parameters);
      return kIsaName;
    }
  }
  using Step = Together<V, kVectors<T, formula>>;
  constexpr size_t kTurn = Step::kLanes;
  size_t i = 0;
  for (; i + kTurn <= n; i += kTurn) Step::store(to + i, InStep<formula>::of(Step::load(from + i), parameters));
  if (i < n) {
    T rest[kTurn] = {};
    memcpy(rest, from + i, (n - i) * sizeof(T));
    run<T, formula>(rest, rest, kTurn, parameters);
    memcpy(to + i, rest, (n - i) * sizeof(T));
  }
  return kIsaName;
}

// The derivative as the product takes it: float32's is a float32 result of its own. In 16 bits what is too small for
// any finite gradient is zero: the formulas take -20 or -200 for the arguments below.
template <class T, class W>
inline W rounded(W derivative) {
  if (sizeof(T) == sizeof(float)) return roundToFloat(derivative);
  if (sizeof(T) == sizeof(double)) return derivative;
  return select(lessThan(abs(derivative), W(0x1p-270)), copysign(W(0.0), derivative), derivative);
}

// out[i] = gradOutput[i] derivative(x[i]), likewise, for a type of more than 16 bits.
template <class T, V (*derivative)(V, const Parameters&)>
NEVER_INLINE FLATTEN const char* runBackward(const void* gradOutput, const void* x, void* out, size_t n,
                                     const Parameters& given) {
  if constexpr (kForBeta1<derivative> != derivative) {
    if (given.beta == 1) return runBackward<T, kForBeta1<derivative>>(gradOutput, x, out, n, given);
  }
  const Parameters parameters = given;
  const T* gradFrom = static_cast<const T*>(gradOutput);
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  if constexpr (sizeof(T) == sizeof(float) && QuickPath<derivative>::kExists) {
    if (QuickPath<derivative>::suits(parameters)) {
      QuickPath<derivative>::template run<true>(gradFrom, from, to, n, parameters);
      return kIsaName;
    }
  }
  using Step = Together<V, kVectors<T, derivative>>;
  constexpr size_t kTurn = Step::kLanes;
  size_t i = 0;
  for (; i + kTurn <= n; i += kTurn) {
    const Step slope = rounded<T>(InStep<derivative>::of(Step::load(from + i), parameters));
    Step::store(to + i, Step::load(gradFrom + i) * slope);
  }
  if (i < n) {
    T rest[kTurn] = {}, grad[kTurn] = {};
    memcpy(rest, from + i, (n - i) * sizeof(T));
    memcpy(grad, gradFrom + i, (n - i) * sizeof(T));
    runBackward<T, derivative>(grad, rest, rest, kTurn, parameters);
    memcpy(to + i, rest, (n - i) * sizeof(T));
  }
  return kIsaName;
}

// The two parts of that for a 16-bit type, with doubles between them: out[i] = derivative(x[i]), and
// out[i] = gradOutput[i] derivatives[i].
template <class T, V (*derivative)(V, const Parameters&)>
NEVER_INLINE FLATTEN const char* runDerivative(const void* x, void* out, size_t n, const Parameters& parameters) {
  const T* from = static_cast<const T*>(x);
  double* to = static_cast<double*>(out);
  size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    V::store(to + i, rounded<T>(derivative(V::load(from + i), parameters)));
  }
  if (i < n) {
    T rest[V::kLanes] = {};
    double d[V::kLanes];
    memcpy(rest, from + i, (n - i) * sizeof(T));
    runDerivative<T, derivative>(rest, d, V::kLanes, parameters);
    memcpy(to + i, d, (n - i) * sizeof(double));
  }
  return kIsaName;
}

template <class T, class W = V>  // W names the instruction set to who reads the symbols (scripts/check-package.mjs)
NEVER_INLINE void multiply(const void* gradOutput, const double* derivatives, void* out, size_t n) {
  const T* gradFrom = static_cast<const T*>(gradOutput);
  T* to = static_cast<T*>(out);
  size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store(to + i, V::load(gradFrom + i) * V::load(derivatives + i));
  if (i < n) {
    T rest[V::kLanes] = {};
    double d[V::kLanes] = {};
    memcpy(rest, gradFrom + i, (n - i) * sizeof(T));
    memcpy(d, derivatives + i, (n - i) * sizeof(double));
    V::store(rest, V::load(rest) * V::load(d));
    memcpy(to + i, rest, (n - i) * sizeof(T));
  }
}

// runBackward() for a 16-bit type.
template <class T, V (*derivative)(V, const Parameters&)>
const char* runBackwardInParts(const void* gradOutput, const void* x, void* out, size_t n, const Parameters& parameters) {
  constexpr size_t kPart = 256;
  double derivatives[kPart];
  for (size_t i = 0; i < n; i += kPart) {
    const size_t count = n - i < kPart ? n - i : kPart;
    runDerivative<T, derivative>(static_cast<const T*>(x) + i, derivatives, count, parameters);
    multiply<T>(static_cast<const T*>(gradOutput) + i, derivatives, static_cast<T*>(out) + i, count);
  }
  return kIsaName;
}

// A ProductKernel, by storeProducts() of the ISA: out[i] = gradOutput[i] derivatives[i] for kProductLanes of them,
// unless one is in doubt (sixteen_bit.h).
template <class T, class W = V>
NEVER_INLINE size_t products(const void* gradOutput, const float* derivatives, void* out, size_t n) {
  const T* gradFrom = static_cast<const T*>(gradOutput);
  T* to = static_cast<T*>(out);
  size_t i = 0;
  for (; i + kProductLanes <= n; i += kProductLanes) {
    __builtin_prefetch(ahead(gradFrom + i), 0);
    __builtin_prefetch(ahead(to + i), 1);
    if (!storeProducts(to + i, gradFrom + i, derivatives + i)) return i;
  }
  if (i < n) {
    T rest[kProductLanes] = {};
    float d[kProductLanes] = {};
    memcpy(rest, gradFrom + i, (n - i) * sizeof(T));
    memcpy(d, derivatives + i, (n - i) * sizeof(float));
    if (!storeProducts(rest, rest, d)) return i;
    memcpy(to + i, rest, (n - i) * sizeof(T));
  }
  return n;
}

// The tables of a function and of a derivative.
template <V (*formula)(V, const Parameters&)>
SixteenBitTable<uint16_t> resultTables[2];
template <V (*derivative)(V, const Parameters&)>
SixteenBitTable<float> derivativeTables[2];

#define ROW(name)                                                                                    \
  {#name,                                                                                            \
   {run<float, name<V>>, run<double, name##Wide<V>>, run<Float16, name<V>>, run<BFloat16, name<V>>}, \
   resultTables<name<V>>},
const Row kRows[] = {SIMD_ACTIVATIONS_FUNCTIONS(ROW)};
#undef ROW

#define ROW(name)                                                                               \
  {#name "Backward",                                                                            \
   {runBackward<float, name##Derivative<V>>, runBackward<double, name##DerivativeWide<V>>,      \
    runBackwardInParts<Float16, name##Derivative<V>>,                                           \
    runBackwardInParts<BFloat16, name##Derivative<V>>},                                         \
   {runDerivative<Float16, name##Derivative<V>>, runDerivative<BFloat16, name##Derivative<V>>}, \
   {products<Float16>, products<BFloat16>},                                                     \
   derivativeTables<name##Derivative<V>>},
const BackwardRow kBackwardRows[] = {SIMD_ACTIVATIONS_DERIVATIVES(ROW)};
#undef ROW
