// Quick paths: float32 results from a cheaper evaluation with a proof of its rounding, and from the float64 formula
// where the proof fails (Ziv's strategy).
//
// Included inside the target region of an ISA that has a vector F of float32 lanes besides V, by the headers of the
// paths: no system headers here. Where both ends of an interval around the exact result round to the same float32, that
// is the correctly rounded one, whichever way the interval was found. So the bits do not depend on the path, and the
// other backends need not follow it. There are no estimates in it either: its operations are exact to the last bit on
// every CPU, so that what verify/ has found right on one is right on all.
//
// F has, besides + - * /: fma(a, b, c) = a b + c, fnma = c - a b, fnms = -c - a b, productError and abs as V; min and
// max, b where either is NaN; clamp(a, limit), |a| cut to the limit, with a's sign; largerMagnitude and
// smallerMagnitude, the one of a and b that is larger or smaller without its sign; timesPowerOf2, for quick_exp.h, which
// tells what it is. Of lanes as 32-bit integers: plusBits, minusBits, andBits with a constant; maxBits (signed),
// smallerBits, largerBits (unsigned); lookup(table, i), the entry at the low F::kTableBits bits of i; orBits(a, b, c). As
// masks, one bit a lane: lessThan, differ (of bits), above (unsigned); and select(mask, yes, no). withCanonicalNaN(a):
// every NaN as the kernels store it.
#pragma once

#include "activations.h"

// Two vectors as one, so that a path is written once for one vector or for several in step: one chain of dependent
// operations leaves most of the pipes idle, and one branch serves all.
template <class A, class B>
struct Both {
  using Number = typename A::Number;
  static constexpr size_t kLanes = A::kLanes + B::kLanes;
  A a;
  B b;

  Both(A first, B second) : a(first), b(second) {}
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
inline Both<A, B> minusBits(Both<A, B> x, uint32_t bits) {
  return {minusBits(x.a, bits), minusBits(x.b, bits)};
}
template <class A, class B>
inline Both<A, B> min(Both<A, B> x, Both<A, B> y) {
  return {min(x.a, y.a), min(x.b, y.b)};
}
template <class A, class B>
inline Both<A, B> max(Both<A, B> x, Both<A, B> y) {
  return {max(x.a, y.a), max(x.b, y.b)};
}
template <class A, class B>
inline Both<A, B> timesPowerOf2(Both<A, B> x, Both<A, B> magic, Both<A, B> steps) {
  return {timesPowerOf2(x.a, magic.a, steps.a), timesPowerOf2(x.b, magic.b, steps.b)};
}
template <class T, class A, class B>
inline Both<A, B> lookup(const T& table, Both<A, B> i) {
  return {lookup(table, i.a), lookup(table, i.b)};
}

// Over all vectors, into one: the bits of any of them, and the least numbers.
inline F allBits(F x) { return x; }
inline F allBits(Both<F, F> x) { return orBits(F(0.0F), x.a, x.b); }
template <class A, class B>
inline F allBits(Both<A, B> x) {
  return orBits(F(0.0F), allBits(x.a), allBits(x.b));
}
inline F least(F x) { return x; }
template <class A, class B>
inline F least(Both<A, B> x) {
  return min(least(x.a), least(x.b));
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

// A formula's path is a specialization of QuickPath (activations.h); a formula without one just works.
//
// Its run() is that of kernel.h, or false if the parameters are not for the path. block<W>() does W::kLanes elements;
// it may tell that all of them were far out of its range, and is told so of the block before. Step is the W of the
// loop, Single, of F::kLanes, that of its end. Below kVanishes, f(x) rounds to kNothing.
template <V (*formula)(V, const Parameters&)>
inline bool runQuick(const float* x, float* out, size_t n, const Parameters& parameters) {
  using Path = QuickPath<formula>;
  using Step = typename Path::Step;
  using Single = typename Path::Single;
  size_t i = 0;
  bool far = false;
  for (; i + Step::kLanes <= n; i += Step::kLanes) far = Path::template block<Step>(x + i, out + i, parameters, far);
  for (; i + Single::kLanes <= n; i += Single::kLanes) Path::template block<Single>(x + i, out + i, parameters, false);
  if (i < n) {
    float rest[Single::kLanes];
    F::store(rest, F(1.0F));  // which is in every path's range
    memcpy(rest, x + i, (n - i) * sizeof(float));
    Path::template block<Single>(rest, rest, parameters, false);
    memcpy(out + i, rest, (n - i) * sizeof(float));
  }
  return true;
}

// The same of a derivative's path, whose block<W>(gradOutput, x, out, parameters) has the product.
template <V (*derivative)(V, const Parameters&)>
inline bool runQuickBackward(const float* gradOutput, const float* x, float* out, size_t n,
                             const Parameters& parameters) {
  using Path = QuickPath<derivative>;
  using Step = typename Path::Step;
  size_t i = 0;
  for (; i + Step::kLanes <= n; i += Step::kLanes)
    Path::template block<Step>(gradOutput + i, x + i, out + i, parameters);
  for (; i + F::kLanes <= n; i += F::kLanes) Path::template block<F>(gradOutput + i, x + i, out + i, parameters);
  if (i < n) {
    float rest[F::kLanes] = {}, grad[F::kLanes] = {};
    memcpy(rest, x + i, (n - i) * sizeof(float));
    memcpy(grad, gradOutput + i, (n - i) * sizeof(float));
    Path::template block<F>(grad, rest, rest, parameters);
    memcpy(out + i, rest, (n - i) * sizeof(float));
  }
  return true;
}
