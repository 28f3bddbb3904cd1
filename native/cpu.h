#pragma once

namespace simd_activations {

// What this CPU has and the operating system saves at a context switch. All false on other architectures.
struct CpuFeatures {
  bool avx2 = false;     // with FMA and F16C, as every CPU but one old VIA has them
  bool avx512 = false;   // F, DQ, BW, VL, on a CPU where 512-bit instructions pay
  bool intel = false;
};

CpuFeatures detectCpu();

}  // namespace simd_activations
