// CPUID and XGETBV; nothing else.

#include "cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>

#include <cstdint>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace simd_activations {
namespace {

constexpr bool bit(uint32_t word, int index) { return (word >> index & 1) != 0; }

// XCR0: which registers the operating system saves. Not _xgetbv(), which would need the file compiled for XSAVE.
uint64_t enabledState() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

constexpr uint64_t kYmm = 0x6;
[[maybe_unused]] constexpr uint64_t kZmm = 0xE6;

bool savesZmm(uint64_t state) {
#if defined(__APPLE__)
  // macOS enables the ZMM state at a thread's first use of it, so that XCR0 does not tell.
  int value = 0;
  size_t size = sizeof value;
  return (state & kYmm) == kYmm && sysctlbyname("hw.optional.avx512f", &value, &size, nullptr, 0) == 0 && value != 0;
#else
  return (state & kZmm) == kZmm;
#endif
}

}  // namespace

CpuFeatures detectCpu() {
  CpuFeatures cpu;
  uint32_t eax, ebx, ecx, edx;
  if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx)) return cpu;
  cpu.intel = ebx == signature_INTEL_ebx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return cpu;
  const bool fma = bit(ecx, 12), osxsave = bit(ecx, 27), avx = bit(ecx, 28), f16c = bit(ecx, 29);
  if (!osxsave || !avx) return cpu;
  const uint64_t state = enabledState();
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return cpu;
  cpu.avx2 = (state & kYmm) == kYmm && fma && f16c && bit(ebx, 5);
  const bool f = bit(ebx, 16), dq = bit(ebx, 17), bw = bit(ebx, 30), vl = bit(ebx, 31);
  // Skylake and Cascade Lake lower the clock of the whole core for 512-bit arithmetic. VBMI2 came with Ice Lake, which
  // no longer does, and Zen 4 has it.
  const bool vbmi2 = bit(ecx, 6);
  cpu.avx512 = cpu.avx2 && savesZmm(state) && f && dq && bw && vl && vbmi2;
  return cpu;
}

}  // namespace simd_activations

#else

namespace simd_activations {

CpuFeatures detectCpu() { return {}; }

}  // namespace simd_activations

#endif
