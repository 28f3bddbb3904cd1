#include "sixteen_bit.h"

#include <cstring>
#include <new>

#include "fp_state.h"
#include "target.h"

namespace simd_activations {
namespace {

constexpr size_t kCount = 1 << 16;

// Filled after as many elements as that computes. So no program computes more than twice what it has to, however much it
// goes on to ask for, and one that asks for little has no table in its memory.
constexpr size_t kMark = kCount;

const SixteenBitResults* filled(Kernel kernel, const Parameters& parameters) {
  SixteenBitResults* results = new (std::nothrow) SixteenBitResults;
  if (results == nullptr) return nullptr;
  for (size_t i = 0; i < kCount; i++) results->of[i] = static_cast<uint16_t>(i);
  const DefaultFpState state;
  results->parameters = parameters;
  results->isa = kernel(results->of, results->of, kCount, parameters);
  return results;
}

}  // namespace

const SixteenBitResults* SixteenBitTable::resultsFor(size_t n, Kernel kernel, const Parameters& parameters) {
  const SixteenBitResults* results = results_.load(std::memory_order_acquire);
  if (results == nullptr) {
    // Just one call passes the mark. It fills the table, which takes some 0.2 ms, and meanwhile the others compute.
    const size_t before = computed_.fetch_add(n, std::memory_order_relaxed);
    if (before >= kMark || n < kMark - before) return nullptr;
    results = filled(kernel, parameters);
    if (results == nullptr) return nullptr;
    results_.store(results, std::memory_order_release);
  }
  // By their bits, since the results for a beta of 0 and of -0 differ.
  return memcmp(&results->parameters, &parameters, sizeof parameters) == 0 ? results : nullptr;
}

// Eight at a time, since a loop of one takes 1.1 or 2 cycles an element on Zen 4, depending on where in the code it lies;
// this one takes 1.1. So do four indices from one load, and four results in one store; gathers take twice as long.
// Eight results in an SSE register would save a tenth.
const char* lookUp(const SixteenBitResults& results, const void* x, void* out, size_t n) {
  constexpr size_t kTurn = 8;
  const uint16_t* from = static_cast<const uint16_t*>(x);
  uint16_t* to = static_cast<uint16_t*>(out);
  const uint16_t* of = results.of;
  size_t i = 0;
  for (; i + kTurn <= n; i += kTurn) {
    UNROLL
    for (size_t k = i; k < i + kTurn; k++) to[k] = of[from[k]];
  }
  for (; i < n; i++) to[i] = of[from[i]];
  return results.isa;
}

}  // namespace simd_activations
