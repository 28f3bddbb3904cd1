#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dispatch.h"

namespace simd_activations {

// The canonical NaN of the 16-bit types.
constexpr int kFloat16NaN = 0x7E00;
constexpr int kBFloat16NaN = 0x7FC0;

// The bits of a double below the first 16 of its significand. Rounding a float64 result to float32 first, and from there
// to a 16-bit type, would round twice: one in some thousand results would be wrong. Rounding it to odd at 16 bits first
// is harmless (roundedToOdd() in isa/scalar.cpp), and the result is a float32 even where that is subnormal.
constexpr int64_t kOddMask = (int64_t{1} << 37) - 1;

// A function's results for all arguments of a 16-bit type: 128 KiB, of which numbers of about the same size touch some
// 5 (bfloat16) or 40 (float16). To look them up takes 0.3 ns an element, on any CPU and for any data.
struct SixteenBitResults {
  Parameters parameters;
  const char* isa;  // the kernel's, as that itself reported it
  uint16_t of[1 << 16];
};

// Where a kernel's SixteenBitResults are, once it has computed so many elements that they pay. Each ISA has its own: the
// kernel that is asked for is the one that computes, and a test of an ISA tests that ISA.
class SixteenBitTable {
 public:
  // What to look `n` elements up in, or nullptr if the kernel is to compute them. Any thread may call.
  //
  // Softplus's results are for the parameters of the call that filled them. With others it computes.
  const SixteenBitResults* resultsFor(size_t n, Kernel kernel, const Parameters& parameters);

 private:
  std::atomic<size_t> computed_{0};
  std::atomic<const SixteenBitResults*> results_{nullptr};  // never freed: a thread may be reading at exit
};

// As a Kernel.
const char* lookUp(const SixteenBitResults& results, const void* x, void* out, size_t n);

}  // namespace simd_activations
