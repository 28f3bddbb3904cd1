#pragma once
namespace simd_activations { struct CpuFeatures { bool avx2Fma; bool avx512; }; CpuFeatures detectCpu(); }
