#pragma once

#include <cstddef>

namespace simd_activations {

// Says that all of this memory will be written, so that it may come in large pages: a new array's pages are mapped when
// they are first written, and 4 KiB at a time that takes several times as long as the kernels do. A hint, without effect
// on pages that are there already, and on systems that have no such pages or do not give them.
void willFill(void* data, size_t bytes);

}  // namespace simd_activations
