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

// kBlock values from x on, as a table has them. Returns what the kernel does.
const char* fill(uint16_t* of, const uint16_t* x, Kernel kernel, const Parameters& parameters) {
  return kernel(x, of, kBlock, parameters);
}

// Below 2^-126 a float32 has fewer bits; that is far below what counts in float16, but not beside bfloat16's gradients.
const char* fill(float* of, const uint16_t* x, Kernel kernel, const Parameters& parameters) {
  double d[kBlock];
  const char* isa = kernel(x, d, kBlock, parameters);
  for (size_t i = 0; i < kBlock; i++) {
    const bool tooSmall = d[i] != 0 && d[i] < 0x1p-126 && d[i] > -0x1p-126;
    of[i] = tooSmall ? __builtin_nanf("") : static_cast<float>(d[i]);
  }
  return isa;
}

template <class T>
const SixteenBitValues<T>* filled(Kernel kernel, const Parameters& parameters) {
  SixteenBitValues<T>* values = new (std::nothrow) SixteenBitValues<T>;
  if (values == nullptr) return nullptr;
  const DefaultFpState state;
  values->parameters = parameters;
  for (size_t begin = 0; begin < kCount; begin += kBlock) {
    uint16_t x[kBlock];
    for (size_t i = 0; i < kBlock; i++) x[i] = static_cast<uint16_t>(begin + i);
    values->isa = fill(values->of + begin, x, kernel, parameters);
  }
  return values;
}

// The entries of the next arguments, as many as make eight bytes (every platform of this package is little-endian).
uint64_t eightBytes(const uint16_t* of, const uint16_t* x) {
  return of[x[0]] | uint64_t{of[x[1]]} << 16 | uint64_t{of[x[2]]} << 32 | uint64_t{of[x[3]]} << 48;
}
uint64_t eightBytes(const float* of, const uint16_t* x) {
  uint32_t first, second;
  memcpy(&first, of + x[0], sizeof first);
  memcpy(&second, of + x[1], sizeof second);
  return first | uint64_t{second} << 32;
}

// out[i] = of[x[i]], in turns, since a loop of one takes 1.1 or 2 cycles an element on Zen 4, depending on where in the
// code it lies; gathers take twice as long. A turn's lines are asked for ahead: on a Zen 4 0.85 of the time in the
// caches, and from memory, on one thread, 0.73, where they are 0.90 if nothing is asked for. Eight results of 16 bits
// in an SSE register save another twentieth. Not inlined: where the compiler sees that `out` is an array on the stack
// it makes vectors of the indices, to take them apart again, in twice the time.
template <class T>
NEVER_INLINE void copyOf(const T* of, const uint16_t* x, T* out, size_t n) {
  constexpr size_t kTurn = 32;
  size_t i = 0;
  for (; i + kTurn <= n; i += kTurn) {
    __builtin_prefetch(ahead(x + i), 0);
    __builtin_prefetch(ahead(out + i), 1);
    UNROLL
    for (size_t k = 0; k < kTurn; k += 8 / sizeof(T)) {
      const uint64_t entries = eightBytes(of, x + i + k);
      memcpy(out + i + k, &entries, sizeof entries);
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
template class SixteenBitTable<float>;

const char* lookUp(const SixteenBitValues<uint16_t>& results, const void* x, void* out, size_t n) {
  copyOf(results.of, static_cast<const uint16_t*>(x), static_cast<uint16_t*>(out), n);
  return results.isa;
}

const char* lookUp(const SixteenBitValues<float>& derivatives, ProductKernel product, BackwardKernel kernel,
                   const void* gradOutput, const void* x, void* out, size_t n) {
  constexpr size_t kInDoubt = 16;  // as many as a vector has, or more
  const uint16_t *gradFrom = static_cast<const uint16_t*>(gradOutput), *from = static_cast<const uint16_t*>(x);
  uint16_t* to = static_cast<uint16_t*>(out);
  for (size_t begin = 0; begin < n; begin += kBlock) {
    const size_t end = n - begin < kBlock ? n : begin + kBlock;
    float d[kBlock];
    copyOf(derivatives.of, from + begin, d, end - begin);
    size_t i = begin;
    while ((i += product(gradFrom + i, d + (i - begin), to + i, end - i)) < end) {
      const size_t count = end - i < kInDoubt ? end - i : kInDoubt;
      kernel(gradFrom + i, from + i, to + i, count, derivatives.parameters);
      i += count;
    }
  }
  return derivatives.isa;
}

}  // namespace simd_activations
