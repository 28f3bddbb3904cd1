// The quick paths of GELU and Softplus, in float64 lanes, without a division.
//
// GELU(x) = max(x, 0) - a 2^L(a), L(a) = log2 Phi(-a), and Softplus(x) = max(x, 0) + 2^L(a), L(a) = log2 ln(1 + e^-a),
// where a = |x|. L is so smooth that a polynomial in a for each of 16 segments gives the tail to 2^-35.9, and 2^L, with
// a table of 16, is off by 2^-38.5. So the result, before it is rounded to float32, is off by less than 2^-35 of
// itself, 2^18 units of a double in the upper half of a binade: if it is further than that from a tie, the rounding is
// right. The constants are from tools/fit_quick.py.
//
// V has besides: fma and fnma; clampedAbs(a, limit), min(|a|, limit); leadingBits(a), the lowest of a's exponent and
// three after it as the low bits; lookup of 16 entries and addSteps as in quick.h; lowWords(a, b), the low words of
// both, two of a before two of b and so on.
//
// Tried, ns per element (GELU): blocks of 4 vectors 0.77, 6 vectors 0.77, 8 vectors 0.74. In float32 pairs it would
// take some 70 operations for 16 elements against 61 here, by count, so it was not built.
#pragma once

#include "quick.h"

template <class A, class B>
inline Both<A, B> max(Both<A, B> x, Both<A, B> y) {
  return {max(x.a, y.a), max(x.b, y.b)};
}
template <class A, class B>
inline Both<A, B> clampedAbs(Both<A, B> x, double limit) {
  return {clampedAbs(x.a, limit), clampedAbs(x.b, limit)};
}
template <class A, class B>
inline Both<A, B> leadingBits(Both<A, B> x) {
  return {leadingBits(x.a), leadingBits(x.b)};
}

// 2^(j/16), less j's place in the exponent field and after it. The first is a little less than 1, which takes the
// results for odd subnormal x off the tie x/2, to the right side.
alignas(64) constexpr uint64_t kPowers16[16] = {
    0x3feffffffffffffc, 0x3fefb5586cf9890f, 0x3fef72b83c7d517b, 0x3fef387a6e756238,
    0x3fef06fe0a31b715, 0x3feedea64c123422, 0x3feebfdad5362a27, 0x3feeab07dd485429,
    0x3feea09e667f3bcd, 0x3feea11473eb0187, 0x3feeace5422aa0db, 0x3feec49182a3f090,
    0x3feee89f995ad3ad, 0x3fef199bdd85529c, 0x3fef5818dcfba487, 0x3fefa4afa2a490da};

// 2^l = power factor, off by 2^-38.5. For |l| < 1000.
template <class W>
struct Exp2 {
  W power, factor;
};

template <class W>
inline Exp2<W> exp2(W l) {
  const W magic = l + W(kRoundToInteger / 16);
  const W r = l - (magic - W(kRoundToInteger / 16));
  const W p = fma(fma(fma(W(0x1.3b2ba942cbd1ep-7), r, W(0x1.c6b3f88a103cbp-5)), r, W(0x1.ebfbdff7db968p-3)), r,
                  W(0x1.62e42fec3741p-1));
  return {addSteps(lookup(kPowers16, magic), magic), fma(r, p, W(1.0))};
}

// The polynomial of a's segment: the segments are those of v = 1 + a scale in [1, 4) by the low bit of its exponent and
// the three after it.
template <size_t count, class W>
inline W segmentPolynomial(const double (&c)[count][16], double scale, W a) {
  const W segment = leadingBits(fma(a, W(scale), W(1.0)));
  W y = lookup(c[count - 1], segment);
  UNROLL for (size_t i = 2; i <= count; i++) y = fma(y, a, lookup(c[count - i], segment));
  return y;
}

// For a <= 8.06: the tail is off by 2^-36.2 at most.
constexpr double kGeluScale = 0x1.7d05f417d05f4p-2;
alignas(64) constexpr double kGeluTail[7][16] = {
    {-0x1.017f45ceed573p0, -0x1.04b4114da1b8cp0, -0x1.0a470bf46d50fp0, -0x1.12382190d7b2p0, -0x1.1c3cd34f17f2dp0,
     -0x1.27ec18d22f52fp0, -0x1.34dac9a80ebc7p0, -0x1.42a98661175e1p0, -0x1p0, -0x1.fffff4bbdce9cp-1,
     -0x1.fffeeb033500ep-1, -0x1.fff9f9016dd6ep-1, -0x1.fff1e1d49ffefp-1, -0x1.fff6a1064c1bap-1, -0x1.0016f0f669f6bp0,
     -0x1.006777db52505p0},
    {-0x1.2353b03c045a9p0, -0x1.1d9fe4686bd29p0, -0x1.1555f853cffd5p0, -0x1.0b3333c040d14p0, -0x1.00019046eb34bp0,
     -0x1.e8cc2852dd18fp-1, -0x1.d1ac1dfdf99e5p-1, -0x1.bb3a41bdb6219p-1, -0x1.26aec21f54d06p0, -0x1.26af162e64c87p0,
     -0x1.26b3826a199f1p0, -0x1.26c2188b2e7bep0, -0x1.26d46b1e0076cp0, -0x1.26ccb45cf441ep0, -0x1.267b9c953d43dp0,
     -0x1.25af7218c3b1fp0},
    {-0x1.e2716c7a9334bp-2, -0x1.f36337c09257cp-2, -0x1.03fb98f765501p-1, -0x1.0ec6d2b8fbb7fp-1, -0x1.1935b03a80742p-1,
     -0x1.22d373e9e8f97p-1, -0x1.2b723f61a33b6p-1, -0x1.330d1df82a071p-1, -0x1.d63ed415bc7fcp-2, -0x1.d6367d89f20c3p-2,
     -0x1.d5f6dc7c5ec55p-2, -0x1.d5667b75545cep-2, -0x1.d4dba7635212fp-2, -0x1.d5051f9a09b48p-2, -0x1.d6927133d0758p-2,
     -0x1.d9f23a17756bep-2},
    {-0x1.839c9b6fb01cfp-5, -0x1.4dc53e76561adp-5, -0x1.172e82739f90ap-5, -0x1.cc2677f2a60d4p-6, -0x1.791757e5501f6p-6,
     -0x1.350e4d42e4927p-6, -0x1.fc5c3ddac8746p-7, -0x1.a45c44ef88b9fp-7, -0x1.ad712649e7852p-5, -0x1.ae5a2fb185233p-5,
     -0x1.b23884f36f6dfp-5, -0x1.b8376aa54ee6ep-5, -0x1.bc9d846fa304p-5, -0x1.bbb1f402a4f01p-5, -0x1.b392480afdbaep-5,
     -0x1.a45352c6c9883p-5},
    {0x1.a59ffb692067p-8, 0x1.4526a9479e00bp-8, 0x1.e71ae2332c41ap-9, 0x1.6946b0caff7e5p-9, 0x1.0c3295126d39ap-9,
     0x1.90e91578a3a0fp-10, 0x1.2e99753b63e76p-10, 0x1.cdede259cb1f5p-11, 0x1.c4ae96d9f5933p-8, 0x1.d3a31c94b4c51p-8,
     0x1.f60567b9265a6p-8, 0x1.0d1007737869p-7, 0x1.17222e7ab37ddp-7, 0x1.15ae571af1405p-7, 0x1.09b3f22494f42p-7,
     0x1.ec9ba72301696p-8},
    {-0x1.1c5bb3baaa999p-11, -0x1.7fdde8ce8a0c5p-12, -0x1.fb13075933b37p-13, -0x1.4ee5efb8ff9f9p-13,
     -0x1.bf0f05ea6dc8fp-14, -0x1.2f0da4f8d4f17p-14, -0x1.a21f14bfacd2p-15, -0x1.25a7f236f34c7p-15,
     0x1.0cb111a22776ep-16, -0x1.0484248fae077p-12, -0x1.27d3fd13fae1fp-11, -0x1.9c955c7aa1a84p-11,
     -0x1.cdf0cb35ab082p-11, -0x1.c92019f5f8d15p-11, -0x1.a36335f86a2bbp-11, -0x1.6ea9f7a9d2997p-11},
    {0x1.60f3d0d4f59c7p-16, 0x1.9a04bb90064a5p-17, 0x1.d87ff268be25cp-18, 0x1.13ec2725398f9p-18, 0x1.498a8b4ab3f83p-19,
     0x1.93c8b3c773373p-20, 0x1.fbd61041a627ep-21, 0x1.47874ea84c6f3p-21, -0x1.d1dde3ed0d04p-13, -0x1.6862d67cda14ep-14,
     -0x1.6e9ee306792fp-18, 0x1.0ef482e5e20aap-15, 0x1.7414400614af5p-15, 0x1.6d911ae9aaf69p-15, 0x1.3bf237f672991p-15,
     0x1.002a0bf62ccc3p-15}};

// For a <= 17.5: by 2^-35.9.
constexpr double kSoftplusScale = 0x1.5f15f15f15f16p-3;
alignas(64) constexpr double kSoftplusTail[8][16] = {
    {-0x1.de0a79959860fp-2, -0x1.4cdbe48c135a5p-2, -0x1.941a5cf5dba65p-3, -0x1.b8dc50d5d87e1p-4, -0x1.b9274d2a0be3fp-5,
     -0x1.9b0317256b0a5p-6, -0x1.68a6e0b335cc8p-7, -0x1.2cc3bfebecf32p-8, -0x1.0eba774e1f9fbp-1, -0x1.0eb886a1158eep-1,
     -0x1.0e86cefe8ec4cp-1, -0x1.0fa78893ab6fbp-1, -0x1.16a14ee9ab50fp-1, -0x1.2043f3a2197fp-1, -0x1.225acd2c6d526p-1,
     -0x1.16a074d3ab38cp-1},
    {-0x1.14c4833cd29bcp0, -0x1.37d53150dd0dap0, -0x1.523a17acc6998p0, -0x1.621d90df413c3p0, -0x1.6a734cb0b714fp0,
     -0x1.6e695e1fde777p0, -0x1.7027e5c8ef34dp0, -0x1.70e0d2be2e73dp0, -0x1.0a6a4c74ced32p0, -0x1.0a71b740e7a4bp0,
     -0x1.0ae73406e04e6p0, -0x1.093b86eeda7cap0, -0x1.00ed864a1a0bdp0, -0x1.ef243a95c6b4cp-1, -0x1.eb82c9988f12ap-1,
     -0x1.fb6b13c418c73p-1},
    {-0x1.00961fc5c172dp-3, -0x1.18441d807a69dp-4, -0x1.0bd86bc1ca5c3p-5, -0x1.d36790302e78ap-7, -0x1.7ca64d6cc5a9ep-8,
     -0x1.256052e3ed3d3p-9, -0x1.b02f4ad7afc1fp-11, -0x1.327894fdd7ffbp-12, -0x1.d7c355685c896p-4,
     -0x1.d63cdcd7fd632p-4, -0x1.c72a76b8311b5p-4, -0x1.e91b5d8015dafp-4, -0x1.389c0a90facfap-3, -0x1.7713874091992p-3,
     -0x1.81d92bbab4a94p-3, -0x1.5cd1728d9a426p-3},
    {0x1.99bfdb5b40ba8p-6, 0x1.84a7d72ffedadp-7, 0x1.45b8767b2eee7p-8, 0x1.f8a684feff4d7p-10, 0x1.71035706c4004p-11,
     0x1.01d865d267e9cp-12, 0x1.5b383a11c363bp-14, 0x1.c5569fbf0c20cp-16, 0x1.d5eb4425602dbp-8, 0x1.a90a94e75a9c8p-8,
     0x1.245eeeb117a7ep-9, 0x1.089c8885a39c3p-7, 0x1.bb5b1bfc80331p-6, 0x1.51ce12c7c5becp-5, 0x1.6380049bf5cf6p-5,
     0x1.338e0e72c6fbdp-5},
    {-0x1.94acb21518cabp-9, -0x1.49ea499b35ce7p-10, -0x1.e20fee583b345p-12, -0x1.4a55618977988p-13,
     -0x1.b0b4fdfe84efbp-15, -0x1.11a6b6a234ad4p-16, -0x1.50729f88d1fd2p-18, -0x1.94080a6f8f336p-20,
     0x1.c042c73f3eb4ap-9, 0x1.12080d979e9b1p-8, 0x1.d64e410c22b03p-8, 0x1.3447c8024be75p-8, -0x1.df98aba6c27b8p-10,
     -0x1.7b973163c1f24p-8, -0x1.9e5eac22560afp-8, -0x1.53c9f5d0eec4fp-8},
    {0x1.ebca035990dcdp-13, 0x1.55be6489605f2p-14, 0x1.b138aa4642905p-16, 0x1.05cf38c60c516p-17, 0x1.328eb8ff70abfp-19,
     0x1.5e71a64a5b315p-21, 0x1.88fa81024117p-23, 0x1.b1b91fdfe21c4p-25, -0x1.7092410162c97p-12, -0x1.c4f967d2b876p-11,
     -0x1.196c9a0100f1ap-9, -0x1.8e82d9e55e5f6p-10, -0x1.5bb1e8cedc03p-13, 0x1.065a1f11a8bc2p-11, 0x1.2f438ed1c8a9bp-11,
     0x1.d324f43c8f5ecp-12},
    {-0x1.52ffc2295e1f2p-17, -0x1.8ee6717550eap-19, -0x1.b50657b8eb01dp-21, -0x1.d0b290b59175p-23,
     -0x1.e593b3f3c799dp-25, -0x1.f519578d8f9e4p-27, -0x1.00086997b820ep-28, -0x1.03898c2d26f56p-30,
     -0x1.cd52a822650c9p-13, -0x1.c11f088227716p-16, 0x1.28b15748328d7p-12, 0x1.987611d1ca617p-13,
     0x1.403382214035ep-15, -0x1.95f09e66351e9p-16, -0x1.0053e658c9c7bp-15, -0x1.6fc330108c5b2p-16},
    {0x1.978962d6331eap-23, 0x1.93da525dd73b6p-25, 0x1.7d328ff246cd8p-27, 0x1.63e0dc0492878p-29, 0x1.4b65ceb0c5af9p-31,
     0x1.346b3ec746165p-33, 0x1.1efe7d0e59c18p-35, 0x1.0b0c8e88ca1edp-37, 0x1.98b0fdb9b585fp-15, 0x1.2341ce5407381p-16,
     -0x1.faf51d4dbeb46p-17, -0x1.48ff960dd85f1p-17, -0x1.0e6f53a9776d9p-19, 0x1.08ac06d74438bp-21,
     0x1.7fbef6110de21p-21, 0x1.fcf865078cef3p-22}};

// For each lane, in the order of lowWords, zero where the rounding of y to float32 is in doubt: where its lower 29 bits
// are within 2^18 of a tie's. The least of that and of `seen`.
inline F leastDoubt(F seen, Both<V, V> y) {
  constexpr uint32_t kTie = 1U << 28, kMargin = 1U << 18;
  return smallerBits(seen, andBits(plusBits(lowWords(y.a, y.b), kTie + kMargin), 2 * kTie - 2 * kMargin));
}
template <class A, class B>
inline F leastDoubt(F seen, Both<A, B> y) {
  return leastDoubt(leastDoubt(seen, y.a), y.b);
}

constexpr unsigned kAllLanes = (1U << F::kLanes) - 1, kAllOfGroup = (1U << V::kLanes) - 1;
constexpr unsigned kFirstWords = 0x3333 & kAllLanes;  // where lowWords has its first argument's

// As repair() in quick_logistic.h. y: the doubles; without them all are in doubt.
template <V (*formula)(V, const Parameters&), size_t kLanes>
NEVER_INLINE void repairTail(const float* x, const double* y, float* out, const Parameters& parameters) {
  using Path = QuickPath<formula>;
  for (size_t i = 0; i < kLanes; i += F::kLanes) {
    const F v = F::load(x + i);
    unsigned doubtful = kAllLanes;
    if (y != nullptr)
      doubtful &= ~differ(leastDoubt(F(-1.0F), Both<V, V>(V::load(y + i), V::load(y + i + V::kLanes))), F(0.0F));
    unsigned failed = kAllLanes & ~lessThan(F(-Path::kTop), v);
    if ((doubtful & kFirstWords) != 0) failed |= kAllOfGroup;
    if ((doubtful & (kFirstWords << 2)) != 0) failed |= kAllOfGroup << V::kLanes;
    if (failed == 0) continue;
    const unsigned nothing = lessThan(v, F(Path::kVanishes));
    const unsigned unchanged = lessThan(F(Path::kTop), v);
    F::store(out + i, select(nothing, F(Path::kNothing), select(unchanged, v, F::load(out + i))));
    const unsigned far = lessThan(v, F(-Path::kTop));
    for (size_t k = 0; k < F::kLanes; k += V::kLanes) {
      if (((failed & ~nothing & ~unchanged) >> k & kAllOfGroup) == 0) continue;
      const V group = V::load(x + i + k);
      V::store(out + i + k, (~far >> k & kAllOfGroup) == 0 ? Path::far(group, parameters) : formula(group, parameters));
    }
  }
}

// A path by float64 lanes. QuickPath adds: result(W); kTop, kLeast: it is for x >= -kTop, whose bits are kLeast, and
// the result is x for x > kTop; far(V, parameters): the result for x < -kTop.
template <V (*formula)(V, const Parameters&)>
struct TailPath {
  static constexpr bool kExists = true;
  using Step = Together<V, V::kTogether>;
  using Single = Both<V, V>;

  // Where one block is far out, many are: it is worth a look before the path is tried in vain.
  template <size_t kLanes>
  static bool allFar(const float* x) {
    F least = F::load(x);
    for (size_t i = F::kLanes; i < kLanes; i += F::kLanes) least = smallerBits(least, F::load(x + i));
    return above(least, QuickPath<formula>::kLeast) == kAllLanes;
  }

  template <class W>
  static bool block(const float* x, float* out, const Parameters& parameters, bool far) {
    using Path = QuickPath<formula>;
    const W v = W::load(x);
    float copy[W::kLanes];  // the stores may go over x
    if (__builtin_expect(far, 0) && allFar<W::kLanes>(x)) {
      W::store(copy, v);
      repairTail<formula, W::kLanes>(copy, nullptr, out, parameters);
      return true;
    }
    const W y = Path::result(v);
    const F doubt = leastDoubt(F(-1.0F), y);
    F negative = 0.0F, positive = 0.0F;  // the largest of either sign
    UNROLL for (size_t i = 0; i < W::kLanes; i += F::kLanes) {
      negative = largerBits(negative, F::load(x + i));
      positive = maxBits(positive, F::load(x + i));
    }
    const unsigned sure = differ(doubt, F(0.0F));
    const unsigned failed = above(negative, Path::kLeast) | above(positive, 0x7f800000);  // or NaN
    if (__builtin_expect((failed | (sure ^ kAllLanes)) != 0, 0)) {
      double sums[W::kLanes];
      far = allFar<W::kLanes>(x);
      W::store(copy, v);
      W::store(sums, y);
      W::store(out, y);
      repairTail<formula, W::kLanes>(copy, sums, out, parameters);
      return far;
    }
    W::store(out, y);
    return false;
  }
};

// GELU(x).
template <>
struct QuickPath<gelu<V>> : TailPath<gelu<V>> {
  static constexpr float kTop = 8, kVanishes = -14.4F, kNothing = -0.0F;
  static constexpr uint32_t kLeast = 0xc1000000;  // the bits of -kTop

  template <class W>
  static W result(W x) {
    const W a = clampedAbs(x, kTop);
    const Exp2<W> e = exp2(segmentPolynomial(kGeluTail, kGeluScale, a));
    return fnma(e.power, a * e.factor, max(W(0.0), x));
  }
  static V far(V x, const Parameters& parameters) { return gelu(x, parameters); }
  static bool run(const float* x, float* out, size_t n, const Parameters& parameters) {
    return runQuick<gelu<V>>(x, out, n, parameters);
  }
};

// Softplus(x) for beta 1.
template <>
struct QuickPath<softplus<V>> : TailPath<softplus<V>> {
  static constexpr float kTop = 17, kVanishes = -104, kNothing = 0.0F;
  static constexpr uint32_t kLeast = 0xc1880000;

  template <class W>
  static W result(W x) {
    const W a = clampedAbs(x, kTop);
    const Exp2<W> e = exp2(segmentPolynomial(kSoftplusTail, kSoftplusScale, a));
    return fma(e.power, e.factor, max(W(0.0), x));
  }
  // ln(1 + e^x) = e^x - e^2x / 2 + e^3x / 3 for x < -17; the next term is 2^-75 of it.
  static V far(V x, const Parameters&) {
    const V e = exp(max(V(-200.0), x));
    return e - e * e * (V(0.5) - e * (1.0 / 3));
  }
  // From 18 on the result is x in any case.
  static bool run(const float* x, float* out, size_t n, const Parameters& parameters) {
    if (parameters.beta != 1 || parameters.threshold < 18) return false;
    return runQuick<softplus<V>>(x, out, n, parameters);
  }
};
