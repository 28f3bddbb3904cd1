// NEON with float64 lanes, which every arm64 CPU has: two lanes.

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "../dispatch.h"
#include "../sixteen_bit.h"
#include "../target.h"

namespace simd_activations {
namespace {

constexpr const char* kIsaName = "neon";

bool supported(const CpuFeatures&) { return true; }

struct f64x2 {
  using Number = double;
  static constexpr size_t kLanes = 2;
  static constexpr size_t kTogether = 2, kTogetherIfShort = 4;
  float64x2_t v;

  f64x2(float64x2_t value) : v(value) {}
  f64x2() = default;
  f64x2(double value) : v(vdupq_n_f64(value)) {}

  static f64x2 load(const double* p) { return vld1q_f64(p); }
  static f64x2 load(const float* p) { return vcvt_f64_f32(vld1_f32(p)); }
  static f64x2 load(const Float16* p) {
    return vcvt_f64_f32(vget_low_f32(vcvt_f32_f16(vreinterpret_f16_u16(loadBits(p)))));
  }
  static f64x2 load(const BFloat16* p) {
    return vcvt_f64_f32(vget_low_f32(vreinterpretq_f32_u32(vshll_n_u16(loadBits(p), 16))));
  }
  static void store(double* p, f64x2 a) {
    vst1q_f64(p, vbslq_f64(vceqq_f64(a.v, a.v), a.v, vdupq_n_f64(__builtin_nan(""))));
  }
  static void store(float* p, f64x2 a) {
    const float32x2_t y = vcvt_f32_f64(a.v);
    vst1_f32(p, vbsl_f32(vceq_f32(y, y), y, vdup_n_f32(__builtin_nanf(""))));
  }
  static void store(Float16* p, f64x2 a) {
    const float32x2_t y = roundedToOdd(a);
    storeBits(p, vreinterpret_u16_f16(vcvt_f16_f32(vcombine_f32(y, y))), a, kFloat16NaN);
  }
  static void store(BFloat16* p, f64x2 a) {
    const uint32x2_t y = vreinterpret_u32_f32(roundedToOdd(a));
    const uint32x2_t odd = vand_u32(vshr_n_u32(y, 16), vdup_n_u32(1));
    const uint32x2_t even = vshr_n_u32(vadd_u32(vadd_u32(y, vdup_n_u32(0x7FFF)), odd), 16);
    storeBits(p, vmovn_u32(vcombine_u32(even, even)), a, kBFloat16NaN);
  }

 private:
  template <class T>
  static uint16x4_t loadBits(const T* p) {
    uint32_t bits;
    memcpy(&bits, p, sizeof bits);
    return vreinterpret_u16_u32(vdup_n_u32(bits));
  }
  // The first two of y; `nan` where `a` is NaN.
  template <class T>
  static void storeBits(T* p, uint16x4_t y, f64x2 a, uint16_t nan) {
    const uint32x2_t number = vmovn_u64(vceqq_f64(a.v, a.v));
    const uint16x4_t isNumber = vmovn_u32(vcombine_u32(number, number));
    const uint32_t bits = vget_lane_u32(vreinterpret_u32_u16(vbsl_u16(isNumber, y, vdup_n_u16(nan))), 0);
    memcpy(p, &bits, sizeof bits);
  }
  // See scalar.cpp.
  static float32x2_t roundedToOdd(f64x2 a) {
    const uint64x2_t low = vdupq_n_u64(kOddMask), bits = vreinterpretq_u64_f64(a.v);
    const uint64x2_t sticky = vbicq_u64(vaddq_u64(vandq_u64(bits, low), low), low);
    return vcvt_f32_f64(vreinterpretq_f64_u64(vorrq_u64(vbicq_u64(bits, low), sticky)));
  }
};
using V = f64x2;

inline V operator+(V a, V b) { return vaddq_f64(a.v, b.v); }
inline V operator-(V a, V b) { return vsubq_f64(a.v, b.v); }
inline V operator*(V a, V b) { return vmulq_f64(a.v, b.v); }
inline V operator/(V a, V b) { return vdivq_f64(a.v, b.v); }
inline V operator-(V a) { return vnegq_f64(a.v); }

struct Mask {
  uint64x2_t v;
};
inline Mask lessThan(V a, V b) { return {vcltq_f64(a.v, b.v)}; }
inline V select(Mask mask, V yes, V no) { return vbslq_f64(mask.v, yes.v, no.v); }

// Not vmaxq and vminq, which order the zeros and return NaN whichever side it is on: the formulas count on b.
inline V max(V a, V b) { return select(lessThan(b, a), a, b); }
inline V min(V a, V b) { return select(lessThan(a, b), a, b); }
inline V abs(V a) { return vabsq_f64(a.v); }
inline V copysign(V magnitude, V sign) {
  return vbslq_f64(vdupq_n_u64(uint64_t{1} << 63), sign.v, magnitude.v);
}

inline V addExponent(V a, V magic) {
  const uint64x2_t k = vshlq_n_u64(vreinterpretq_u64_f64(magic.v), 52);
  return vreinterpretq_f64_u64(vaddq_u64(vreinterpretq_u64_f64(a.v), k));
}
inline V pow2(V magic) { return addExponent(1.0, magic); }
inline V roundToFloat(V a) { return vcvt_f64_f32(vcvt_f32_f64(a.v)); }
inline V lookup(const double (&table)[16], V steps) {
  const uint64x2_t i = vreinterpretq_u64_f64(steps.v);
  return vcombine_f64(vld1_f64(table + (vgetq_lane_u64(i, 0) & 15)), vld1_f64(table + (vgetq_lane_u64(i, 1) & 15)));
}
inline V segmentOf(V v) { return vreinterpretq_f64_u64(vshrq_n_u64(vreinterpretq_u64_f64(v.v), 50)); }
inline V timesPowerOf2(V a, V steps) {
  const uint64x2_t k = vshlq_n_u64(vreinterpretq_u64_f64(steps.v), 48);
  return vreinterpretq_f64_u64(vaddq_u64(vreinterpretq_u64_f64(a.v), k));
}
inline V productError(V a, V b, V p) { return vfmaq_f64(vnegq_f64(p.v), a.v, b.v); }
inline V exactFnma(V a, V b, V c) { return vfmsq_f64(c.v, a.v, b.v); }

// See scalar.cpp. In bfloat16 a product may be subnormal in float32, too, and then off by more.
constexpr size_t kProductLanes = 4;
inline bool storeUnless(uint32x4_t inDoubt, uint16_t* out, uint16x4_t low, uint16x4_t high) {
  const uint16x4_t sure = vbic_u16(vceq_u16(low, high), vmovn_u32(inDoubt));
  if (vget_lane_u64(vreinterpret_u64_u16(sure), 0) != ~uint64_t{0}) return false;
  vst1_u16(out, low);
  return true;
}
inline bool storeProducts(Float16* out, const Float16* gradOutput, const float* derivatives) {
  const float32x4_t grad = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(&gradOutput->bits)));
  const float32x4_t p = vmulq_f32(grad, vld1q_f32(derivatives));
  const auto rounded = [](float32x4_t a) { return vreinterpret_u16_f16(vcvt_f16_f32(a)); };
  return storeUnless(vmvnq_u32(vceqq_f32(p, p)), &out->bits, rounded(vmulq_n_f32(p, kBelow)),
                     rounded(vmulq_n_f32(p, kAbove)));
}
inline bool storeProducts(BFloat16* out, const BFloat16* gradOutput, const float* derivatives) {
  const float32x4_t grad = vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(&gradOutput->bits), 16));
  const float32x4_t p = vmulq_f32(grad, vld1q_f32(derivatives));
  // Halves up: where one is in question, the two differ.
  const auto rounded = [](float32x4_t a) { return vaddhn_u32(vreinterpretq_u32_f32(a), vdupq_n_u32(0x8000)); };
  const uint32x4_t normal = vcgeq_f32(vabsq_f32(p), vdupq_n_f32(0x1p-126F)), zero = vceqq_f32(p, vdupq_n_f32(0));
  return storeUnless(vmvnq_u32(vorrq_u32(normal, zero)), &out->bits, rounded(vmulq_n_f32(p, kBelow)),
                     rounded(vmulq_n_f32(p, kAbove)));
}

#include "../kernel.h"

}  // namespace

extern const Isa neonIsa;
const Isa neonIsa = {kIsaName,      supported, kRows, sizeof kRows / sizeof *kRows,
                     kBackwardRows, sizeof kBackwardRows / sizeof *kBackwardRows};

}  // namespace simd_activations

#endif
