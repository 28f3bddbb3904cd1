#pragma once

namespace simd_activations {

// How many threads this process may run at once: the CPUs of its affinity mask, or its cgroup's quota (v1 or v2) of
// CPUs, rounded down, if that is less. At least 1. A threaded pool that counts the host's CPUs instead is throttled by
// the kernel for most of each period.
int availableThreads();

}  // namespace simd_activations
