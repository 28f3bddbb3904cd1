// NEON with float64 lanes, which every arm64 CPU has: two lanes.

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "../dispatch.h"

namespace simd_activations {
namespace {

constexpr const char* kIsaName = "neon";

bool supported(const CpuFeatures&) { return true; }

struct f64x2 {
  static constexpr size_t kLanes = 2;
  float64x2_t v;

  f64x2(float64x2_t value) : v(value) {}
  f64x2(double value) : v(vdupq_n_f64(value)) {}

  static f64x2 load(const double* p) { return vld1q_f64(p); }
  static f64x2 load(const float* p) { return vcvt_f64_f32(vld1_f32(p)); }
  static void store(double* p, f64x2 a) {
    vst1q_f64(p, vbslq_f64(vceqq_f64(a.v, a.v), a.v, vdupq_n_f64(__builtin_nan(""))));
  }
  static void store(float* p, f64x2 a) {
    const float32x2_t y = vcvt_f32_f64(a.v);
    vst1_f32(p, vbsl_f32(vceq_f32(y, y), y, vdup_n_f32(__builtin_nanf(""))));
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
inline V productError(V a, V b, V p) { return vfmaq_f64(vnegq_f64(p.v), a.v, b.v); }

#include "../kernel.h"

}  // namespace

extern const Isa neonIsa;
const Isa neonIsa = {kIsaName, supported, kRows, sizeof kRows / sizeof *kRows};

}  // namespace simd_activations

#endif
