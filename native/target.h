#pragma once

#include <cstdint>

// Opens and closes a region whose functions are compiled for a named instruction set.
//
// Why not -mavx2 on the file: the flag would also reach every inline function of every header in it, and the
// linker keeps one copy of those for the whole addon. It may keep the AVX copy, and an old CPU then dies of SIGILL
// in code that never asked for AVX. Inside a region only what is written there is affected, so all system headers
// are included before it and everything in it has internal linkage (a test reads the object files with nm).
//
// g++ knows `GCC target`, clang knows `clang attribute`, and each rejects the other's. And g++ is asked to order
// instructions before it gives out registers, not only after: otherwise what is written in step stays in step, and most
// kernels take 2 to 17 % longer, and those of float64 arrays up to 50.

#define SIMD_ACTIVATIONS_PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define TARGET_REGION_BEGIN(features) \
  SIMD_ACTIVATIONS_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define TARGET_REGION_END SIMD_ACTIVATIONS_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define TARGET_REGION_BEGIN(features)           \
  SIMD_ACTIVATIONS_PRAGMA(GCC push_options)     \
  SIMD_ACTIVATIONS_PRAGMA(GCC target(features)) \
  SIMD_ACTIVATIONS_PRAGMA(GCC optimize("schedule-insns", "sched-pressure"))
#define TARGET_REGION_END SIMD_ACTIVATIONS_PRAGMA(GCC pop_options)
#else
#error "simd-activations needs g++ or clang: the kernels are compiled for several instruction sets in one build"
#endif

// For code that is to exist once: a rare case, out of the way of the common one, or a long kernel.
#define NEVER_INLINE __attribute__((noinline))

// For the body of a loop: all that it calls goes into it, but what is never inlined. A compiler that calls a function
// twice may not inline it, and several vectors would then go through memory.
#define FLATTEN __attribute__((flatten))

// Around what such a body calls by way of other functions: clang puts only the calls into it that it makes itself. g++ puts
// all there, and if they are marked, copies vectors in halves on the way (AVX2's SiLU takes 2.4 times as long).
#if defined(__clang__)
#define INLINE_REGION_BEGIN \
  SIMD_ACTIVATIONS_PRAGMA(clang attribute push(__attribute__((always_inline)), apply_to = function))
#define INLINE_REGION_END SIMD_ACTIVATIONS_PRAGMA(clang attribute pop)
#else
#define INLINE_REGION_BEGIN
#define INLINE_REGION_END
#endif

// Before a loop of constant length over vectors, which are to stay in registers.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

namespace simd_activations {

// What is 2 KiB on from p, for the caches to be asked for: maybe past the end.
__attribute__((always_inline)) inline const void* ahead(const void* p) {
  return reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(p) + 2048);
}

}  // namespace simd_activations
