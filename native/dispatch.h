#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu.h"

namespace simd_activations {

// The element types, in the order of a Row's kernels. The 16-bit ones have IEEE 754's binary16 format and bfloat16's.
enum DType { kFloat32, kFloat64, kFloat16, kBFloat16, kDTypeCount };
constexpr const char* kDTypeNames[kDTypeCount] = {"float32", "float64", "float16", "bfloat16"};
constexpr size_t kDTypeSizes[kDTypeCount] = {4, 8, 2, 2};

struct Float16 {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

// Softplus's, of which `threshold` is compared with the exact (float64: the rounded) product of x and beta; and for the
// quick paths (quick.h), whether they ask the caches for all that they will need, and whether results had better go
// past these, which needs an `out` that begins a cache line and is no argument, unless it is shorter than that.
struct Parameters {
  double beta;
  double threshold;
  bool fetchAll = false;
  bool bypassCaches = false;
};

// out[i] = f(x[i]) for i < n; `out` may be `x`. Runs in the default floating-point state (parallelFor sets it).
// Returns the name of the ISA whose code this was.
using Kernel = const char* (*)(const void* x, void* out, size_t n, const Parameters& parameters);

// out[i] = gradOutput[i] f'(x[i]). float32 and float64: the rounded product with the rounded f'(x); the 16-bit types:
// the product in float64, rounded once. `out` may be one of the others.
using BackwardKernel = const char* (*)(const void* gradOutput, const void* x, void* out, size_t n,
                                       const Parameters& parameters);

// A BackwardKernel's results for a 16-bit type, from derivatives rounded to float32; NaN is one that float32 cannot
// tell. As many of the n as these leave no doubt about, from the first one on: returns how many.
using ProductKernel = size_t (*)(const void* gradOutput, const float* derivatives, void* out, size_t n);

template <class T>
class SixteenBitTable;

// A function's name, its kernels, and the tables of float16 and bfloat16 (sixteen_bit.h).
struct Row {
  const char* name;
  Kernel kernels[kDTypeCount];
  SixteenBitTable<uint16_t>* tables;
};
struct BackwardRow {
  const char* name;
  BackwardKernel kernels[kDTypeCount];
  // Of float16 and bfloat16: what fills the table of derivatives, and what uses it.
  Kernel derivatives[2];
  ProductKernel products[2];
  SixteenBitTable<float>* tables;
};

struct Isa {
  const char* name;
  bool (*supported)(const CpuFeatures& cpu);
  // The same functions in the same order for every ISA.
  const Row* rows;
  size_t rowCount;
  const BackwardRow* backwardRows;
  size_t backwardRowCount;
};

// The ISAs of this build that this CPU can run, best first; the scalar one is always there.
struct IsaList {
  const Isa* isas[8];
  size_t count;
};
IsaList supportedIsas();

}  // namespace simd_activations
