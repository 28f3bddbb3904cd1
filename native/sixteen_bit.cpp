#include "sixteen_bit.h"

#include <cstring>
#include <new>

#include "fp_state.h"
#include "target.h"

namespace simd_activations {
namespace {

constexpr size_t kCount = 1 << 16;

// Filled after as many elements as that computes. So no program computes more than twice what it has to, however much
// it goes on to ask for, and one that asks for little has no table in its memory.
constexpr size_t kMark = kCount;

// Elements per turn of what goes through an array on the stack: 4 KiB of doubles.
constexpr size_t kBlock = 512;

template <class T>
const SixteenBitValues<T>* filled(Kernel kernel, const Parameters& parameters) {
  SixteenBitValues<T>* values = new (std::nothrow) SixteenBitValues<T>;
  if (values == nullptr) return nullptr;
  const DefaultFpState state;
  values->parameters = parameters;
  for (size_t begin = 0; begin < kCount; begin += kBlock) {
    uint16_t x[kBlock];
    for (size_t i = 0; i < kBlock; i++) x[i] = static_cast<uint16_t>(begin + i);
    values->isa = kernel(x, values->of + begin, kBlock, parameters);
  }
  return values;
}

// out[i] = of[x[i]] in turns, since a loop of one takes 1.1 or 2 cycles an element on Zen 4, depending on where in the
// code it lies. Four indices from one load take as long as from four; gathers twice as long. Not inlined: where the
// compiler sees that `out` is an array on the stack it makes vectors of the indices, to take them apart again, in twice
// the time.
NEVER_INLINE void copyOf(const double* of, const uint16_t* x, double* out, size_t n) {
  constexpr size_t kTurn = 8;
  size_t i = 0;
  for (; i + kTurn <= n; i += kTurn) {
    UNROLL
    for (size_t k = i; k < i + kTurn; k++) out[k] = of[x[k]];
  }
  for (; i < n; i++) out[i] = of[x[i]];
}

// A turn is a cache line, asked for 2 KiB ahead, which may be past the end, and four results go out in one store (every
// platform of this package is little-endian): on a Zen 4 0.85 of the time in the caches, and from memory, on one thread,
// 0.73, where they are 0.90 if nothing is asked for. Eight results in an SSE register save another twentieth.
NEVER_INLINE void copyOf(const uint16_t* of, const uint16_t* x, uint16_t* out, size_t n) {
  constexpr size_t kTurn = 32;
  const auto ahead = [](const void* p) { return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(p) + 2048); };
  size_t i = 0;
  for (; i + kTurn <= n; i += kTurn) {
    __builtin_prefetch(ahead(x + i), 0);
    __builtin_prefetch(ahead(out + i), 1);
    UNROLL
    for (size_t k = i; k < i + kTurn; k += 4) {
      const uint64_t four =
          of[x[k]] | uint64_t{of[x[k + 1]]} << 16 | uint64_t{of[x[k + 2]]} << 32 | uint64_t{of[x[k + 3]]} << 48;
      memcpy(out + k, &four, sizeof four);
    }
  }
  for (; i < n; i++) out[i] = of[x[i]];
}

// Not `==`, since the results for a beta of 0 and of -0 differ.
bool sameBits(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

}  // namespace

template <class T>
const SixteenBitValues<T>* SixteenBitTable<T>::valuesFor(size_t n, Kernel kernel, const Parameters& parameters) {
  const SixteenBitValues<T>* values = values_.load(std::memory_order_acquire);
  if (values == nullptr) {
    // Just one call passes the mark. It fills the table, which takes 0.2 to 0.4 ms, and meanwhile the others compute.
    const size_t before = computed_.fetch_add(n, std::memory_order_relaxed);
    if (before >= kMark || n < kMark - before) return nullptr;
    values = filled<T>(kernel, parameters);
    if (values == nullptr) return nullptr;
    values_.store(values, std::memory_order_release);
  }
  return sameBits(values->parameters.beta, parameters.beta) && sameBits(values->parameters.threshold, parameters.threshold)
             ? values
             : nullptr;
}

template class SixteenBitTable<uint16_t>;
template class SixteenBitTable<double>;

const char* lookUp(const SixteenBitValues<uint16_t>& results, const void* x, void* out, size_t n) {
  copyOf(results.of, static_cast<const uint16_t*>(x), static_cast<uint16_t*>(out), n);
  return results.isa;
}

const char* lookUp(const SixteenBitValues<double>& derivatives, ProductKernel product, const void* gradOutput,
                   const void* x, void* out, size_t n) {
  for (size_t begin = 0; begin < n; begin += kBlock) {
    const size_t count = n - begin < kBlock ? n - begin : kBlock;
    double d[kBlock];
    copyOf(derivatives.of, static_cast<const uint16_t*>(x) + begin, d, count);
    product(static_cast<const uint16_t*>(gradOutput) + begin, d, static_cast<uint16_t*>(out) + begin, count);
  }
  return derivatives.isa;
}

}  // namespace simd_activations
