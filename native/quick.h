// Quick paths: float32 results from a cheaper evaluation with a proof of its rounding, and from the float64 formula
// where the proof fails (Ziv's strategy).
//
// Included inside the target region of an ISA that has a vector F of float32 lanes besides V, by the headers of the
// paths: no system headers here. Where both ends of an interval around the exact result round to the same float32, that
// is the correctly rounded one, whichever way the interval was found. So the bits do not depend on the path, and the
// other backends need not follow it. Its operations are exact to the last bit on every CPU, so that what verify/ has
// found right on one is right on all; but for F's estimate and reciprocal, whose errors have bounds.
//
// F has, besides + - *: estimate, 1 / a to 2^-14, and exact for a power of 2; reciprocal, 1 / a to 2^-22;
// fma(a, b, c) = a b + c, fnma = c - a b, fnms = -c - a b; where F::kRoundsDown, fnmaDown, fnma rounded towards
// -infinity; productError, abs and copysign as V; min and max, b where either is NaN; largerMagnitude(a, b), of |a|
// and |b|, either where one is NaN; timesPowerOf2(a, steps), a's bits and the low ones of steps from the
// F::kTableBits-th before its exponent on, added up. leadingBits<count>(a), a's exponent and the `count` bits that
// follow, as low bits; lookup(table, i), the entry at the low bits of i, of a table of 2^F::kTableBits;
// orBits(a, b, c); and v, its register. As masks, one bit a lane: lessThan, differ (of bits); and
// select(mask, yes, no). withCanonicalNaN(a): every NaN as the kernels store it. F::stream(p, a) stores past the
// caches, p being aligned, until finishStreams(). F::kTogether: how many vectors to do in step. F::kOverlaps: there
// are registers for two blocks.
#pragma once

#include "activations.h"

INLINE_REGION_BEGIN

// Over all vectors, into one: the bits of any of them, the least numbers, and, of several, the largest magnitudes.
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
inline F largestMagnitude(F x) { return x; }
template <class A, class B>
inline F largestMagnitude(Both<A, B> x) {
  return largerMagnitude(largestMagnitude(x.a), largestMagnitude(x.b));
}

INLINE_REGION_END

// What a path tells of x: its result is low or high or between them. So where they are equal it is they.
template <class W>
struct Bounds {
  W low, high;
};

constexpr size_t kLine = 64 / sizeof(float);  // of a cache

constexpr float kUnlimited = __builtin_inff();

// A failed block once more: out has the products with the lower bounds, `high` those with the upper ones, which hold up
// to |x| = limit. Most lanes below a path's range have a result of zero; the formula is for the groups of lanes that
// have others. (Their numbers noted first, without a branch, and then one loop over these: 4 to 6 % slower on the
// whole, on a Zen 5 up to 17 %; all lanes of a failed vector at once: up to 5 %.)
template <V (*formula)(V, const Parameters&)>
NEVER_INLINE FLATTEN void repair(const float* gradOutput, const float* x, const float* high, float* out, size_t n,
                                 float limit, const Parameters& parameters) {
  using Path = QuickPath<formula>;
  for (size_t i = 0; i < n; i += F::kLanes) {
    const F v = F::load(x + i), y = F::load(out + i);
    const unsigned failed =
        differ(y - F::load(high + i), F(0.0F)) | lessThan(v, F(Path::kLeast)) | lessThan(F(limit), abs(v));
    if (failed == 0) continue;
    const unsigned nothing = lessThan(v, F(Path::kVanishes));
    F zero = Path::kNothing;
    if (gradOutput != nullptr) zero = withCanonicalNaN(F::load(gradOutput + i) * zero);
    F::store(out + i, select(nothing, zero, y));
    for (size_t k = 0; k < F::kLanes; k += V::kLanes) {
      if (((failed & ~nothing) >> k & ((1U << V::kLanes) - 1)) == 0) continue;
      const V result = formula(V::load(x + i + k), parameters);
      V::store(out + i + k, gradOutput == nullptr ? result : V::load(gradOutput + i + k) * roundToFloat(result));
    }
  }
}

// Asks for the cache lines of `count` floats ahead of p. `locality`: 3 for the first-level cache, 2 for the second.
// Always inlined: g++ thinks that a call without effect is none.
template <size_t count, int locality>
__attribute__((always_inline)) inline void fetch(const float* p) {
  UNROLL for (size_t i = 0; i < count; i += kLine) __builtin_prefetch(ahead(p + i), 0, locality);
}

// Memory that a later step needs, `count` floats of each array. Intel's CPUs are asked for all lines, those of results
// unless they are to bypass the caches: a quarter less time where arrays come from memory and go there, and none more
// where they do not (Xeon). Others find the next lines themselves but for a page's first ones, so that one line of the
// arguments will do: on a Zen 5 0.92 of the time that it takes with all of them for SiLU and 0.78 for Softplus's
// derivative on one thread, 0.97 and 0.9 on two, the others 0.98 to 1.04. (Without it 1.3 and 1.2 for Softplus's
// derivative; 1 KiB ahead 1.16 for SiLU on two threads, 3 or 4 KiB the same; all the results' lines 1.05 to 1.35, one
// of a step's up to 2.)
//
// Into the second-level cache: if results bypass the caches, the first one is no gain on an Intel Xeon, and if they do
// not, as good, here and on a Zen 5.
template <size_t count>
__attribute__((always_inline)) inline void fetchAhead(const float* gradOutput, const float* x, const float* out,
                                                      bool all) {
  if (all) {
    if (gradOutput != nullptr) fetch<count, 2>(gradOutput);
    fetch<count, 2>(x);
    if (out != nullptr) fetch<count, 3>(out);
  } else {
    if (gradOutput != nullptr) fetch<1, 2>(gradOutput);
    fetch<1, 2>(x);
  }
}

// A formula's path is a specialization of QuickPath (activations.h) derived from this; a formula without one just
// works. It adds bounds(W); kLeast, where they hold from; kNear and nearBounds(W), which are cheaper and hold for
// |x| <= kNear; kVanishes, below which f(x) rounds to kNothing; and suits(), whether it is for these parameters. If
// kOverlaps, nearBounds(W) has two halves: nearHalf(W), and nearRest(W, Pair<W>), which takes what that returned.
template <V (*formula)(V, const Parameters&), size_t together = F::kTogether>
struct BoundedPath {
  static constexpr bool kExists = true, kOverlaps = false;
  static constexpr float kLeast = -kUnlimited, kNothing = -0.0F;
  static bool suits(const Parameters&) { return true; }

  using Step = Together<F, together>;

  // All |x| <= kNear. A NaN may hide that another x is not.
  static bool areNear(const float* x) {
    using Path = QuickPath<formula>;
    // The compiler gives registers to what is frequent: at 0.9, GELU's blocks with an x beyond take 1.1 times as long.
    constexpr double kShare = Path::kNear < 4 ? 0.6 : 0.9;
    return __builtin_expect_with_probability(!lessThan(F(Path::kNear), largestMagnitude(Step::load(x))), 1, kShare);
  }

  // Step::kLanes elements; gradOutput may be null; out begins a cache line if results are to bypass the caches.
  FLATTEN static void block(const float* gradOutput, const float* x, float* out, bool bypass,
                            const Parameters& parameters) {
    using Path = QuickPath<formula>;
    const Step v = Step::load(x);
    unsigned failed = 0;
    if (Path::kLeast > -kUnlimited) failed = lessThan(least(v), F(Path::kLeast));
    finish(gradOutput, x, Path::bounds(v), failed, kUnlimited, out, bypass, parameters);
  }

  // Blocks from a near one on; returns how many elements. If the path overlaps, as many as are near: each turn has the
  // first half of a block and the second one of the block before. For a block's operations wait for each other, and a
  // CPU sees only so many ahead, a Zen 4 those of three vectors.
  FLATTEN static size_t nearBlocks(const float* gradOutput, const float* x, float* out, size_t n,
                                   const Parameters& parameters) {
    using Path = QuickPath<formula>;
    const bool bypass = parameters.bypassCaches;
    const auto from = [=](size_t i) { return gradOutput == nullptr ? nullptr : gradOutput + i; };
    const auto end = [=, &parameters](size_t i, Bounds<Step> y) {
      finish(from(i), x + i, y, 0, Path::kNear, out + i, bypass, parameters);
    };
    if constexpr (Path::kOverlaps) {
      Pair<Step> half = Path::nearHalf(Step::load(x));
      for (size_t i = 0;;) {
        const size_t next = i + Step::kLanes;
        if (next + Step::kLanes > n || !areNear(x + next)) {
          end(i, Path::nearRest(Step::load(x + i), half));
          return next;
        }
        fetchAhead<Step::kLanes>(from(next), x + next, bypass ? nullptr : out + next, parameters.fetchAll);
        const Pair<Step> nextHalf = Path::nearHalf(Step::load(x + next));
        end(i, Path::nearRest(Step::load(x + i), half));
        half = nextHalf;
        i = next;
      }
    } else {
      end(0, Path::nearBounds(Step::load(x)));
      return Step::kLanes;
    }
  }

  // Where the bounds do not settle the result, their difference is not 0 but a number or NaN. Their products with the
  // gradient tell as much as they do, and whether these are NaN. No bounds are on both sides of 0, where a gradient of
  // 0 would hide it: next to a root, a slope is above 2^-31. Results are repaired before they are stored, maybe over
  // the arguments, which are read anew for it rather than kept. (One store for both ways: SiLU 1.04 on a Zen 4.)
  FLATTEN static void finish(const float* gradOutput, const float* x, Bounds<Step> y, unsigned failed, float limit,
                             float* out, bool bypass, const Parameters& parameters) {
    if (gradOutput != nullptr) {
      const Step grad = Step::load(gradOutput);
      y = {grad * y.low, grad * y.high};
    }
    failed |= differ(allBits(y.low - y.high), F(0.0F));
    if (__builtin_expect(failed == 0, 1)) {
      bypass ? Step::stream(out, y.low) : Step::store(out, y.low);
      return;
    }
    float low[Step::kLanes], high[Step::kLanes];
    Step::store(low, y.low);
    Step::store(high, y.high);
    repair<formula>(gradOutput, x, high, low, Step::kLanes, limit, parameters);
    const Step repaired = Step::load(low);
    bypass ? Step::stream(out, repaired) : Step::store(out, repaired);
  }

  // out[i] = formula(x[i]), times gradOutput[i] if isBackward, for parameters that suit. What is left for less than a
  // block is done as one of its own, with zeros, which are in every path's range. (Vectors one by one in place of that:
  // a binary larger by 14 KB, and on a Zen 4 by g++ SiLU takes 0.95 of the time, by clang 1.0 to 1.05. By way of other
  // pointers in the same loop: the same, but by g++ AVX2's Mish' 1.1.)
  template <bool isBackward>
  NEVER_INLINE FLATTEN static void run(const float* gradOutput, const float* x, float* out, size_t n,
                                       const Parameters& parameters) {
    const auto from = [=](size_t i) { return isBackward ? gradOutput + i : nullptr; };
    const bool bypass = parameters.bypassCaches;
    size_t i = 0;
    while (i + Step::kLanes <= n) {
      fetchAhead<Step::kLanes>(from(i), x + i, bypass ? nullptr : out + i, parameters.fetchAll);
      if (areNear(x + i)) {
        i += nearBlocks(from(i), x + i, out + i, n - i, parameters);
      } else {
        block(from(i), x + i, out + i, bypass, parameters);
        i += Step::kLanes;
      }
    }
    if (bypass) finishStreams();
    if (i == n) return;
    const size_t bytes = (n - i) * sizeof(float);
    float rest[Step::kLanes] = {}, restOfGrad[Step::kLanes] = {};
    memcpy(rest, x + i, bytes);
    if (isBackward) memcpy(restOfGrad, gradOutput + i, bytes);
    run<isBackward>(restOfGrad, rest, rest, Step::kLanes, {parameters.beta, parameters.threshold});
    memcpy(out + i, rest, bytes);
  }
};
