// Quick paths: a function in float32 lanes with a proof of its rounding, vector by vector, and the float64 formula
// for the vectors where the proof fails (Ziv's strategy).
//
// Included inside a target region by an ISA that has a vector F of float32 lanes besides V: no system headers here.
// A quick path computes bounds low <= f(x) <= high, each rounded to float32. Where they are the same float, that is
// the correctly rounded result, whatever the path: so the bits do not depend on it, and no backend has to follow it.
// Nothing here is an estimate: + - * / and fma are exact to the last bit on every CPU, and verify/ has seen all inputs.
//
// F has, besides the operators: fma(a, b, c) = a b + c, fnma = c - a b, fnms = -c - a b, productError, abs. Of the lanes taken as 32-bit
// integers: minusBits, minBits and maxBits (signed), clampNegative(a, limit), the unsigned minimum; lookup(table, i), the entry at the low F::kTableBits bits of i;
// addSteps(a, i), which adds i to the exponent field and the first kTableBits bits after it. For the checks: largerBits
// (unsigned maximum), orDifference(seen, a, b) = seen | (a ^ b); as masks, one bit a lane, lessThan, differ (of bits)
// and above(a, limit) (unsigned); select(mask, yes, no).
#pragma once

#include "pair.h"

// Two vectors as one, so that a path is written once for one vector or for several in step: one chain of dependent
// operations leaves most of the pipes idle, and one branch serves all.
template <class A, class B>
struct Both {
  static constexpr size_t kLanes = A::kLanes + B::kLanes;
  A a;
  B b;

  Both(A first, B second) : a(first), b(second) {}
  using Number = typename A::Number;
  Both(Number value) : a(value), b(value) {}

  static Both load(const float* p) { return {A::load(p), B::load(p + A::kLanes)}; }
  template <class T>
  static void store(T* p, Both x) {
    A::store(p, x.a);
    B::store(p + A::kLanes, x.b);
  }
};

// Every operation of F, on both. Not friends defined in the class: GCC 12 forgets the target region in those, and calls
// where it should inline.
template <class A, class B>
inline Both<A, B> operator+(Both<A, B> x, Both<A, B> y) {
  return {x.a + y.a, x.b + y.b};
}
template <class A, class B>
inline Both<A, B> operator-(Both<A, B> x, Both<A, B> y) {
  return {x.a - y.a, x.b - y.b};
}
template <class A, class B>
inline Both<A, B> operator*(Both<A, B> x, Both<A, B> y) {
  return {x.a * y.a, x.b * y.b};
}
template <class A, class B>
inline Both<A, B> operator/(Both<A, B> x, Both<A, B> y) {
  return {x.a / y.a, x.b / y.b};
}
template <class A, class B>
inline Both<A, B> fma(Both<A, B> x, Both<A, B> y, Both<A, B> z) {
  return {fma(x.a, y.a, z.a), fma(x.b, y.b, z.b)};
}
template <class A, class B>
inline Both<A, B> fnma(Both<A, B> x, Both<A, B> y, Both<A, B> z) {
  return {fnma(x.a, y.a, z.a), fnma(x.b, y.b, z.b)};
}
template <class A, class B>
inline Both<A, B> fnms(Both<A, B> x, Both<A, B> y, Both<A, B> z) {
  return {fnms(x.a, y.a, z.a), fnms(x.b, y.b, z.b)};
}
template <class A, class B>
inline Both<A, B> productError(Both<A, B> x, Both<A, B> y, Both<A, B> z) {
  return {productError(x.a, y.a, z.a), productError(x.b, y.b, z.b)};
}
template <class A, class B>
inline Both<A, B> abs(Both<A, B> x) {
  return {abs(x.a), abs(x.b)};
}
template <class A, class B>
inline Both<A, B> clamp(Both<A, B> x, float limit) {
  return {clamp(x.a, limit), clamp(x.b, limit)};
}
template <class A, class B>
inline Both<A, B> clampNegative(Both<A, B> x, float limit) {
  return {clampNegative(x.a, limit), clampNegative(x.b, limit)};
}
template <class A, class B>
inline Both<A, B> minusBits(Both<A, B> x, uint32_t bits) {
  return {minusBits(x.a, bits), minusBits(x.b, bits)};
}
template <class A, class B>
inline Both<A, B> minBits(Both<A, B> x, Both<A, B> y) {
  return {minBits(x.a, y.a), minBits(x.b, y.b)};
}
template <class A, class B>
inline Both<A, B> maxBits(Both<A, B> x, Both<A, B> y) {
  return {maxBits(x.a, y.a), maxBits(x.b, y.b)};
}
template <class A, class B>
inline Both<A, B> addSteps(Both<A, B> x, Both<A, B> y) {
  return {addSteps(x.a, y.a), addSteps(x.b, y.b)};
}
template <class T, class A, class B>
inline Both<A, B> lookup(const T& table, Both<A, B> i) {
  return {lookup(table, i.a), lookup(table, i.b)};
}

// Over all vectors, into one.
template <class A, class B>
inline F largerBits(F seen, Both<A, B> x) {
  return largerBits(largerBits(seen, x.a), x.b);
}
template <class A, class B>
inline F orDifference(F seen, Both<A, B> x, Both<A, B> y) {
  return orDifference(orDifference(seen, x.a, y.a), x.b, y.b);
}

template <class A, size_t count>
struct TogetherOf {
  using Type = Both<typename TogetherOf<A, (count + 1) / 2>::Type, typename TogetherOf<A, count / 2>::Type>;
};
template <class A>
struct TogetherOf<A, 1> {
  using Type = A;
};
template <class A, size_t count>
using Together = typename TogetherOf<A, count>::Type;

// What a quick path tells of x. The result is in [low, high], where `size`, unsigned, is not above Path::kLargest.
template <class W>
struct Bounds {
  W low, high, size;
};

// A formula's quick path (QuickPath, declared in activations.h) has
//   run                run() of kernel.h, or false where the parameters are not for it
//   Step               the vectors of a block: F, or several as Both
//   bounds(W)          for W = F or Step
//   kLargest           see Bounds
//   kLeast             it is for x whose bits, unsigned, are not above this: for x not below some negative number
//   kVanishes, kNothing, kIdentity     f(x) is kNothing for x < kVanishes, x for x > kIdentity, and x for zeros
constexpr uint32_t kAny = 0xffffffff;

template <class Path>
inline unsigned failures(F x, F difference, F size) {
  const unsigned failed = differ(difference, F(0.0F)) | above(size, Path::kLargest);
  return Path::kLeast == kAny ? failed : failed | above(x, Path::kLeast);
}

// A failed block once more. Most lanes out of a path's range are zeros, or have a result of zero or x: these are
// settled here, and the formula is for the groups of lanes that have another.
template <V (*formula)(V, const Parameters&), size_t kLanes>
NEVER_INLINE void repair(const float* x, const float* low, const float* high, const float* size, float* out,
                         const Parameters& parameters) {
  using Path = QuickPath<formula>;
  for (size_t i = 0; i < kLanes; i += F::kLanes) {
    const F v = F::load(x + i), y = F::load(low + i);
    const unsigned failed =
        failures<Path>(v, orDifference(F(0.0F), y, F::load(high + i)), F::load(size + i));
    if (failed == 0) continue;
    const unsigned nothing = lessThan(v, F(Path::kVanishes));
    const unsigned unchanged = ~differ(abs(v), F(0.0F)) | lessThan(F(Path::kIdentity), v);
    F::store(out + i, select(nothing, F(Path::kNothing), select(unchanged, v, y)));
    const unsigned open = failed & ~nothing & ~unchanged;
    for (size_t k = 0; k < F::kLanes; k += V::kLanes)
      if ((open >> k & ((1U << V::kLanes) - 1)) != 0) V::store(out + i + k, formula(V::load(x + i + k), parameters));
  }
}

// out[i] = f(x[i]) for i < W::kLanes.
template <V (*formula)(V, const Parameters&), class W>
inline void quickBlock(const float* x, float* out, const Parameters& parameters) {
  using Path = QuickPath<formula>;
  const F none = 0.0F;
  const W v = W::load(x);
  const Bounds<W> b = Path::bounds(v);
  W::store(out, b.low);
  if (__builtin_expect(failures<Path>(largerBits(none, v), orDifference(none, b.low, b.high),
                                      largerBits(none, b.size)) != 0, 0)) {
    float copies[4][W::kLanes];  // of x too: the store may have gone over it
    W::store(copies[0], v);
    W::store(copies[1], b.low);
    W::store(copies[2], b.high);
    W::store(copies[3], b.size);
    repair<formula, W::kLanes>(copies[0], copies[1], copies[2], copies[3], out, parameters);
  }
}

// run() by the quick path: blocks, then single vectors, then the rest, padded with a number that never fails.
template <V (*formula)(V, const Parameters&)>
inline bool runQuick(const float* x, float* out, size_t n, const Parameters& parameters) {
  using Step = typename QuickPath<formula>::Step;
  size_t i = 0;
  for (; i + Step::kLanes <= n; i += Step::kLanes) QuickPath<formula>::template block<Step>(x + i, out + i, parameters);
  while (i < n) {
    const size_t count = n - i < F::kLanes ? n - i : F::kLanes;
    float rest[F::kLanes];
    F::store(rest, F(1.0F));
    memcpy(rest, x + i, count * sizeof(float));
    QuickPath<formula>::template block<typename QuickPath<formula>::Single>(rest, rest, parameters);
    memcpy(out + i, rest, count * sizeof(float));
    i += count;
  }
  return true;
}

#include "quick_logistic.h"
#include "quick_tail.h"
