// One lane, for any CPU. Also the description of the interface that the formulas use of a vector type.

#include <cstdint>
#include <cstring>

#include "../dispatch.h"
#include "../sixteen_bit.h"
#include "../target.h"

namespace simd_activations {
namespace {

constexpr const char* kIsaName = "scalar";

inline uint64_t bitsOf(double a) {
  uint64_t bits;
  memcpy(&bits, &a, sizeof bits);
  return bits;
}
inline uint32_t bitsOf(float a) {
  uint32_t bits;
  memcpy(&bits, &a, sizeof bits);
  return bits;
}
inline double fromBits(uint64_t bits) {
  double a;
  memcpy(&a, &bits, sizeof a);
  return a;
}
inline float fromBits(uint32_t bits) {
  float a;
  memcpy(&a, &bits, sizeof a);
  return a;
}

// A number of 16 bits of precision as a float32, exactly: a's upper bits, the last of which is set if any other was.
// Rounding that to a type of 14 bits or fewer is rounding `a` itself: ties are seen as ties, and nothing else is.
// (Below 2^-134 it is not exact, which does not matter: every type's result is 0 or its least number there.)
inline float roundedToOdd(double a) {
  const uint64_t bits = bitsOf(a), low = kOddMask;
  return static_cast<float>(fromBits((bits & ~low) | (((bits & low) + low) & ~low)));
}

struct f64x1 {
  using Number = double;
  static constexpr size_t kLanes = 1;
  static constexpr size_t kTogether = 1, kTogetherIfShort = 2;
  double v;

  f64x1() = default;
  f64x1(double value) : v(value) {}  // implicit, so that constants stand in formulas as they do on paper

  static f64x1 load(const double* p) { return *p; }
  static f64x1 load(const float* p) { return static_cast<double>(*p); }
  static f64x1 load(const Float16* p) { return float16ToDouble(p->bits); }
  static f64x1 load(const BFloat16* p) { return bFloat16ToDouble(p->bits); }
  // Rounds to nearest even. All NaNs become the one positive quiet NaN without payload.
  static void store(double* p, f64x1 a) { *p = a.v == a.v ? a.v : __builtin_nan(""); }
  static void store(float* p, f64x1 a) { *p = a.v == a.v ? static_cast<float>(a.v) : __builtin_nanf(""); }
  static void store(Float16* p, f64x1 a) { p->bits = a.v == a.v ? doubleToFloat16(a.v) : uint16_t{kFloat16NaN}; }
  static void store(BFloat16* p, f64x1 a) { p->bits = a.v == a.v ? doubleToBFloat16(a.v) : uint16_t{kBFloat16NaN}; }

 private:
  // Once for all kernels of these types, for the binary's size: inlined, clang would make loops of SSE2 of them.
  NEVER_INLINE static double bFloat16ToDouble(uint32_t bits) { return static_cast<double>(fromBits(bits << 16)); }
  NEVER_INLINE static uint16_t doubleToBFloat16(double a) {
    const uint32_t y = bitsOf(roundedToOdd(a));
    return static_cast<uint16_t>((y + 0x7FFF + (y >> 16 & 1)) >> 16);
  }
  NEVER_INLINE static double float16ToDouble(uint32_t bits) {
    const uint32_t exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
    // Infinity and NaN keep the fraction; a subnormal is its fraction times 2^-24.
    const double magnitude = exponent == 0    ? fraction * 0x1p-24
                             : exponent == 31 ? static_cast<double>(fromBits(uint32_t{0x7F800000 | fraction << 13}))
                                              : fromBits(uint64_t{exponent + 1008} << 52 | uint64_t{fraction} << 42);
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
  }
  NEVER_INLINE static uint16_t doubleToFloat16(double a) {
    const uint32_t sign = bitsOf(a) >> 63 != 0 ? 0x8000 : 0;
    const double magnitude = __builtin_fabs(a);
    if (magnitude >= 65520) return static_cast<uint16_t>(sign | 0x7C00);
    // Below 2^-14 the unit is 2^-24, which is that of 2^28 in a double: the sum rounds as wanted.
    if (magnitude < 0x1p-14) return static_cast<uint16_t>(sign | (bitsOf(magnitude + 0x1p28) & 0xFFF));
    const uint64_t bits = bitsOf(magnitude);
    const uint64_t rounded = bits + (uint64_t{1} << 41) - 1 + (bits >> 42 & 1);
    return static_cast<uint16_t>(sign | ((rounded >> 42) - (uint64_t{1008} << 10)));
  }
};
using V = f64x1;

inline V operator+(V a, V b) { return a.v + b.v; }
inline V operator-(V a, V b) { return a.v - b.v; }
inline V operator*(V a, V b) { return a.v * b.v; }
inline V operator/(V a, V b) { return a.v / b.v; }
inline V operator-(V a) { return -a.v; }

// b where either is NaN or both are zero.
inline V max(V a, V b) { return a.v > b.v ? a : b; }
inline V min(V a, V b) { return a.v < b.v ? a : b; }
inline V abs(V a) { return __builtin_fabs(a.v); }
inline V copysign(V magnitude, V sign) { return __builtin_copysign(magnitude.v, sign.v); }

// The mask of a < b (false where either is NaN), and a choice by it.
inline bool lessThan(V a, V b) { return a.v < b.v; }
inline V select(bool mask, V yes, V no) { return mask ? yes : no; }

// a 2^k and 2^k for the integer k in the low bits of `magic` (math.h). Neither a nor the result may be subnormal.
inline V addExponent(V a, V magic) { return fromBits(bitsOf(a.v) + (bitsOf(magic.v) << 52)); }
inline V pow2(V magic) { return addExponent(1.0, magic); }

// For wide.h: an entry of a table by the last four bits of `steps`; v's last two bits of exponent and first two of
// fraction as such; and a with those sixteenths added to its bits, the whole ones to its exponent.
inline V lookup(const double (&table)[16], V steps) { return table[bitsOf(steps.v) & 15]; }
inline V segmentOf(V v) { return fromBits(bitsOf(v.v) >> 50); }
inline V timesPowerOf2(V a, V steps) { return fromBits(bitsOf(a.v) + (bitsOf(steps.v) << 48)); }

// a rounded to float32.
inline V roundToFloat(V a) { return static_cast<double>(static_cast<float>(a.v)); }

// The upper half of a's significand, by Veltkamp's splitting; a minus it is exact. |a| < 2^996.
inline double upperHalf(double a) {
  const double scaled = a * 0x1.0000002p27;
  return scaled - (scaled - a);
}

// The exact error of a product, a b - p for p = fl(a b), unless it underflows. Where an ISA has a fused
// multiply-add that is one operation; here it is Dekker's product. Exact, so both give the same bits.
inline V productError(V a, V b, V p) {
  const double aHigh = upperHalf(a.v), aLow = a.v - aHigh;
  const double bHigh = upperHalf(b.v), bLow = b.v - bHigh;
  return ((aHigh * bHigh - p.v) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
}

// c - a b, a b being exact: so it is the same, fused or not.
inline V exactFnma(V a, V b, V c) { return c.v - a.v * b.v; }

// Products of a 16-bit type, the gradient's with a derivative in float32, unless the rounding of one is in doubt, as it
// is of NaN.
constexpr size_t kProductLanes = 1;
template <class T>
inline bool storeProducts(T* out, const T* gradOutput, const float* derivatives) {
  const V p = V::load(gradOutput) * V::load(derivatives);
  T low, high;
  V::store(&low, p * kBelow);
  V::store(&high, p * kAbove);
  if (low.bits != high.bits || p.v != p.v) return false;
  *out = low;
  return true;
}

#include "../kernel.h"

bool supported(const CpuFeatures&) { return true; }

}  // namespace

extern const Isa scalarIsa;
const Isa scalarIsa = {kIsaName,      supported, kRows, sizeof kRows / sizeof *kRows,
                       kBackwardRows, sizeof kBackwardRows / sizeof *kBackwardRows};

}  // namespace simd_activations
