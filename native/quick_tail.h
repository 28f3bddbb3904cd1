// The quick paths of GELU and Softplus: pairs of float32 lanes, as in quick_logistic.h, without a division.
//
// GELU(x) = max(x, 0) - a Tail(a), Tail(a) = Phi(-a), and Softplus(x) = max(x, 0) + Tail(a), Tail(a) = ln(1 + e^-a),
// where a = |x|. W(a) = -ln Tail(a) is so smooth that it is a polynomial of low degree in each of N = 2^F::kTableBits
// segments, and quick_exp.h has e^-W. In a segment W is c0 + d (c1 + d (c2 + ...)), d = a's distance from the segment's
// center, which is exact. The terms shrink so fast that the sum of those from d^kExact on may be rounded; the other
// steps keep what they round. Of the first coefficients the low pieces are there as well; the centers are chosen, next
// to the middles, so that the coefficients after these are within 2^-35 or so of float32 numbers.
//
// Tail(a) is off by this much of itself, measured over all a in range, and kError is a bound of it: GELU 2^-35.0
// (N = 32) and 2^-35.8 (N = 8), Softplus 2^-35.4 and 2^-35.1, GELU' (quick_derivatives.h) 2^-34.8 and 2^-36.0. For
// positive x beyond 3.3 or so Tail(a) counts so little that what its product or sum with x loses by rounding is more,
// 2^-42 to 2^-49 of the result. No bound has that: verify/ has found no tie so near among all x, and these operations
// are the same on every CPU.
//
// Near 0 such a polynomial has Tail(a) itself, and GELU' and its tanh form's itself. That takes 0.8 (GELU), 0.7 (GELU')
// of the time on a Zen 5 and 0.7 (Softplus) on a Zen 4. They are off by 2^-32.9, 2^-34.9 (Softplus) and 2^-35.9, with 8
// segments 2^-32.3, 2^-34.6, 2^-34.8 and 2^-34.3 (the tanh form's), measured likewise; GELU's error grows with a, and
// so does its bound. AVX-512's segments, but Softplus', are an eighth long, so that an addition finds them. What pays
// for it are blocks with an x beyond, 1.02 to 1.06 of the time. (Softplus of any sign by 32 segments: 0.61 up to 3.75,
// 0.78 up to 8.25. AVX2 with 16 segments, two terms fewer, one of them exact, but lookups of two and a selection: on
// a Zen 4 1.15 to 1.19, by clang 1.14 to 1.23; with 64 as rows of coefficients, loaded and transposed, 1.06 to 1.09 of
// that, for loads are two a cycle, and the rows' addresses, by way of memory, take seven. AVX2 in blocks of 3: 0.97 to
// 1.02, GELU by clang 1.08; with tails 0.95 to 1.0. AVX2's sums in step, see keepInStep(): 0.95 of the time, by clang
// 0.87 to 0.91; after the exact steps, too, the same, and a binary larger by 3 KB.)
//
// Tried, ns per element (GELU, Softplus, GELU'; N(0, 1)) on an Intel Xeon: AVX-512 in blocks of 2 F 0.67, 0.75, 0.80;
// of 4 0.60, 0.63, 0.70; of 6 0.56, 0.61, 0.74. AVX2 in blocks of 2 1.56, 1.69, 1.59; of 3 1.27, 1.31, 1.38; of 4 1.22,
// 1.24, 1.47. In float64 lanes, with 2^L in place of e^-W and a table of 16 (AVX2: 8), 0.81, 0.81, 1.03; 1.61, 1.63,
// 2.02. The error bound of GELU by directed rounding, which spares two operations, 1 % less. A low piece for c1 as
// well, instead of centers that do without, two operations more. On a Zen 5 (GELU, Softplus, GELU'; N(0, 1)): AVX-512
// in blocks of 4 F 0.31, 0.38, 0.32; of 5 0.30, 0.38, 0.31; of 6 0.28, 0.36, 0.29; of 8 0.29, 0.34, 0.33, but clang
// keeps copies of constants on the stack and Softplus takes 0.50. The tables' halves in registers for all vectors of a
// block: 1.03 times as long.
//
// On a Zen 4 (likewise): AVX-512 in blocks of 3 F 0.61, 0.83, 0.63; of 4 0.60, 0.80, 0.63; of 6 0.59, 0.80, 0.61; by
// clang of 3 0.62, 0.84, 0.64; of 4 0.63, 0.83, 0.61; of 5 0.72, 0.81, 0.66; of 6 0.76, 0.94, 0.66. The tables' halves
// in registers 0.95 to 1.02 of the time, but against the compiler's will. Tables of 16, by one register: two terms
// more, and one more of them exact, would take what is gained. A shorter chain, of the terms after the exact ones: the
// same. AVX2 in two loops, by way of a tile of W(a) in the first-level cache: 0.95 to 1.05.
//
// A Zen 4 does lookups where it multiplies: one of either a cycle, GELU's 26 near 0 in no less, and the additions
// meanwhile. Blocks of 4, one after the other, took 33 cycles a vector; overlapping blocks of 3 take 29 (0.52 ns,
// Softplus 0.49, GELU' 0.58; by clang 0.52, 0.50, 0.57), as they do with instructions ordered by hand, each where its
// arguments are there. Blocks of 2 by g++ 0.99 to 1.04, of 4 1.1; by clang 1.07 and 1.0. AVX2 overlapping in blocks of
// 3 0.97 to 1.0, and while others use the core's other half 1.08.
#pragma once

#include "quick_exp.h"
#include "quick_tail_tables.h"

INLINE_REGION_BEGIN

// W(a) for a Tail, or Tail(a) near 0. The segments are those of v = a kScale + kOffset by the lowest bits of
// its exponent and kFractionBits of the fraction.
template <class Tail, class W>
inline Pair<W> segmentPolynomial(W a) {
  constexpr int kTerms = sizeof Tail::kTerms / sizeof *Tail::kTerms, kLows = sizeof Tail::kLows / sizeof *Tail::kLows;
  const W v = Tail::kScale == 1 ? a + W(Tail::kOffset) : fma(a, W(Tail::kScale), W(Tail::kOffset));
  const W place = leadingBits<Tail::kFractionBits>(v);
  const W d = a - lookup(Tail::kCenters, place);
  W sum = lookup(Tail::kTerms[kTerms - 1], place);
  UNROLL for (int i = kTerms - 2; i >= Tail::kExact; i--) {
    sum = fma(d, sum, lookup(Tail::kTerms[i], place));
    keepInStep(sum);
  }
  W low = 0.0F;
  UNROLL for (int i = Tail::kExact - 1; i >= 0; i--) {
    const W term = lookup(Tail::kTerms[i], place);
    const W next = fma(d, sum, term);
    W rest = fma(d, sum, term - next);
    if (i < kLows) rest = rest + lookup(Tail::kLows[i], place);
    low = i == Tail::kExact - 1 ? rest : fma(d, low, rest);
    sum = next;
  }
  return {sum, low};
}

// Bounds of a number from y, which is it but for a few units in the last place, from y's excess over it, and from a
// bound of that excess' error, of either sign.
template <class W>
inline Bounds<W> boundsAround(W y, W excess, W error) {
  return {y - (excess - error), y - (excess + error)};
}

constexpr float kNearTail = 3.75F;

// A path that has Near, the segments of a polynomial, and nearRest(), what makes bounds of its value. Few vectors in
// step, for these have more numbers to keep meanwhile than others, and overlapping blocks those of two.
template <V (*formula)(V, const Parameters&)>
struct SegmentPath : BoundedPath<formula, F::kOverlaps ? 3 : 4> {
  static constexpr bool kOverlaps = F::kOverlaps;

  template <class W>
  static Pair<W> nearHalf(W x) {
    return segmentPolynomial<typename QuickPath<formula>::Near>(abs(x));
  }
  template <class W>
  static Bounds<W> nearBounds(W x) {
    return QuickPath<formula>::nearRest(x, nearHalf(x));
  }
};

// Near 0 GELU's Tail(a) is off by kError + kNearErrorGrowth a of itself at most.
constexpr float kNearErrorGrowth = kLargeTable ? 0x1.1ap-35F : 0x1.a2p-35F;

// GELU(x). Where x is tiny, x / 2 may be a tie and products lose bits, and so the bounds are apart; but not for zeros.
template <>
struct QuickPath<gelu<V>> : SegmentPath<gelu<V>> {
  static constexpr float kNear = kNearTail, kLeast = -8, kVanishes = -14.4F;
  using Tail = GeluTail<F::kTableBits>;
  using Near = GeluNear<F::kTableBits>;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W a = min(W(8.0F), abs(x));
    return boundsBy(x, a, value(expParts(segmentPolynomial<Tail>(a))), W(Tail::kError));
  }
  template <class W>
  static Bounds<W> nearRest(W x, Pair<W> tail) {
    const W a = abs(x);
    return boundsBy(x, a, tail, fma(a, W(kNearErrorGrowth), W(Near::kError)));
  }

 private:
  template <class W>
  static Bounds<W> boundsBy(W x, W a, Pair<W> tail, W error) {
    const W linear = max(W(0.0F), x);
    const W y = fnma(a, tail.hi, linear);
    const W change = y - linear;
    const W excess = fma(a, tail.lo, fma(a, tail.hi, change));
    return boundsAround(y, excess, fma(change, error, max(change, W(-0x1p-126F))));
  }
};

// Softplus(x) for beta 1. From 18 on it is x in any case.
template <>
struct QuickPath<softplus<V>> : SegmentPath<softplus<V>> {
  static constexpr float kNear = 8.25F, kLeast = -17, kVanishes = -104, kNothing = 0.0F;
  using Tail = SoftplusTail<F::kTableBits>;
  using Near = SoftplusNear<F::kTableBits>;
  static bool suits(const Parameters& parameters) { return parameters.beta == 1 && parameters.threshold >= 18; }

  template <class W>
  static Bounds<W> bounds(W x) {
    const W a = min(W(17.0F), abs(x));
    const ExpParts<W> e = expParts(segmentPolynomial<Tail>(a));
    const Pair<W> y = plusExp(max(W(0.0F), x), e);
    return {y.hi + fnma(e.power, W(Tail::kError), y.lo), y.hi + fma(e.power, W(Tail::kError), y.lo)};
  }
  template <class W>
  static Bounds<W> nearRest(W x, Pair<W> tail) {
    const Pair<W> y = positiveSum(tail.hi, max(W(0.0F), x));
    const W low = y.lo + tail.lo, error = W(Near::kError);
    return {y.hi + fnma(tail.hi, error, low), y.hi + fma(tail.hi, error, low)};
  }
};

INLINE_REGION_END
