#pragma once

#include <cstddef>

namespace simd_activations {

// Runs body(context, begin, end) over pieces that cover [0, count), each `grain` long or shorter, on this thread and
// up to threads() - 1 others, and returns when all is done. A count of one piece stays on this thread. Any thread may
// call, many at once. The body runs in the default floating-point state and may not call parallelFor.
using Body = void (*)(void* context, size_t begin, size_t end);
void parallelFor(size_t count, size_t grain, Body body, void* context);

// How many threads a call uses, the caller among them. At first, and after setThreads(0), what the process may use
// (available_threads.h).
int threads();
void setThreads(int count);

}  // namespace simd_activations
