#include "cpu_affinity.h"

#if defined(__linux__)
#include <sched.h>

#include <cstddef>
#endif

namespace simd_activations {

#if defined(__linux__)
int currentCpu() { return sched_getcpu(); }

void leaveCpu(int cpu) {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0) return;
  cpu_set_t others = all;
  CPU_CLR(static_cast<size_t>(cpu), &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
  sched_setaffinity(0, sizeof all, &all);
}
#else
int currentCpu() { return -1; }
void leaveCpu(int) {}
#endif

}  // namespace simd_activations
