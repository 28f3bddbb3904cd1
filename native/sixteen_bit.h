#pragma once

#include <cstdint>

namespace simd_activations {

// The canonical NaN of the 16-bit types.
constexpr int kFloat16NaN = 0x7E00;
constexpr int kBFloat16NaN = 0x7FC0;

// The bits of a double below the first 16 of its significand. Rounding a float64 result to float32 first, and from there
// to a 16-bit type, would round twice: one in some thousand results would be wrong. Rounding it to odd at 16 bits first
// is harmless (roundedToOdd() in isa/scalar.cpp), and the result is a float32 even where that is subnormal.
constexpr int64_t kOddMask = (int64_t{1} << 37) - 1;

}  // namespace simd_activations
