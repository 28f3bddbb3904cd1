// Several vectors as one, so that a formula is written once for one vector or for several in step: one chain of dependent
// operations leaves most of the pipes idle, and clang leaves instructions in the order in which they are written.
//
// Included inside a target region: no system headers here. A vector is F, of float32 lanes (quick.h), or V, of float64
// lanes (isa/scalar.cpp).
#pragma once

#include "target.h"

INLINE_REGION_BEGIN

template <class A, class B>
struct Both {
  using Number = typename A::Number;
  static constexpr size_t kLanes = A::kLanes + B::kLanes;
  A a;
  B b;

  Both() = default;
  Both(A first, B second) : a(first), b(second) {}
  Both(Number value) : a(value), b(value) {}

  template <class T>
  static Both load(const T* p) {
    return {A::load(p), B::load(p + A::kLanes)};
  }
  template <class T>
  static void store(T* p, Both x) {
    A::store(p, x.a);
    B::store(p + A::kLanes, x.b);
  }
  static void stream(float* p, Both x) {
    A::stream(p, x.a);
    B::stream(p + A::kLanes, x.b);
  }
};

// Every operation of a vector, on both. Not friends defined in the class: GCC 12 forgets the target region in those, and calls
// where it should inline.
#define ON_BOTH template <class A, class B> inline Both<A, B>
#define UNARY(f) \
  ON_BOTH f(Both<A, B> x) { return {f(x.a), f(x.b)}; }
#define BINARY(f) \
  ON_BOTH f(Both<A, B> x, Both<A, B> y) { return {f(x.a, y.a), f(x.b, y.b)}; }
#define TERNARY(f) \
  ON_BOTH f(Both<A, B> x, Both<A, B> y, Both<A, B> z) { return {f(x.a, y.a, z.a), f(x.b, y.b, z.b)}; }
#define ARITHMETIC(f)                                                                             \
  BINARY(f)                                                                                       \
  ON_BOTH f(Both<A, B> x, typename Both<A, B>::Number y) { return f(x, Both<A, B>(y)); }          \
  ON_BOTH f(typename Both<A, B>::Number x, Both<A, B> y) { return f(Both<A, B>(x), y); }

ARITHMETIC(operator+)
ARITHMETIC(operator-)
ARITHMETIC(operator*)
ARITHMETIC(operator/)
UNARY(operator-)
UNARY(abs)
BINARY(copysign)
BINARY(min)
BINARY(max)
TERNARY(productError)

// Of F.
UNARY(estimate)
UNARY(reciprocal)
TERNARY(fma)
TERNARY(fnma)
TERNARY(fnmaDown)
TERNARY(fnms)
template <int count, class A, class B>
inline Both<A, B> leadingBits(Both<A, B> x) {
  return {leadingBits<count>(x.a), leadingBits<count>(x.b)};
}

#if defined(__x86_64__)  // clang knows a constraint of this CPU's only
// No instruction, but one that needs all three or four vectors: so they are in step here. Where registers are few, clang
// orders instructions so that one vector comes after the other.
template <class A>
inline void keepInStep(Both<Both<A, A>, A>& x) {
  __asm__("" : "+v"(x.a.a.v), "+v"(x.a.b.v), "+v"(x.b.v));
}
template <class A>
inline void keepInStep(Both<Both<A, A>, Both<A, A>>& x) {
  __asm__("" : "+v"(x.a.a.v), "+v"(x.a.b.v), "+v"(x.b.a.v), "+v"(x.b.b.v));
}
#endif

// Of V.
UNARY(pow2)
UNARY(roundToFloat)
UNARY(segmentOf)
BINARY(addExponent)
BINARY(timesPowerOf2)
TERNARY(exactFnma)

template <class T, class A, class B>
inline Both<A, B> lookup(const T& table, Both<A, B> i) {
  return {lookup(table, i.a), lookup(table, i.b)};
}

#undef ARITHMETIC
#undef TERNARY
#undef BINARY
#undef UNARY
#undef ON_BOTH

template <class W>
using MaskOf = decltype(lessThan(W(0.0), W(0.0)));

template <class A, class B>
struct BothMasks {
  MaskOf<A> a;
  MaskOf<B> b;
};

template <class A, class B>
inline BothMasks<A, B> lessThan(Both<A, B> x, Both<A, B> y) {
  return {lessThan(x.a, y.a), lessThan(x.b, y.b)};
}

// As it is, but not deduced from: numbers convert.
template <class T>
struct Exactly {
  using Type = T;
};
template <class A, class B>
inline Both<A, B> select(BothMasks<A, B> mask, typename Exactly<Both<A, B>>::Type yes,
                         typename Exactly<Both<A, B>>::Type no) {
  return {select(mask.a, yes.a, no.a), select(mask.b, yes.b, no.b)};
}

// `count` vectors.
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

INLINE_REGION_END
