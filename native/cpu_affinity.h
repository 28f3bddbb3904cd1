#pragma once

namespace simd_activations {

// The CPU that this thread is on; -1 where that cannot be told.
int currentCpu();

// Moves this thread from a CPU to another, if there is one. In a virtual machine Linux may wake a helper on its caller's CPU
// although others are idle: it takes a virtual CPU that the host has put to sleep for one that is not to be had. The two
// would take turns for the 10 to 20 ms until the scheduler balances its load.
void leaveCpu(int cpu);

}  // namespace simd_activations
