// AVX-512 (F, DQ, BW, VL): eight lanes.

#if defined(__x86_64__)

// GCC 12's own avx512fintrin.h marks operands as undefined by `__Y = __Y`, and warns of it wherever it is inlined.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "../dispatch.h"
#include "../sixteen_bit.h"
#include "../target.h"

namespace simd_activations {
namespace {

constexpr const char* kIsaName = "avx512";

bool supported(const CpuFeatures& cpu) { return cpu.avx512; }

TARGET_REGION_BEGIN("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c")

struct f64x8 {
  using Number = double;
  static constexpr size_t kLanes = 8;
  static constexpr size_t kTogether = 4, kTogetherIfShort = 4;
  __m512d v;

  f64x8(__m512d value) : v(value) {}
  f64x8() = default;
  f64x8(double value) : v(_mm512_set1_pd(value)) {}

  static f64x8 load(const double* p) { return _mm512_loadu_pd(p); }
  static f64x8 load(const float* p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
  static f64x8 load(const Float16* p) { return _mm512_cvtps_pd(_mm256_cvtph_ps(loadBits(p))); }
  static f64x8 load(const BFloat16* p) {
    return _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(loadBits(p)), 16)));
  }
  static void store(double* p, f64x8 a) {
    const __m512i unlessNaN = _mm512_set1_epi64(0x11111100);  // `a` for all kinds of numbers but the first two, NaNs
    _mm512_storeu_pd(p, _mm512_fixupimm_pd(_mm512_set1_pd(__builtin_nan("")), a.v, unlessNaN, 0));
  }
  static void store(float* p, f64x8 a) {
    const __m256 y = _mm512_cvtpd_ps(a.v);
    const __mmask8 nan = _mm256_cmp_ps_mask(y, y, _CMP_UNORD_Q);
    _mm256_storeu_ps(p, _mm256_mask_blend_ps(nan, y, _mm256_set1_ps(__builtin_nanf(""))));
  }
  static void store(Float16* p, f64x8 a) {
    const __mmask8 nan = _mm512_cmp_pd_mask(a.v, a.v, _CMP_UNORD_Q);
    const __m128i y = _mm256_cvtps_ph(roundedToOdd(a), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    storeBits(p, _mm_mask_blend_epi16(nan, y, _mm_set1_epi16(kFloat16NaN)));
  }
  static void store(BFloat16* p, f64x8 a) {
    const __mmask8 nan = _mm512_cmp_pd_mask(a.v, a.v, _CMP_UNORD_Q);
    const __m256i y = _mm256_castps_si256(roundedToOdd(a));
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(y, 16), _mm256_set1_epi32(1));
    const __m256i even = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(y, _mm256_set1_epi32(0x7FFF)), odd), 16);
    storeBits(p, _mm_mask_blend_epi16(nan, _mm256_cvtepi32_epi16(even), _mm_set1_epi16(kBFloat16NaN)));
  }

 private:
  template <class T>
  static __m128i loadBits(const T* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  template <class T>
  static void storeBits(T* p, __m128i bits) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bits);
  }
  // See scalar.cpp.
  static __m256 roundedToOdd(f64x8 a) {
    const __m512i low = _mm512_set1_epi64(kOddMask), bits = _mm512_castpd_si512(a.v);
    const __m512i sticky = _mm512_andnot_epi64(low, _mm512_add_epi64(_mm512_and_epi64(bits, low), low));
    return _mm512_cvtpd_ps(_mm512_castsi512_pd(_mm512_or_epi64(_mm512_andnot_epi64(low, bits), sticky)));
  }
};
using V = f64x8;

inline V operator+(V a, V b) { return _mm512_add_pd(a.v, b.v); }
inline V operator-(V a, V b) { return _mm512_sub_pd(a.v, b.v); }
inline V operator*(V a, V b) { return _mm512_mul_pd(a.v, b.v); }
inline V operator/(V a, V b) { return _mm512_div_pd(a.v, b.v); }
inline V operator-(V a) { return _mm512_xor_pd(a.v, _mm512_set1_pd(-0.0)); }

inline V max(V a, V b) { return _mm512_max_pd(a.v, b.v); }
inline V min(V a, V b) { return _mm512_min_pd(a.v, b.v); }
inline V abs(V a) { return _mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v); }
inline V copysign(V magnitude, V sign) {
  const __m512i signBit = _mm512_set1_epi64(INT64_MIN);
  const __m512i m = _mm512_castpd_si512(magnitude.v), s = _mm512_castpd_si512(sign.v);
  return _mm512_castsi512_pd(_mm512_ternarylogic_epi64(signBit, s, m, 0xCA));  // signBit ? s : m, bit by bit
}

inline __mmask8 lessThan(V a, V b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ); }
inline V select(__mmask8 mask, V yes, V no) { return _mm512_mask_blend_pd(mask, no.v, yes.v); }

inline V addExponent(V a, V magic) {
  const __m512i k = _mm512_slli_epi64(_mm512_castpd_si512(magic.v), 52);
  return _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(a.v), k));
}
inline V pow2(V magic) { return addExponent(1.0, magic); }
inline V roundToFloat(V a) { return _mm512_cvtps_pd(_mm512_cvtpd_ps(a.v)); }
inline V lookup(const double (&table)[16], V steps) {
  return _mm512_permutex2var_pd(_mm512_loadu_pd(table), _mm512_castpd_si512(steps.v), _mm512_loadu_pd(table + 8));
}
inline V segmentOf(V v) { return _mm512_castsi512_pd(_mm512_srli_epi64(_mm512_castpd_si512(v.v), 50)); }
inline V timesPowerOf2(V a, V steps) {
  const __m512i k = _mm512_slli_epi64(_mm512_castpd_si512(steps.v), 48);
  return _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(a.v), k));
}
inline V productError(V a, V b, V p) { return _mm512_fmsub_pd(a.v, b.v, p.v); }
inline V exactFnma(V a, V b, V c) { return _mm512_fnmadd_pd(a.v, b.v, c.v); }

struct f32x16 {
  using Number = float;
  static constexpr size_t kLanes = 16;
  static constexpr int kTableBits = 5;
  static constexpr size_t kTogether = 6;
  static constexpr bool kRoundsDown = true, kOverlaps = true;
  __m512 v;

  f32x16(__m512 value) : v(value) {}
  f32x16(__m512i bits) : v(_mm512_castsi512_ps(bits)) {}
  f32x16(float value) : v(_mm512_set1_ps(value)) {}

  static f32x16 load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, f32x16 a) { _mm512_storeu_ps(p, a.v); }
  static void stream(float* p, f32x16 a) { _mm512_stream_ps(p, a.v); }
  __m512i bits() const { return _mm512_castps_si512(v); }
};
using F = f32x16;

inline void finishStreams() { _mm_sfence(); }

inline F operator+(F a, F b) { return _mm512_add_ps(a.v, b.v); }
inline F operator-(F a, F b) { return _mm512_sub_ps(a.v, b.v); }
inline F operator*(F a, F b) { return _mm512_mul_ps(a.v, b.v); }
inline F fma(F a, F b, F c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
inline F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a.v, b.v, c.v); }
inline F fnms(F a, F b, F c) { return _mm512_fnmsub_ps(a.v, b.v, c.v); }
inline F fnmaDown(F a, F b, F c) {
  return _mm512_fnmadd_round_ps(a.v, b.v, c.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
inline F productError(F a, F b, F p) { return _mm512_fmsub_ps(a.v, b.v, p.v); }
inline F abs(F a) { return _mm512_and_si512(a.bits(), _mm512_set1_epi32(INT32_MAX)); }
inline F copysign(F magnitude, F sign) {
  return _mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), sign.bits(), magnitude.bits(), 0xCA);  // as V's
}

// Right to 2^-14, for a power of 2 exact. Its bits are a CPU's own: with those 2^-14 more or less, too, the quick paths
// give the same results for all x.
inline F estimate(F a) { return _mm512_rcp14_ps(a.v); }
inline F reciprocal(F a) {
  const F s = estimate(a);
  return fma(s, fnma(a, s, F(1.0F)), s);  // Newton's step
}

inline F min(F a, F b) { return _mm512_min_ps(a.v, b.v); }
inline F max(F a, F b) { return _mm512_max_ps(a.v, b.v); }
inline F largerMagnitude(F a, F b) { return _mm512_range_ps(a.v, b.v, 11); }
template <int count>
inline F leadingBits(F a) {
  return _mm512_srli_epi32(a.bits(), 23 - count);
}
template <class T>
inline F lookup(const T (&table)[32], F i) {
  return _mm512_permutex2var_epi32(_mm512_load_si512(table), i.bits(), _mm512_load_si512(table + 16));
}
inline F timesPowerOf2(F a, F magic) {
  return _mm512_add_epi32(a.bits(), _mm512_slli_epi32(magic.bits(), 23 - F::kTableBits));
}

inline F orBits(F a, F b, F c) { return _mm512_ternarylogic_epi32(a.bits(), b.bits(), c.bits(), 0xFE); }
inline unsigned lessThan(F a, F b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
inline unsigned differ(F a, F b) { return _mm512_cmpneq_epi32_mask(a.bits(), b.bits()); }
inline F select(unsigned mask, F yes, F no) { return _mm512_mask_blend_ps(__mmask16(mask), no.v, yes.v); }

inline F withCanonicalNaN(F a) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q), a.v, _mm512_set1_ps(__builtin_nanf("")));
}

// See scalar.cpp. In bfloat16 a product may be subnormal in float32, too, and then off by more.
constexpr size_t kProductLanes = 16;
inline bool storeProducts(Float16* out, const Float16* gradOutput, const float* derivatives) {
  constexpr int kRounding = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  const F grad = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(gradOutput)));
  const F p = grad * F::load(derivatives);
  const __m256i low = _mm512_cvtps_ph((p * F(kBelow)).v, kRounding);
  const __m256i high = _mm512_cvtps_ph((p * F(kAbove)).v, kRounding);
  if ((_mm256_cmpneq_epi16_mask(low, high) | _mm512_cmp_ps_mask(p.v, p.v, _CMP_UNORD_Q)) != 0) return false;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), low);
  return true;
}
// Halves up: where one is in question, kBelow and kAbove times it differ.
inline __m512i bfloat16Bits(F a) {
  return _mm512_srli_epi32(_mm512_add_epi32(a.bits(), _mm512_set1_epi32(0x8000)), 16);
}
inline bool storeProducts(BFloat16* out, const BFloat16* gradOutput, const float* derivatives) {
  constexpr int kNaNOrSubnormal = 0x01 | 0x80 | 0x20;
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(gradOutput));
  const F p = F(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16)) * F::load(derivatives);
  const __m512i low = bfloat16Bits(p * F(kBelow)), high = bfloat16Bits(p * F(kAbove));
  if ((_mm512_cmpneq_epi32_mask(low, high) | _mm512_fpclass_ps_mask(p.v, kNaNOrSubnormal)) != 0) return false;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_cvtepi32_epi16(low));
  return true;
}

#include "../quick_derivatives.h"
// The paths first.
#include "../kernel.h"

TARGET_REGION_END

}  // namespace

extern const Isa avx512Isa;
const Isa avx512Isa = {kIsaName,      supported, kRows, sizeof kRows / sizeof *kRows,
                       kBackwardRows, sizeof kBackwardRows / sizeof *kBackwardRows};

}  // namespace simd_activations

#endif
