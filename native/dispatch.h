#pragma once

#include <cstddef>

#include "cpu.h"

namespace simd_activations {

// The element types, in the order of Row::kernels.
enum DType { kFloat32, kFloat64, kDTypeCount };
constexpr const char* kDTypeNames[kDTypeCount] = {"float32", "float64"};
constexpr size_t kDTypeSizes[kDTypeCount] = {4, 8};

// Softplus's. `threshold` is compared with the exact (float64: the rounded) product of x and beta.
struct Parameters {
  double beta;
  double threshold;
};

// out[i] = f(x[i]) for i < n; `out` may be `x`. Runs in the default floating-point state (parallelFor sets it).
// Returns the name of the ISA whose code this was.
using Kernel = const char* (*)(const void* x, void* out, size_t n, const Parameters& parameters);

// A function's name and its kernels.
struct Row {
  const char* name;
  Kernel kernels[kDTypeCount];
};

struct Isa {
  const char* name;
  bool (*supported)(const CpuFeatures& cpu);
  const Row* rows;  // the same functions in the same order for every ISA
  size_t rowCount;
};

// The ISAs of this build that this CPU can run, best first; the scalar one is always there.
struct IsaList {
  const Isa* isas[8];
  size_t count;
};
IsaList supportedIsas();

}  // namespace simd_activations
