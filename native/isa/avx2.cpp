// AVX2, FMA and F16C: four lanes.

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "../dispatch.h"
#include "../sixteen_bit.h"
#include "../target.h"

namespace simd_activations {
namespace {

constexpr const char* kIsaName = "avx2";

bool supported(const CpuFeatures& cpu) { return cpu.avx2; }

TARGET_REGION_BEGIN("avx2,fma,f16c")

struct f64x4 {
  using Number = double;
  static constexpr size_t kLanes = 4;
  static constexpr size_t kTogether = 2, kTogetherIfShort = 4;
  __m256d v;

  f64x4(__m256d value) : v(value) {}
  f64x4() = default;
  f64x4(double value) : v(_mm256_set1_pd(value)) {}

  static f64x4 load(const double* p) { return _mm256_loadu_pd(p); }
  static f64x4 load(const float* p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
  static f64x4 load(const Float16* p) { return _mm256_cvtps_pd(_mm_cvtph_ps(loadBits(p))); }
  static f64x4 load(const BFloat16* p) {
    return _mm256_cvtps_pd(_mm_castsi128_ps(_mm_slli_epi32(_mm_cvtepu16_epi32(loadBits(p)), 16)));
  }
  static void store(double* p, f64x4 a) {
    const __m256d nan = _mm256_cmp_pd(a.v, a.v, _CMP_UNORD_Q);
    _mm256_storeu_pd(p, _mm256_blendv_pd(a.v, _mm256_set1_pd(__builtin_nan("")), nan));
  }
  static void store(float* p, f64x4 a) {
    const __m128 y = _mm256_cvtpd_ps(a.v);
    const __m128 nan = _mm_cmp_ps(y, y, _CMP_UNORD_Q);
    _mm_storeu_ps(p, _mm_blendv_ps(y, _mm_set1_ps(__builtin_nanf("")), nan));
  }
  static void store(Float16* p, f64x4 a) {
    const __m128i y = _mm_cvtps_ph(roundedToOdd(a), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    storeBits(p, a, _mm_cvtepu16_epi32(y), kFloat16NaN);
  }
  static void store(BFloat16* p, f64x4 a) {
    const __m128i y = _mm_castps_si128(roundedToOdd(a));
    const __m128i odd = _mm_and_si128(_mm_srli_epi32(y, 16), _mm_set1_epi32(1));
    storeBits(p, a, _mm_srli_epi32(_mm_add_epi32(_mm_add_epi32(y, _mm_set1_epi32(0x7FFF)), odd), 16), kBFloat16NaN);
  }

 private:
  template <class T>
  static __m128i loadBits(const T* p) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  }
  // The low halves of y's 32-bit lanes; `nan` where `a` is NaN.
  template <class T>
  static void storeBits(T* p, f64x4 a, __m128i y, int nan) {
    const __m256i wide = _mm256_castpd_si256(_mm256_cmp_pd(a.v, a.v, _CMP_UNORD_Q));
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    const __m128i isNan = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(wide, order));
    const __m128i bits = _mm_blendv_epi8(y, _mm_set1_epi32(nan), isNan);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi32(bits, bits));
  }
  // See scalar.cpp.
  static __m128 roundedToOdd(f64x4 a) {
    const __m256i low = _mm256_set1_epi64x(kOddMask), bits = _mm256_castpd_si256(a.v);
    const __m256i sticky = _mm256_andnot_si256(low, _mm256_add_epi64(_mm256_and_si256(bits, low), low));
    return _mm256_cvtpd_ps(_mm256_castsi256_pd(_mm256_or_si256(_mm256_andnot_si256(low, bits), sticky)));
  }
};
using V = f64x4;

inline V operator+(V a, V b) { return _mm256_add_pd(a.v, b.v); }
inline V operator-(V a, V b) { return _mm256_sub_pd(a.v, b.v); }
inline V operator*(V a, V b) { return _mm256_mul_pd(a.v, b.v); }
inline V operator/(V a, V b) { return _mm256_div_pd(a.v, b.v); }
inline V operator-(V a) { return _mm256_xor_pd(a.v, _mm256_set1_pd(-0.0)); }

inline V max(V a, V b) { return _mm256_max_pd(a.v, b.v); }
inline V min(V a, V b) { return _mm256_min_pd(a.v, b.v); }
inline V abs(V a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a.v); }
inline V copysign(V magnitude, V sign) {
  const __m256d signBit = _mm256_set1_pd(-0.0);
  return _mm256_or_pd(_mm256_andnot_pd(signBit, magnitude.v), _mm256_and_pd(signBit, sign.v));
}

struct Mask {
  __m256d v;
};
inline Mask lessThan(V a, V b) { return {_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ)}; }
inline V select(Mask mask, V yes, V no) { return _mm256_blendv_pd(no.v, yes.v, mask.v); }

inline V addExponent(V a, V magic) {
  const __m256i k = _mm256_slli_epi64(_mm256_castpd_si256(magic.v), 52);
  return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(a.v), k));
}
inline V pow2(V magic) { return addExponent(1.0, magic); }
inline V roundToFloat(V a) { return _mm256_cvtps_pd(_mm256_cvtpd_ps(a.v)); }
// Not a gather, which takes up to a third longer on Zen 5.
inline __m128d lookupTwo(const double (&table)[16], __m128i i) {
  const __m128d first = _mm_load_sd(table + (_mm_cvtsi128_si32(i) & 15));
  return _mm_loadh_pd(first, table + (_mm_extract_epi32(i, 2) & 15));
}
inline V lookup(const double (&table)[16], V steps) {
  const __m256i i = _mm256_castpd_si256(steps.v);
  return _mm256_set_m128d(lookupTwo(table, _mm256_extracti128_si256(i, 1)), lookupTwo(table, _mm256_castsi256_si128(i)));
}

// A table's columns as rows: two entries of four of these are two loads, two inserts and two shuffles.
struct Rows {
  double of[16][16];
};
constexpr Rows rowsOf(const double (&table)[16][16]) {
  Rows rows = {};
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 16; j++) rows.of[j][i] = table[i][j];
  }
  return rows;
}
template <const auto& table>
constexpr Rows kRowsOf = rowsOf(table);

template <const auto& table, class W>
struct Column;
template <const auto& table>
struct Column<table, V> {
  const double* rows[4];

  explicit Column(V segment) {
    alignas(32) uint64_t index[4];
    const __m256i last = _mm256_and_si256(_mm256_castpd_si256(segment.v), _mm256_set1_epi64x(15));
    _mm256_store_si256(reinterpret_cast<__m256i*>(index), last);
    for (int k = 0; k < 4; k++) rows[k] = kRowsOf<table>.of[index[k]];
  }
  V operator[](int i) const {
    const int first = i & ~1;
    const __m256d even = _mm256_set_m128d(_mm_loadu_pd(rows[2] + first), _mm_loadu_pd(rows[0] + first));
    const __m256d odd = _mm256_set_m128d(_mm_loadu_pd(rows[3] + first), _mm_loadu_pd(rows[1] + first));
    return i == first ? _mm256_unpacklo_pd(even, odd) : _mm256_unpackhi_pd(even, odd);
  }
};

inline V segmentOf(V v) { return _mm256_castsi256_pd(_mm256_srli_epi64(_mm256_castpd_si256(v.v), 50)); }
inline V timesPowerOf2(V a, V steps) {
  const __m256i k = _mm256_slli_epi64(_mm256_castpd_si256(steps.v), 48);
  return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(a.v), k));
}
inline V productError(V a, V b, V p) { return _mm256_fmsub_pd(a.v, b.v, p.v); }
inline V exactFnma(V a, V b, V c) { return _mm256_fnmadd_pd(a.v, b.v, c.v); }

struct f32x8 {
  using Number = float;
  static constexpr size_t kLanes = 8;
  static constexpr size_t kTogether = 4;
  static constexpr int kTableBits = 3;
  static constexpr bool kRoundsDown = false, kOverlaps = false;
  __m256 v;

  f32x8(__m256 value) : v(value) {}
  f32x8(__m256i bits) : v(_mm256_castsi256_ps(bits)) {}
  f32x8(float value) : v(_mm256_set1_ps(value)) {}

  static f32x8 load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, f32x8 a) { _mm256_storeu_ps(p, a.v); }
  static void stream(float* p, f32x8 a) { _mm256_stream_ps(p, a.v); }
  __m256i bits() const { return _mm256_castps_si256(v); }
};
using F = f32x8;

inline void finishStreams() { _mm_sfence(); }

inline F operator+(F a, F b) { return _mm256_add_ps(a.v, b.v); }
inline F operator-(F a, F b) { return _mm256_sub_ps(a.v, b.v); }
inline F operator*(F a, F b) { return _mm256_mul_ps(a.v, b.v); }
inline F fma(F a, F b, F c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
inline F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a.v, b.v, c.v); }
inline F fnms(F a, F b, F c) { return _mm256_fnmsub_ps(a.v, b.v, c.v); }
inline F productError(F a, F b, F p) { return _mm256_fmsub_ps(a.v, b.v, p.v); }
inline F abs(F a) { return _mm256_and_si256(a.bits(), _mm256_set1_epi32(INT32_MAX)); }
inline F copysign(F magnitude, F sign) {
  const F signBit = -0.0F;
  return _mm256_or_ps(_mm256_andnot_ps(signBit.v, magnitude.v), _mm256_and_ps(signBit.v, sign.v));
}

inline F estimate(F a) { return _mm256_div_ps(F(1.0F).v, a.v); }
inline F reciprocal(F a) { return estimate(a); }

inline F min(F a, F b) { return _mm256_min_ps(a.v, b.v); }
inline F max(F a, F b) { return _mm256_max_ps(a.v, b.v); }
inline F largerMagnitude(F a, F b) { return max(abs(a), abs(b)); }
template <int count>
inline F leadingBits(F a) {
  return _mm256_srli_epi32(a.bits(), 23 - count);
}
template <class T>
inline F lookup(const T (&table)[8], F i) {
  return _mm256_permutevar8x32_epi32(_mm256_load_si256(reinterpret_cast<const __m256i*>(table)), i.bits());
}
inline F timesPowerOf2(F a, F magic) {
  return _mm256_add_epi32(a.bits(), _mm256_slli_epi32(magic.bits(), 23 - F::kTableBits));
}

inline F orBits(F a, F b, F c) { return _mm256_or_si256(_mm256_or_si256(a.bits(), b.bits()), c.bits()); }
inline unsigned maskOf(F a) { return unsigned(_mm256_movemask_ps(a.v)); }
inline unsigned lessThan(F a, F b) { return maskOf(_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)); }
inline unsigned differ(F a, F b) { return maskOf(_mm256_cmpeq_epi32(a.bits(), b.bits())) ^ 0xff; }
inline F select(unsigned mask, F yes, F no) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i chosen = _mm256_and_si256(_mm256_set1_epi32(int(mask)), bit);
  return _mm256_blendv_ps(no.v, yes.v, F(_mm256_cmpeq_epi32(chosen, bit)).v);
}

inline F withCanonicalNaN(F a) {
  return _mm256_blendv_ps(a.v, _mm256_set1_ps(__builtin_nanf("")), _mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q));
}

// See scalar.cpp. In bfloat16 a product may be subnormal in float32, too, and then off by more.
constexpr size_t kProductLanes = 8;
inline bool storeProducts(Float16* out, const Float16* gradOutput, const float* derivatives) {
  constexpr int kRounding = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  const F grad = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(gradOutput)));
  const F p = grad * F::load(derivatives);
  const __m128i low = _mm256_cvtps_ph((p * F(kBelow)).v, kRounding);
  const __m128i high = _mm256_cvtps_ph((p * F(kAbove)).v, kRounding);
  if (_mm_movemask_epi8(_mm_cmpeq_epi16(low, high)) != 0xFFFF ||
      _mm256_movemask_ps(_mm256_cmp_ps(p.v, p.v, _CMP_UNORD_Q)) != 0) {
    return false;
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), low);
  return true;
}
// Halves up: where one is in question, kBelow and kAbove times it differ.
inline __m256i bfloat16Bits(F a) {
  return _mm256_srli_epi32(_mm256_add_epi32(_mm256_castps_si256(a.v), _mm256_set1_epi32(0x8000)), 16);
}
inline bool storeProducts(BFloat16* out, const BFloat16* gradOutput, const float* derivatives) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(gradOutput));
  const F p = F(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16)) * F::load(derivatives);
  const __m256i low = bfloat16Bits(p * F(kBelow)), high = bfloat16Bits(p * F(kAbove));
  const __m256 small = _mm256_and_ps(_mm256_cmp_ps(abs(p).v, _mm256_set1_ps(0x1p-126F), _CMP_NGE_UQ),
                                     _mm256_cmp_ps(p.v, _mm256_setzero_ps(), _CMP_NEQ_UQ));
  if (_mm256_movemask_epi8(_mm256_cmpeq_epi32(low, high)) != -1 || _mm256_movemask_ps(small) != 0) return false;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
  return true;
}

#include "../quick_derivatives.h"
// The paths first.
#include "../kernel.h"

TARGET_REGION_END

}  // namespace

extern const Isa avx2Isa;
const Isa avx2Isa = {kIsaName,      supported, kRows, sizeof kRows / sizeof *kRows,
                     kBackwardRows, sizeof kBackwardRows / sizeof *kBackwardRows};

}  // namespace simd_activations

#endif
