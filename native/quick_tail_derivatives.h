// The quick path of GELU', as quick_tail.h has GELU's.
//
// GELU'(-a) = 2^L(a) (root - a), where L is as smooth as GELU's, and root - a is precise next to the root, as in
// derivatives.h; GELU'(x) = 1 - GELU'(-x). The doubles are off by 2^-36.7 of themselves (N = 16) and 2^-37.1 (N = 8),
// measured over all x in range. AVX-512 takes 1.14 ns per element, the formula 2.10; AVX2 1.65, 2.69.
#pragma once

#include "derivatives.h"
#include "quick_tail.h"

template <class A, class B>
inline Both<A, B> copysign(Both<A, B> magnitude, Both<A, B> sign) {
  return {copysign(magnitude.a, sign.a), copysign(magnitude.b, sign.b)};
}

template <int tableBits>
struct GeluSlopeTail;

template <>
struct GeluSlopeTail<4> {
  static constexpr float kScale = 0x1.77445ep-2F, kOffset = 0x1.1p0F;
  alignas(64) static constexpr float kCenters[16] = {0x1.731b4p1F, 0x1.ca6cep1F, 0x1.10df6p2F, 0x1.3c882p2F,
      0x1.6831p2F, 0x1.93d9ep2F, 0x1.bf82cp2F, 0x1.eb2bap2F, 0x0p0F, 0x1.5d46cp-2F, 0x1.5d46cp-1F, 0x1.05f52p0F,
      0x1.5d46cp0F, 0x1.b4988p0F, 0x1.05f52p1F, 0x1.319ep1F};
  alignas(64) static constexpr float kHigh[5][16] = {
      {-0x1.8da976p-9F, -0x1.d481fcp-10F, -0x1.2291fap-10F, -0x1.78b8d6p-11F, -0x1.fb40acp-12F, -0x1.60c6d2p-12F,
       -0x1.f89f7ep-13F, -0x1.71cac2p-13F, -0x1.c284bp-5F, -0x1.35917cp-5F, -0x1.a8390ap-6F, -0x1.24bf88p-6F,
       -0x1.992c5p-7F, -0x1.225ffp-7F, -0x1.a2f5aep-8F, -0x1.334542p-8F},
      {0x1.44fb3ap-11F, 0x1.58e1b4p-12F, 0x1.8322dep-13F, 0x1.c8caaep-14F, 0x1.1982d8p-14F, 0x1.686f18p-15F,
       0x1.dd0ee8p-16F, 0x1.450474p-16F, 0x1.e73a0ap-7F, 0x1.57c8bap-7F, 0x1.d34cfcp-8F, 0x1.39816p-8F,
       0x1.a4fa96p-9F, 0x1.1d0becp-9F, 0x1.86e796p-10F, 0x1.0ffd02p-10F},
      {-0x1.f9d62p-14F, -0x1.e91778p-15F, -0x1.f4d136p-16F, -0x1.0e7562p-16F, -0x1.3277a4p-17F, -0x1.6a619ap-18F,
       -0x1.bcefa6p-19F, -0x1.1a644ep-19F, -0x1.6b086ap-9F, -0x1.2c961ap-9F, -0x1.b1a342p-10F, -0x1.26729ap-10F,
       -0x1.86173p-11F, -0x1.00cc94p-11F, -0x1.53715ep-12F, -0x1.c4fe94p-13F},
      {0x1.78315ap-16F, 0x1.4f75f4p-17F, 0x1.3bd31cp-18F, 0x1.39f104p-19F, 0x1.4852a4p-20F, 0x1.67937p-21F,
       0x1.9a749p-22F, 0x1.e632cap-23F, 0x1.bbffaap-14F, 0x1.42dbb6p-12F, 0x1.34e648p-12F, 0x1.d0a7dap-13F,
       0x1.3e70d4p-13F, 0x1.a392cep-14F, 0x1.107c8ep-14F, 0x1.618ccep-15F},
      {-0x1.066dd2p-18F, -0x1.b6e71p-20F, -0x1.800032p-21F, -0x1.61e9e8p-22F, -0x1.57721p-23F, -0x1.5dcc1ep-24F,
       -0x1.74631cp-25F, -0x1.9ca50cp-26F, 0x1.0e9a82p-13F, 0x1.b0186ep-16F, -0x1.a8652ep-16F, -0x1.0bfe7ep-15F,
       -0x1.ae50e4p-16F, -0x1.2c6c5p-16F, -0x1.8c02fcp-17F, -0x1.fdecp-18F}};
  static constexpr DoubleTable<16> kLow[3] = {
      {{-0x1.c7c3126b8201cp2, -0x1.4b1feba804428p3, -0x1.c79217087c49cp3, -0x1.2ca6db4140a6ap4, -0x1.803105ff34d1cp4,
        -0x1.de6c0b4a1fb88p4, -0x1.23ad8f33f1f57p5, -0x1.5d803fdd0bfcbp5, -0x1.2d435cad0ae93p-1, -0x1.92994c24a2ep-1,
        -0x1.2015de6e97273p0, -0x1.9cee4be39e5f6p0, -0x1.20958862d9b6cp1, -0x1.86dcbfec3cdd1p1, -0x1.00cffe25abcb4p2,
        -0x1.488d607c587ccp2}},
      {{-0x1.0fbbd0d652031p2, -0x1.4db652525ea36p2, -0x1.8c04dfa228606p2, -0x1.ca86f129f658ep2, -0x1.04955202783a6p3,
        -0x1.23f266225aa7cp3, -0x1.435745190ff27p3, -0x1.62c1b44600975p3, -0x1.8865409f9885fp-2,
        -0x1.90b78f21525b6p-1, -0x1.357350eee9711p0, -0x1.a73a2b3c53442p0, -0x1.0e1e24621689p1, -0x1.49c03a6772282p1,
        -0x1.862f32c53433ap1, -0x1.c331d79790105p1}},
      {{-0x1.6a142861c4722p-1, -0x1.6c89338f09e1dp-1, -0x1.6e04d8bf19ca2p-1, -0x1.6ef54c6f6b196p-1,
        -0x1.6f94050a5faf2p-1, -0x1.70008f58071ffp-1, -0x1.704d12e892f95p-1, -0x1.70847234f9798p-1,
        -0x1.1f07ac668c71p-1, -0x1.3712edd37966dp-1, -0x1.478e3fbe4794p-1, -0x1.52e128ac42a37p-1,
        -0x1.5abce08f8da6bp-1, -0x1.6044c40b77576p-1, -0x1.6439595658f66p-1, -0x1.67199569112d7p-1}}};
};

template <>
struct GeluSlopeTail<3> {
  static constexpr float kScale = 0x1.6f485cp-2F, kOffset = 0x1.2p0F;
  alignas(64) static constexpr float kCenters[8] = {0x1.917a6p1F, 0x1.21f4ep2F, 0x1.7b2c8p2F, 0x1.d4642p2F, 0x0p0F,
      0x1.64deap-1F, 0x1.64deap0F, 0x1.0ba7p1F};
  alignas(64) static constexpr float kHigh[6][8] = {
      {0x1.02f368p-11F, 0x1.3928c2p-13F, 0x1.cdc14ap-15F, 0x1.8bb8b4p-16F, 0x1.e738bep-7F, 0x1.cb5328p-8F,
       0x1.96c67ep-9F, 0x1.7485ep-10F},
      {-0x1.8641d2p-14F, -0x1.872742p-16F, -0x1.e554bep-18F, -0x1.649826p-19F, -0x1.6ac688p-9F, -0x1.aac8cep-10F,
       -0x1.782f3ep-11F, -0x1.41cb0ap-12F},
      {0x1.18822ap-16F, 0x1.db030cp-19F, 0x1.f4c56ep-21F, 0x1.3d358ep-22F, 0x1.81a85p-14F, 0x1.329464p-12F,
       0x1.33135ap-13F, 0x1.010fb8p-14F},
      {-0x1.7f251p-19F, -0x1.181ebep-21F, -0x1.fb00cep-24F, -0x1.1678bcp-25F, 0x1.7bb6bap-13F, -0x1.bd31a8p-16F,
       -0x1.a2c1fap-16F, -0x1.75ae0cp-17F},
      {0x1.f9914p-22F, 0x1.47763ep-24F, 0x1.001c42p-26F, 0x1.e8f562p-29F, -0x1.5ed4f8p-14F, -0x1.f38374p-18F,
       0x1.858b0cp-19F, 0x1.de2f9ap-20F},
      {-0x1.2dbd4cp-24F, -0x1.6a59ep-27F, -0x1.f31224p-30F, -0x1.a255eap-32F, 0x1.25d30ap-16F, 0x1.420dd8p-18F,
       0x1.08d854p-24F, -0x1.e3dd5ep-23F}};
  static constexpr DoubleTable<8> kLow[4] = {
      {{-0x1.0564ffc02e254p3, -0x1.fe0eb717ad62bp3, -0x1.a7d8c4ca1b154p4, -0x1.3ea9dda92c415p5,
        -0x1.2d435cad0b03dp-1, -0x1.24b5f71a8ac1ap0, -0x1.28ac243ecc495p1, -0x1.099498e0039e5p2}},
      {{-0x1.253e2693aa3dap2, -0x1.a475996096631p2, -0x1.123712e7f0184p3, -0x1.525cffff43a64p3,
        -0x1.8865409f7e24bp-2, -0x1.3a5009a542d18p0, -0x1.1343a588f2ee3p1, -0x1.8e1d0ef6026bp1}},
      {{-0x1.6b15c31649a6ep-1, -0x1.6e6f8c4a506cap-1, -0x1.6fc8171a6b7acp-1, -0x1.7069b4a73c265p-1,
        -0x1.1f07ac686b80ap-1, -0x1.4824049e48efp-1, -0x1.5b4c51a0a8fa1p-1, -0x1.64a6e75788103p-1}},
      {{-0x1.48b8ffb45c75p-9, -0x1.e8143458b3f08p-11, -0x1.af8e9b45efef7p-12, -0x1.b1ae1cfd7adp-13,
        -0x1.c284ac433c8b2p-5, -0x1.a15a0cd5c9e49p-6, -0x1.8ce5f5714509cp-7, -0x1.91fb04e3ea444p-8}}};
};

// out[i] = gradOutput[i] f'(x[i]), by way of a piece of slopes that stays in the L1 cache.
template <V (*derivative)(V, const Parameters&)>
inline bool runInTwoPasses(const float* gradOutput, const float* x, float* out, size_t n, const Parameters& parameters) {
  constexpr size_t kPiece = 16 * QuickPath<derivative>::Step::kLanes;
  for (size_t start = 0; start < n; start += kPiece) {
    const size_t count = n - start < kPiece ? n - start : kPiece;
    float slopes[kPiece];
    runQuick<derivative>(x + start, slopes, count, parameters);
    const float* grad = gradOutput + start;
    size_t i = 0;
    for (; i + F::kLanes <= count; i += F::kLanes)
      F::store(out + start + i, withCanonicalNaN(F::load(grad + i) * F::load(slopes + i)));
    if (i < count) {
      float rest[F::kLanes] = {};
      memcpy(rest, grad + i, (count - i) * sizeof(float));
      memset(slopes + count, 0, (kPiece - count) * sizeof(float));
      F::store(rest, withCanonicalNaN(F::load(rest) * F::load(slopes + i)));
      memcpy(out + start + i, rest, (count - i) * sizeof(float));
    }
  }
  return true;
}

// With s the sign of x: GELU'(x) = (1 + s) / 2 - 2^L(a) (s root - x).
template <>
struct QuickPath<geluDerivative<V>> : TailPath<geluDerivative<V>> {
  static constexpr float kTop = 8, kVanishes = -20, kNothing = -0.0F;
  static constexpr uint32_t kLeast = 0xc1000000;
  static constexpr uint32_t kMargin = 1U << 17;

  template <class W>
  static Wide<W> result(const float* x) {
    const W bounded = clamp(W::load(x), kTop);
    const Exp2<Wide<W>> e = exp2(segmentPolynomial<GeluSlopeTail<kTailBits>>(abs(bounded)));
    const Wide<W> wide = widened(bounded);
    const Wide<W> distance = (copysign(Wide<W>(kGeluRoot[0]), wide) - wide) - copysign(Wide<W>(-kGeluRoot[1]), wide);
    return fnma(e.power, e.factor * distance, copysign(Wide<W>(0.5), wide) + Wide<W>(0.5));
  }
  static F beyond(F) { return 1.0F; }
  static V far(V x, const Parameters& parameters) { return geluDerivative(x, parameters); }
  static bool runBackward(const float* gradOutput, const float* x, float* out, size_t n, const Parameters& parameters) {
    return runInTwoPasses<geluDerivative<V>>(gradOutput, x, out, n, parameters);
  }
};
