#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dispatch.h"

namespace simd_activations {

// The canonical NaN of the 16-bit types.
constexpr int kFloat16NaN = 0x7E00;
constexpr int kBFloat16NaN = 0x7FC0;

// The bits of a double below the first 16 of its significand. Rounding a float64 result to float32 first, and from
// there to a 16-bit type, would round twice: one in some thousand results would be wrong. Rounding it to odd at 16 bits
// first is harmless (roundedToOdd() in isa/scalar.cpp).
constexpr int64_t kOddMask = (int64_t{1} << 37) - 1;

// What a kernel gives for all arguments of a 16-bit type: a function's results, 128 KiB, or a derivative rounded to
// float32, 256 KiB. Normally distributed numbers touch some 3000 (bfloat16) or 20000 (float16) of the 65536: most are
// in the L1 cache. To look a result up takes 0.3 ns, whatever the function.
template <class T>
struct SixteenBitValues {
  Parameters parameters;
  const char* isa;  // the kernel's, as that itself reported it
  T of[1 << 16];
};

// Where a kernel's values are, once it has computed so many elements that they pay. Each ISA has its own: the kernel
// that is asked for is the one that computes, and a test of an ISA tests that ISA.
template <class T>
class SixteenBitTable {
 public:
  // What to look `n` elements up in, or nullptr if they are to be computed. Any thread may call. `kernel` is
  // out[i] = value(x[i]), and is given multiples of 8.
  //
  // Softplus's values are for the parameters of the call that filled them. With others it computes.
  const SixteenBitValues<T>* valuesFor(size_t n, Kernel kernel, const Parameters& parameters);

 private:
  std::atomic<size_t> computed_{0};
  std::atomic<const SixteenBitValues<T>*> values_{nullptr};  // never freed: a thread may be reading at exit
};

// A product of a gradient with a derivative that was rounded to float32, rounded to float32 itself, is off by less than
// 2^-23 of itself. So where kBelow and kAbove times it, rounded likewise, are rounded to the same number of 16 bits,
// that is the exact product's. These are not: one in 2^10 (float16) or 2^13 (bfloat16).
constexpr float kBelow = 1 - 0x1p-22F, kAbove = 1 + 0x1p-22F;

// As a Kernel.
const char* lookUp(const SixteenBitValues<uint16_t>& results, const void* x, void* out, size_t n);

// As a BackwardKernel. `kernel` is asked for what `product` is in doubt about.
const char* lookUp(const SixteenBitValues<float>& derivatives, ProductKernel product, BackwardKernel kernel,
                   const void* gradOutput, const void* x, void* out, size_t n);

}  // namespace simd_activations
