#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace simd_activations {

// The default floating-point state for a scope: round to nearest even, subnormals kept, no exception unmasked. Another
// addon built with -Ofast or -ffast-math sets flush-to-zero for the thread that loads it, and code that forgets to
// restore a rounding mode is not rare either.
class DefaultFpState {
 public:
  DefaultFpState() : saved_(get()) { set(kDefault); }
  ~DefaultFpState() { set(saved_); }
  DefaultFpState(const DefaultFpState&) = delete;
  DefaultFpState& operator=(const DefaultFpState&) = delete;

 private:
#if defined(__x86_64__)
  using State = uint32_t;
  static constexpr State kDefault = 0x1F80;
  static State get() { return _mm_getcsr(); }
  static void set(State state) { _mm_setcsr(state); }
#elif defined(__aarch64__)
  using State = uint64_t;
  static constexpr State kDefault = 0;
  static State get() {
    State state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  // The clobber keeps loads and stores of floating-point values on their side of the switch.
  static void set(State state) { __asm__ volatile("msr fpcr, %0" : : "r"(state) : "memory"); }
#else
  using State = int;
  static constexpr State kDefault = 0;
  static State get() { return 0; }
  static void set(State) {}
#endif

  State saved_;
};

}  // namespace simd_activations
