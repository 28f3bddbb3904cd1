// One lane, for any CPU. Also the description of the interface that the formulas use of a vector type.

#include <cstdint>
#include <cstring>

#include "../dispatch.h"

namespace simd_activations {
namespace {

constexpr const char* kIsaName = "scalar";

struct f64x1 {
  static constexpr size_t kLanes = 1;
  double v;

  f64x1(double value) : v(value) {}  // implicit, so that constants stand in formulas as they do on paper

  static f64x1 load(const double* p) { return *p; }
  static f64x1 load(const float* p) { return static_cast<double>(*p); }
  // Rounds to nearest even. All NaNs become the one positive quiet NaN without payload.
  static void store(double* p, f64x1 a) { *p = a.v == a.v ? a.v : __builtin_nan(""); }
  static void store(float* p, f64x1 a) { *p = a.v == a.v ? static_cast<float>(a.v) : __builtin_nanf(""); }
};
using V = f64x1;

inline uint64_t bitsOf(double a) {
  uint64_t bits;
  memcpy(&bits, &a, sizeof bits);
  return bits;
}
inline double fromBits(uint64_t bits) {
  double a;
  memcpy(&a, &bits, sizeof a);
  return a;
}

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

#include "../kernel.h"

bool supported(const CpuFeatures&) { return true; }

}  // namespace

extern const Isa scalarIsa;
const Isa scalarIsa = {kIsaName, supported, kRows, sizeof kRows / sizeof *kRows};

}  // namespace simd_activations
