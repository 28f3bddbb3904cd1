#pragma once

#include <cstddef>

namespace simd_activations {

// What to cut into which pieces: one of `lead`, if that is not 0, the others `grain`, a multiple of 8, long or
// shorter; one thread takes all of these at once. No thread joins for less than `share`. If the last work was done a
// while ago and threads sleep, none is woken for less than four times that.
struct Work {
  size_t count;
  size_t grain;
  size_t share;
  size_t lead = 0;  // at most count
};

// Runs body(context, begin, end) over pieces that cover [0, work.count), on this thread and up to threads() - 1 others,
// and returns when all is done. Any thread may call, many at once. The body runs in the default floating-point state
// and may not call parallelFor.
using Body = void (*)(void* context, size_t begin, size_t end);
void parallelFor(const Work& work, Body body, void* context);

// How many threads a call uses, the caller among them. At first, and after setThreads(0), what the process may use
// (available_threads.h). Where `ifUnset`, what was set stays.
int threads();
void setThreads(int count, bool ifUnset = false);

}  // namespace simd_activations
