// The quick paths of GELU and Softplus, in float64 lanes, without a division.
//
// GELU(x) = max(x, 0) - a 2^L(a), L(a) = log2 Phi(-a), and Softplus(x) = max(x, 0) + 2^L(a), L(a) = log2 ln(1 + e^-a),
// where a = |x|. L is so smooth that it is a polynomial of low degree in each of N = 2^V::kTableBits segments, and 2^L
// has a table of N. In a segment L is c0 + d (c1 + d (c2 + ...)), d = a's distance from the segment's center, which is
// exact in float32. The terms shrink so fast that from d^3 (N = 16) or d^4 (N = 8) on they are below 2^-10, and
// float32 will do for their sum: half the instructions, and a look-up is a single one.
//
// The doubles are off by this much of themselves, measured over all x in range against the formulas of activations.h:
// GELU 2^-35.9 (N = 16) and 2^-36.4 (N = 8), Softplus 2^-35.9 and 2^-34.1. Where they are further from a tie than
// kMargin, a bound of that in units of a double in the upper half of a binade, the rounding to float32 is right. The
// constants are from tools/fit_quick.py.
//
// F has besides: clampedAbs(a, limit), min(|a|, limit); leadingBits(a), the lowest bit of a's exponent and those after
// it, V::kTableBits in all, as the low bits; lookup of N entries; lowHalf and highHalf, each widened to a V;
// smallerBits. V: fma and fnma; addSteps(a, i), which adds i where its low V::kTableBits bits are the first after the
// exponent field; lowWords(a, b), the low words of both, two of a before two of b and so on; storeRounded(p, a, b), as
// float32, NaN as it comes. DoubleTable<N> is a table of doubles, Index the places in it for two V, of indexOf(F) or
// indexOf(V, V), and lookupLowHalf and lookupHighHalf are the two.
//
// Tried, ns per element (GELU, Softplus; N(0, 1)): AVX-512 with all coefficients double 1.03, 1.07;
// in blocks of 2 F 1.15, 1.15; of 3 1.05, 1.05; of 4 0.99, 0.97; of 6 1.05, 1.04. Zen 4 has vpermt2pd where its fused
// operations are, and conversions and extractions of halves where its permutations are: the fewer of either the better.
// AVX2 in blocks of 1 F 2.04, 2.12; of 2 1.57, 1.62; of 3 1.34, 1.39; of 4 1.44, 1.48. In float32 pairs it would take
// about as many operations, by count, so it was not built.
#pragma once

#include "quick.h"

// The float64 lanes of W's float32 lanes.
template <class W>
struct WideOf {
  using Type = Both<V, V>;
};
template <class A, class B>
struct WideOf<Both<A, B>> {
  using Type = Both<typename WideOf<A>::Type, typename WideOf<B>::Type>;
};
template <class W>
using Wide = typename WideOf<W>::Type;

inline Both<V, V> widened(F x) { return {lowHalf(x), highHalf(x)}; }
template <class A, class B>
inline Both<Wide<A>, Wide<B>> widened(Both<A, B> x) {
  return {widened(x.a), widened(x.b)};
}
inline void storeRounded(float* p, Both<V, V> y) { storeRounded(p, y.a, y.b); }
template <class A, class B>
inline void storeRounded(float* p, Both<A, B> y) {
  storeRounded(p, y.a);
  storeRounded(p + A::kLanes, y.b);
}

// The places of W's lanes in the tables of doubles.
inline Index indexOf(Both<V, V> i) { return indexOf(i.a, i.b); }
template <class A, class B>
inline auto indexOf(Both<A, B> i) -> Both<decltype(indexOf(i.a)), decltype(indexOf(i.b))> {
  return {indexOf(i.a), indexOf(i.b)};
}
template <size_t count>
inline Both<V, V> lookup(const DoubleTable<count>& table, Index i) {
  return {lookupLowHalf(table, i), lookupHighHalf(table, i)};
}
template <size_t count, class A, class B>
inline auto lookup(const DoubleTable<count>& table, Both<A, B> i)
    -> Both<decltype(lookup(table, i.a)), decltype(lookup(table, i.b))> {
  return {lookup(table, i.a), lookup(table, i.b)};
}

template <class A, class B>
inline Both<A, B> addSteps(Both<A, B> x, Both<A, B> y) {
  return {addSteps(x.a, y.a), addSteps(x.b, y.b)};
}
template <class A, class B>
inline Both<A, B> clampedAbs(Both<A, B> x, float limit) {
  return {clampedAbs(x.a, limit), clampedAbs(x.b, limit)};
}
template <class A, class B>
inline Both<A, B> leadingBits(Both<A, B> x) {
  return {leadingBits(x.a), leadingBits(x.b)};
}

constexpr int kTailBits = V::kTableBits;

// 2^(j/N), less j's place in the exponent field and after it. The first is a little less than 1, which takes the
// results for odd subnormal x off the tie x/2, to the right side.
template <int tableBits>
struct Exponential2;

template <>
struct Exponential2<4> {
  static constexpr DoubleTable<16> kPowers = {{
      0x1.ffffffffffffcp-1, 0x1.fb5586cf9890fp-1, 0x1.f72b83c7d517bp-1, 0x1.f387a6e756238p-1, 0x1.f06fe0a31b715p-1,
      0x1.edea64c123422p-1, 0x1.ebfdad5362a27p-1, 0x1.eab07dd485429p-1, 0x1.ea09e667f3bcdp-1, 0x1.ea11473eb0187p-1,
      0x1.eace5422aa0dbp-1, 0x1.ec49182a3f09p-1, 0x1.ee89f995ad3adp-1, 0x1.f199bdd85529cp-1, 0x1.f5818dcfba487p-1,
      0x1.fa4afa2a490dap-1}};
  // (2^r - 1) / r; 2^r is off by 2^-38.5.
  template <class W>
  static W slope(W r) {
    return fma(fma(fma(W(0x1.3b2ccd7419611p-7), r, W(0x1.c6b3f6f64361p-5)), r, W(0x1.ebfbdff4de9e3p-3)), r,
               W(0x1.62e42fec3ad84p-1));
  }
};

template <>
struct Exponential2<3> {
  static constexpr DoubleTable<8> kPowers = {{
      0x1.ffffffffffffcp-1, 0x1.f72b83c7d517bp-1, 0x1.f06fe0a31b715p-1, 0x1.ebfdad5362a27p-1, 0x1.ea09e667f3bcdp-1,
      0x1.eace5422aa0dbp-1, 0x1.ee89f995ad3adp-1, 0x1.f5818dcfba487p-1}};
  // Off by 2^-41.4.
  template <class W>
  static W slope(W r) {
    const W third = fma(fma(W(0x1.5d8fb56927d11p-10), r, W(0x1.3b31be1e224f2p-7)), r, W(0x1.c6b08d4deef47p-5));
    return fma(fma(third, r, W(0x1.ebfbdfd561a99p-3)), r, W(0x1.62e42fefa3e9p-1));
  }
};

// 2^l = power factor. For |l| < 1000.
template <class W>
struct Exp2 {
  W power, factor;
};

template <class W>
inline Exp2<W> exp2(W l) {
  using E = Exponential2<kTailBits>;
  constexpr double kShift = kRoundToInteger / (1 << kTailBits);
  const W magic = l + W(kShift);
  const W r = l - (magic - W(kShift));
  return {addSteps(lookup(E::kPowers, indexOf(magic)), magic), fma(r, E::slope(r), W(1.0))};
}

// L(a) for a Tail: the coefficients of its polynomials, kLow those of the low powers. The segments are those of
// v = a kScale + kOffset by its leading bits. The center of a = 0's is 0.
template <class Tail, class W>
inline Wide<W> segmentPolynomial(W a) {
  constexpr size_t kHighs = sizeof Tail::kHigh / sizeof *Tail::kHigh, kLows = sizeof Tail::kLow / sizeof *Tail::kLow;
  const W place = leadingBits(fma(a, W(Tail::kScale), W(Tail::kOffset)));
  const W d = a - lookup(Tail::kCenters, place);
  W high = lookup(Tail::kHigh[kHighs - 1], place);
  UNROLL for (size_t i = 2; i <= kHighs; i++) high = fma(high, d, lookup(Tail::kHigh[kHighs - i], place));
  const auto index = indexOf(place);
  const Wide<W> wideD = widened(d);
  Wide<W> y = widened(high);
  UNROLL for (size_t i = 1; i <= kLows; i++) y = fma(y, wideD, lookup(Tail::kLow[kLows - i], index));
  return y;
}

template <int tableBits>
struct GeluTail;

template <>
struct GeluTail<4> {
  static constexpr float kScale = 0x1.77445ep-2F, kOffset = 0x1.1p0F;
  alignas(64) static constexpr float kCenters[16] = {0x1.731b4p1F, 0x1.ca6cep1F, 0x1.10df6p2F, 0x1.3c882p2F,
      0x1.6831p2F, 0x1.93d9ep2F, 0x1.bf82cp2F, 0x1.eb2bap2F, 0x0p0F, 0x1.5d46cp-2F, 0x1.5d46cp-1F, 0x1.05f52p0F,
      0x1.5d46cp0F, 0x1.b4988p0F, 0x1.05f52p1F, 0x1.319ep1F};
  alignas(64) static constexpr float kHigh[5][16] = {
      {-0x1.078a5ep-7F, -0x1.61b58p-8F, -0x1.ea313p-9F, -0x1.5e0476p-9F, -0x1.00cbf6p-9F, -0x1.82026p-10F,
       -0x1.285f7ap-10F, -0x1.cfc098p-11F, -0x1.ad6f36p-5F, -0x1.61855cp-5F, -0x1.1cc77ep-5F, -0x1.c5722cp-6F,
       -0x1.675b2ap-6F, -0x1.1ce7fcp-6F, -0x1.c574c2p-7F, -0x1.6afc9p-7F},
      {0x1.40bcdep-10F, 0x1.8cca46p-11F, 0x1.f8f80cp-12F, 0x1.4b32fap-12F, 0x1.bf6c2p-13F, 0x1.369b58p-13F,
       0x1.ba2962p-14F, 0x1.41e53p-14F, 0x1.c42456p-8F, 0x1.adb23ap-8F, 0x1.753aa2p-8F, 0x1.337306p-8F,
       0x1.eb078ap-9F, 0x1.816fe6p-9F, 0x1.2c1c66p-9F, 0x1.d25b18p-10F},
      {-0x1.728c04p-13F, -0x1.b283ep-14F, -0x1.02beaap-14F, -0x1.3bffcp-15F, -0x1.8cf73ap-16F, -0x1.007cf6p-16F,
       -0x1.547ebp-17F, -0x1.cf7ac6p-18F, 0x1.be8be4p-15F, -0x1.a2f474p-12F, -0x1.2d0b92p-11F, -0x1.321eb8p-11F,
       -0x1.0f1494p-11F, -0x1.bf47acp-12F, -0x1.62e0ep-12F, -0x1.139b5cp-12F},
      {0x1.848c16p-16F, 0x1.c21aecp-17F, 0x1.00ffbp-17F, 0x1.28e06ep-18F, 0x1.5ea428p-19F, 0x1.a91f38p-20F,
       0x1.08bf14p-20F, 0x1.527d26p-21F, -0x1.3fe90ap-12F, -0x1.2f1c64p-13F, -0x1.34e86ep-15F, 0x1.44821p-16F,
       0x1.5a6516p-15F, 0x1.787de6p-15F, 0x1.52c176p-15F, 0x1.17a386p-15F},
      {-0x1.5468d2p-19F, -0x1.a5e686p-20F, -0x1.dfd8c8p-21F, -0x1.0bfb5p-21F, -0x1.2ddfb6p-22F, -0x1.5ad6f8p-23F,
       -0x1.984b96p-24F, -0x1.ed14dp-25F, 0x1.30c056p-14F, 0x1.e1163ep-15F, 0x1.172adcp-15F, 0x1.fa0e02p-17F,
       0x1.294508p-18F, -0x1.81caf2p-21F, -0x1.675e62p-19F, -0x1.9a50bp-19F}};
  static constexpr DoubleTable<16> kLow[3] = {
      {{-0x1.2200f329d274ep3, -0x1.907ae21b4517ep3, -0x1.099fd27eaf211p4, -0x1.554ac715602b9p4, -0x1.ab57d69225b17p4,
        -0x1.05ec6ea9a5505p5, -0x1.3b6d9f698d2eep5, -0x1.76349170b7637p5, -0x1p0, -0x1.72b30e5acc579p0,
        -0x1.01cf3252c959dp1, -0x1.5a91044e2a95p1, -0x1.c4925937591c1p1, -0x1.204a829e98947p2, -0x1.6799257f60f3dp2,
        -0x1.b871fe6c037ap2}},
      {{-0x1.2681d8b93fe4ap2, -0x1.6179768af1624p2, -0x1.9d6bdf1a91ab5p2, -0x1.da0b5254a6901p2, -0x1.0b933ac2ab75ep3,
        -0x1.2a4e093fab725p3, -0x1.492acc48d8508p3, -0x1.68219a09aca2bp3, -0x1.26aec21bcc771p0, -0x1.7b49087fa0739p0,
        -0x1.d79cfc8802009p0, -0x1.1d16320086c03p1, -0x1.50d976f8e5d5ap1, -0x1.8694ccdbb71dap1, -0x1.bddfca7511538p1,
        -0x1.f668d2d9cfb2ep1}},
      {{-0x1.56102bb737b98p-1, -0x1.5cfe68d17d2b9p-1, -0x1.61b730cd3ea7ep-1, -0x1.6508e1dd6c408p-1,
        -0x1.676f977c41406p-1, -0x1.6937e586a57f6p-1, -0x1.6a926ed06a467p-1, -0x1.6b9ef5e3a1698p-1,
        -0x1.d63ed74a12962p-2, -0x1.0423746756af6p-1, -0x1.187f7370aad96p-1, -0x1.28cb596bd81c2p-1,
        -0x1.35bbc69d3ae6dp-1, -0x1.3ffc839570048p-1, -0x1.4820c2093f374p-1, -0x1.4e9fdd870b8e8p-1}}};
};

template <>
struct GeluTail<3> {
  static constexpr float kScale = 0x1.6f485cp-2F, kOffset = 0x1.2p0F;
  alignas(64) static constexpr float kCenters[8] = {0x1.917a6p1F, 0x1.21f4ep2F, 0x1.7b2c8p2F, 0x1.d4642p2F, 0x0p0F,
      0x1.64deap-1F, 0x1.64deap0F, 0x1.0ba7p1F};
  alignas(64) static constexpr float kHigh[5][8] = {
      {0x1.0e9aaep-10F, 0x1.aa9b02p-12F, 0x1.7c8a7ep-13F, 0x1.7ade1ap-14F, 0x1.c423dep-8F, 0x1.726e34p-8F,
       0x1.e10cf4p-9F, 0x1.226626p-9F},
      {-0x1.338778p-13F, -0x1.a93eeap-15F, -0x1.472cc4p-16F, -0x1.1a6828p-17F, 0x1.c0eb28p-15F, -0x1.2eabe6p-11F,
       -0x1.0b2e0ap-11F, -0x1.57b126p-12F},
      {0x1.420c08p-16F, 0x1.9c8a32p-18F, 0x1.186ad6p-19F, 0x1.a94102p-21F, -0x1.41a304p-12F, -0x1.148114p-15F,
       0x1.62d6e4p-15F, 0x1.4bc258p-15F},
      {-0x1.25974cp-19F, -0x1.81319ap-21F, -0x1.dce61ap-23F, -0x1.41e78cp-24F, 0x1.469f74p-14F, 0x1.1090d2p-15F,
       0x1.077db8p-18F, -0x1.722eb8p-19F},
      {0x1.86a5ccp-23F, 0x1.48ee3ap-24F, 0x1.84e5f8p-26F, 0x1.dd13c4p-28F, -0x1.d2e52cp-18F, -0x1.09cfcap-17F,
       -0x1.5baa9ap-19F, -0x1.3c3558p-22F}};
  static constexpr DoubleTable<8> kLow[4] = {
      {{-0x1.4626959aa67efp3, -0x1.26009f24aca9ap4, -0x1.d403733c2bb17p4, -0x1.56e134d5d274ap5, -0x1p0,
        -0x1.05526b5da7514p1, -0x1.cea197e262e86p1, -0x1.71992028b62ep2}},
      {{-0x1.3ae19362013b8p2, -0x1.b513440a96d04p2, -0x1.18eac5a999f62p3, -0x1.57f6f58503518p3, -0x1.26aec21bcf793p0,
        -0x1.dbc76e81e42e5p0, -0x1.55734aed8dc58p1, -0x1.c52f16a4a4aa4p1}},
      {{-0x1.58cb5724f0cc9p-1, -0x1.6326388412f1dp-1, -0x1.684619cb0f4f5p-1, -0x1.6b1b16d472f44p-1,
        -0x1.d63ed749d0004p-2, -0x1.19493192a7835p-1, -0x1.36b90402bd85ep-1, -0x1.490f53f6f47bfp-1}},
      {{-0x1.c91c00326dee7p-8, -0x1.ac31f120482acp-9, -0x1.c45c0c3b247f4p-10, -0x1.06f85e2942bd4p-10,
        -0x1.ad6f354cbf669p-5, -0x1.1a05a42ef8a39p-5, -0x1.6025e43988dedp-6, -0x1.b8523489e2d2dp-7}}};
};

template <int tableBits>
struct SoftplusTail;

template <>
struct SoftplusTail<4> {
  static constexpr float kScale = 0x1.8eb14p-3F, kOffset = 0x1.3p0F;
  alignas(64) static constexpr float kCenters[16] = {0x1.34352p2F, 0x1.86656p2F, 0x1.d895cp2F, 0x1.1563p3F,
      0x1.3e7b2p3F, 0x1.67936p3F, 0x1.90ab8p3F, 0x1.b9c3ap3F, 0x1.f767ep3F, 0x0p0F, 0x1.48c14p-1F, 0x1.48c14p0F,
      0x1.ed21cp0F, 0x1.48c14p1F, 0x1.9af18p1F, 0x1.ed21cp1F};
  alignas(64) static constexpr float kHigh[6][16] = {
      {0x1.f1124cp-11F, 0x1.18a8d2p-12F, 0x1.388272p-14F, 0x1.5a9ee6p-16F, 0x1.800a1p-18F, 0x1.a95d06p-20F,
       0x1.d71a28p-22F, 0x1.04dfa6p-23F, 0x1.300ea4p-26F, 0x1.d5e09ep-8F, 0x1.bea26ap-7F, 0x1.d27226p-7F,
       0x1.6931acp-7F, 0x1.d6e3f6p-8F, 0x1.165a5ep-8F, 0x1.37c782p-9F},
      {-0x1.e3b9b2p-13F, -0x1.16907ap-14F, -0x1.37dce8p-16F, -0x1.5a6c0ap-18F, -0x1.7ffa76p-20F, -0x1.a9583cp-22F,
       -0x1.d718bp-24F, -0x1.04df6ap-25F, -0x1.300e6cp-28F, 0x1.c0c0e6p-9F, 0x1.6a85dap-10F, -0x1.84ab22p-11F,
       -0x1.923d8ap-10F, -0x1.6493fap-10F, -0x1.e3e962p-11F, -0x1.220c4ep-11F},
      {0x1.6dfe22p-15F, 0x1.b7018ap-17F, 0x1.f0df52p-19F, 0x1.14cb54p-20F, 0x1.330e54p-22F, 0x1.543696p-24F,
       0x1.78d4fp-26F, 0x1.a15a7cp-28F, 0x1.e5b652p-31F, -0x1.7d7d18p-12F, -0x1.967c2cp-11F, -0x1.ecad38p-12F,
       -0x1.c58704p-15F, 0x1.01d9cep-13F, 0x1.17d7f2p-13F, 0x1.8d7984p-14F},
      {-0x1.b16794p-18F, -0x1.1bd87ep-19F, -0x1.4880cep-21F, -0x1.703708p-23F, -0x1.99266ep-25F, -0x1.c58a36p-27F,
       -0x1.f66b88p-29F, -0x1.163baap-30F, -0x1.43d478p-33F, -0x1.9d1924p-13F, 0x1.9fca34p-20F, 0x1.00764ap-13F,
       0x1.4b7e24p-14F, 0x1.2ea14cp-16F, -0x1.e57a96p-18F, -0x1.6bad52p-17F},
      {0x1.735d2p-21F, 0x1.32cf2ep-22F, 0x1.757a9ep-24F, 0x1.a83198p-26F, 0x1.d90d84p-28F, 0x1.0672c4p-29F,
       0x1.22d03ep-31F, 0x1.421f04p-33F, 0x1.863028p-36F, 0x1.ab60d8p-16F, 0x1.8c069ep-15F, 0x1.099744p-18F,
       -0x1.08ec5ap-16F, -0x1.413a04p-17F, -0x1.4e18c8p-19F, 0x1.105a46p-22F},
      {-0x1.0ea27ap-25F, -0x1.097a6p-25F, -0x1.6844c8p-27F, -0x1.a403e8p-29F, -0x1.d7ab6p-31F, -0x1.062f5p-32F,
       -0x1.22ac8ap-34F, -0x1.42033ep-36F, -0x1.85bf94p-39F, 0x1.51b5a4p-17F, -0x1.48068p-18F, -0x1.08d5bcp-17F,
       -0x1.023a72p-22F, 0x1.d49c32p-20F, 0x1.eb546ep-21F, 0x1.0260b8p-22F}};
  static constexpr DoubleTable<16> kLow[3] = {
      {{-0x1.bd05af47e3dabp2, -0x1.19a9b48a4bb7bp3, -0x1.54e98de2a048dp3, -0x1.90303bc9c80d5p3, -0x1.cb78d4be99163p3,
        -0x1.036111ef16005p4, -0x1.2105b53deb2adp4, -0x1.3eaa5dc35cfacp4, -0x1.6b21686d86785p4,
        -0x1.0eba774e0b3bcp-1, -0x1.3df6d44e2b343p0, -0x1.042c5a3db78d2p1, -0x1.706b59f72b87fp1,
        -0x1.e127a666943e8p1, -0x1.2a43bd0ec73d9p2, -0x1.64b0d3d3eb342p2}},
      {{-0x1.6fd80cfe060abp0, -0x1.70ea9f9f0d228p0, -0x1.71371e721e1f9p0, -0x1.714c55b4bb12p0, -0x1.71523632273b6p0,
        -0x1.7153d6ce82facp0, -0x1.71544a282b94fp0, -0x1.71546a183adf3p0, -0x1.7154748aa6778p0, -0x1.0a6a4c7c36dbdp0,
        -0x1.2d30951e1eddbp0, -0x1.47a888ca642f5p0, -0x1.5950cc21f81fep0, -0x1.6405186125397p0, -0x1.6a1f6eedf4ae5p0,
        -0x1.6d7a7f85a37b3p0}},
      {{-0x1.79dcfd83cf92bp-9, -0x1.a690aac3fa804p-11, -0x1.d53fdfac0d369p-13, -0x1.040a35d2832ecp-14,
        -0x1.200d5b7b0992p-16, -0x1.3f07853f95f76p-18, -0x1.61541e58ef562p-20, -0x1.874f949fd9568p-22,
        -0x1.c811b703fafb1p-25, -0x1.d7c3471779a5bp-4, -0x1.822fc1690417cp-4, -0x1.10a0b04cafdffp-4,
        -0x1.57534f581fc12p-5, -0x1.909630442854bp-6, -0x1.be55805de8ee1p-7, -0x1.e47012e0162cfp-8}}};
};

template <>
struct SoftplusTail<3> {
  static constexpr float kScale = 0x1.b44e0cp-3F, kOffset = 0x1.6p0F;
  alignas(64) static constexpr float kCenters[8] = {0x1.06dccp2F, 0x1.9d11ap2F, 0x1.19a34p3F, 0x1.64bdcp3F,
      0x1.d5658p3F, 0x0p0F, 0x1.2c69ep0F, 0x1.2c69ep1F};
  alignas(64) static constexpr float kHigh[7][8] = {
      {-0x1.d06948p-12F, -0x1.88ae78p-15F, -0x1.2f5fp-18F, -0x1.d0bc48p-22F, -0x1.b801aap-27F, 0x1.c0c19ep-9F,
       -0x1.e1549ep-12F, -0x1.83c0c4p-10F},
      {0x1.4a5282p-14F, 0x1.36d84cp-17F, 0x1.e4e91ep-21F, 0x1.73c19ap-24F, 0x1.603fa2p-29F, -0x1.7daec4p-12F,
       -0x1.2018e6p-11F, 0x1.7163a4p-14F},
      {-0x1.500a6p-17F, -0x1.95b2fcp-20F, -0x1.429fb6p-23F, -0x1.ef945ep-27F, -0x1.d5a5b6p-32F, -0x1.9b1d28p-13F,
       0x1.e8ff8ep-14F, 0x1.2803e4p-15F},
      {0x1.49d10ep-21F, 0x1.bbe408p-23F, 0x1.6f031ep-26F, 0x1.1ae396p-29F, 0x1.092096p-34F, 0x1.7c0d8ep-16F,
       0x1.7a9cd6p-17F, -0x1.a9a056p-17F},
      {0x1.c446a2p-24F, -0x1.94f28ep-26F, -0x1.6c1672p-29F, -0x1.1aadf4p-32F, -0x1.093848p-37F, 0x1.e89d4p-17F,
       -0x1.30628ap-17F, 0x1.c3f8e8p-20F},
      {-0x1.a2c13ep-25F, 0x1.1e7ac6p-29F, 0x1.488016p-32F, 0x1.03bca2p-35F, 0x1.11547cp-40F, -0x1.7d8cd2p-19F,
       0x1.9c6722p-21F, 0x1.7f0a52p-23F},
      {0x1.398e0ep-27F, -0x1.b06a88p-34F, -0x1.fa2accp-36F, -0x1.9df494p-39F, -0x1.b45daep-44F, -0x1.1faca4p-22F,
       0x1.d36326p-22F, -0x1.09bf26p-23F}};
  static constexpr DoubleTable<8> kLow[4] = {
      {{-0x1.7bfc0d503638fp2, -0x1.2a00a38e7a77dp3, -0x1.96521ebb5832ap3, -0x1.0155a55787fdcp4, -0x1.52991633bba21p4,
        -0x1.0eba774e0b996p-1, -0x1.e4492c92d35f5p0, -0x1.b9e785d232338p1}},
      {{-0x1.6e5526632867p0, -0x1.710a27a701474p0, -0x1.714d587f3b46ep0, -0x1.7153c8085c6ap0, -0x1.7154712aa7736p0,
        -0x1.0a6a4c7c2d415p0, -0x1.43c02a39d6e82p0, -0x1.60f64db709946p0}},
      {{-0x1.7a7a63ac73e78p-8, -0x1.28d70922509dp-11, -0x1.c7663ed99cc1ap-15, -0x1.5c93a5853c8c4p-18,
        -0x1.4a04249078a34p-23, -0x1.d7c347197e4acp-4, -0x1.24304350b8cd7p-4, -0x1.e58ba7603c501p-6}},
      {{0x1.eb07dec5609d3p-10, 0x1.8ac0089afc2c8p-13, 0x1.2f85fd4ff2936p-16, 0x1.d0c1fe3e2a218p-20,
        0x1.b801978a86dbcp-25, 0x1.d5e09897200d2p-8, 0x1.db3553da68623p-7, 0x1.14bd79ba7cc0ap-7}}};
};

// For each lane, in the order of lowWords, zero where the rounding of y to float32 is in doubt: where its lower 29 bits
// are within kMargin of a tie's. The least of that and of `seen`.
template <uint32_t kMargin>
inline F leastDoubt(F seen, Both<V, V> y) {
  constexpr uint32_t kTie = 1U << 28;
  return smallerBits(seen, andBits(plusBits(lowWords(y.a, y.b), kTie + kMargin), 2 * kTie - 2 * kMargin));
}
template <uint32_t kMargin, class A, class B>
inline F leastDoubt(F seen, Both<A, B> y) {
  return leastDoubt<kMargin>(leastDoubt<kMargin>(seen, y.a), y.b);
}

constexpr unsigned kAllLanes = (1U << F::kLanes) - 1, kAllOfGroup = (1U << V::kLanes) - 1;
constexpr unsigned kFirstWords = 0x3333 & kAllLanes;  // where lowWords has its first argument's

// A failed block once more, as repair() in quick_logistic.h. sums: the doubles; without them all are in doubt.
template <V (*formula)(V, const Parameters&), size_t kLanes>
NEVER_INLINE FLATTEN void repairTail(const float* from, const double* sums, float* out, const Parameters& parameters) {
  using Path = QuickPath<formula>;
  float x[kLanes];  // the stores may go over it
  for (size_t i = 0; i < kLanes; i += F::kLanes) F::store(x + i, F::load(from + i));
  for (size_t i = 0; i < kLanes; i += F::kLanes) {
    const F v = F::load(x + i);
    unsigned doubtful = kAllLanes;
    if (sums != nullptr) {
      const Both<V, V> both(V::load(sums + i), V::load(sums + i + V::kLanes));
      storeRounded(out + i, both);
      doubtful &= ~differ(leastDoubt<Path::kMargin>(F(-1.0F), both), F(0.0F));
    }
    unsigned failed = kAllLanes & ~(lessThan(F(-Path::kTop), v) & lessThan(v, F(__builtin_inff())));
    if ((doubtful & kFirstWords) != 0) failed |= kAllOfGroup;
    if ((doubtful & (kFirstWords << 2)) != 0) failed |= kAllOfGroup << V::kLanes;
    if (failed == 0) continue;
    const unsigned nothing = lessThan(v, F(Path::kVanishes));
    const unsigned beyond = lessThan(F(Path::kTop), v);
    const unsigned far = lessThan(v, F(-Path::kTop));
    F::store(out + i, select(nothing, F(Path::kNothing), select(beyond, Path::beyond(v), F::load(out + i))));
    for (size_t k = 0; k < F::kLanes; k += V::kLanes) {
      const unsigned open = (failed & ~nothing & ~beyond) >> k & kAllOfGroup;
      if (open == 0) continue;
      const V group = V::load(x + i + k);
      V y = 0.0;
      if ((open & ~(far >> k)) == 0) {
        y = select(lessThan(group, V(-Path::kTop)), Path::far(group, parameters), V::load(out + i + k));
      } else {
        y = formula(group, parameters);
      }
      V::store(out + i + k, y);
    }
  }
}

// A path by float64 lanes. QuickPath adds: result(x), from the floats there; kTop, kLeast: it is for x >= -kTop,
// whose bits are kLeast; far(V, parameters), the result for x < -kTop; beyond(x), that for x > kTop; kMargin.
template <V (*formula)(V, const Parameters&)>
struct TailPath {
  static constexpr bool kExists = true;
  using Step = Together<F, V::kTogether>;
  using Single = F;

  static F beyond(F x) { return x; }

  // Where one block is far out, many are: it is worth a look before the path is tried in vain.
  template <size_t kLanes>
  static bool allFar(const float* x) {
    F least = F::load(x);
    for (size_t i = F::kLanes; i < kLanes; i += F::kLanes) least = smallerBits(least, F::load(x + i));
    return above(least, QuickPath<formula>::kLeast) == kAllLanes;
  }

  template <class W>
  FLATTEN static bool block(const float* x, float* out, const Parameters& parameters, bool far) {
    using Path = QuickPath<formula>;
    if (__builtin_expect(far, 0) && allFar<W::kLanes>(x)) {
      repairTail<formula, W::kLanes>(x, nullptr, out, parameters);
      return true;
    }
    const Wide<W> y = Path::template result<W>(x);
    F negative = 0.0F, positive = 0.0F;  // the largest of either sign
    UNROLL for (size_t i = 0; i < W::kLanes; i += F::kLanes) {
      negative = largerBits(negative, F::load(x + i));
      positive = maxBits(positive, F::load(x + i));
    }
    const unsigned failed = above(negative, Path::kLeast) | above(positive, 0x7f7fffff);  // or not finite
    const unsigned sure = differ(leastDoubt<Path::kMargin>(F(-1.0F), y), F(0.0F));
    if (__builtin_expect((failed | (sure ^ kAllLanes)) != 0, 0)) {
      double sums[W::kLanes];
      Wide<W>::store(sums, y);
      far = allFar<W::kLanes>(x);
      repairTail<formula, W::kLanes>(x, sums, out, parameters);
      return far;
    }
    storeRounded(out, y);
    return false;
  }
};

// a R(a) in 1 / a^2, for 8 < a < 14.625: off by 2^-52.9.
constexpr double kGeluFar[9] = {0x1.9884533d3bdfbp-2, -0x1.9884531dc5698p-2, 0x1.3263300c936cfp0,
                                -0x1.7ef8492d12077p2, 0x1.4ecc38afa4c9ap5,   -0x1.748f8562c43f6p8,
                                0x1.dc0a16bf1b86ep11, -0x1.1d9b27ed9e15cp15, 0x1.a85f010fa6a2ep17};

// GELU(x).
template <>
struct QuickPath<gelu<V>> : TailPath<gelu<V>> {
  static constexpr float kTop = 8, kVanishes = -14.4F, kNothing = -0.0F;
  static constexpr uint32_t kLeast = 0xc1000000;  // the bits of -kTop
  static constexpr uint32_t kMargin = kTailBits == 4 ? 1U << 18 : 1U << 17;

  template <class W>
  static Wide<W> result(const float* x) {
    const Exp2<Wide<W>> e = exp2(segmentPolynomial<GeluTail<kTailBits>>(clampedAbs(W::load(x), kTop)));
    const Wide<W> wide = Wide<W>::load(x);
    return fnma(e.power, abs(wide) * e.factor, max(Wide<W>(0.0), wide));
  }
  // -a Phi(-a) = -e^(-a^2/2) (a R(a)), R in math.h, for a > 8.
  static V far(V x, const Parameters&) {
    const V t = max(V(-14.6), x);
    const V square = t * t, inverse = V(1.0) / square;
    return -(exp(square * -0.5) * polynomial(inverse, inverse * inverse, kGeluFar));
  }
  static bool run(const float* x, float* out, size_t n, const Parameters& parameters) {
    return runQuick<gelu<V>>(x, out, n, parameters);
  }
};

// Softplus(x) for beta 1.
template <>
struct QuickPath<softplus<V>> : TailPath<softplus<V>> {
  static constexpr float kTop = 17, kVanishes = -104, kNothing = 0.0F;
  static constexpr uint32_t kLeast = 0xc1880000;
  static constexpr uint32_t kMargin = kTailBits == 4 ? 1U << 18 : 1U << 19;

  template <class W>
  static Wide<W> result(const float* x) {
    const Exp2<Wide<W>> e = exp2(segmentPolynomial<SoftplusTail<kTailBits>>(clampedAbs(W::load(x), kTop)));
    const Wide<W> wide = Wide<W>::load(x);
    return fma(e.power, e.factor, max(Wide<W>(0.0), wide));
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
