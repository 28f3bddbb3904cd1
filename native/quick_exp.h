// e^t in pairs of float32 lanes.
#pragma once

#include "quick.h"

INLINE_REGION_BEGIN

// e^t is 2^k times a table's 2^(j/N) times e^r with |r| <= ln 2 / 2N, N = 2^kTableBits. The constants are from
// tools/fit_quick.py. Adding kRoundToStep, `magic`, leaves the steps k N + j in the low bits, and subtracting it again,
// `steps`, their number. The entries of kPowers are 2^(j/N) rounded, less j's own place in the exponent field and after
// it: timesPowerOf2(a, magic) adds all the steps there. Below 2^129 what has overflowed is infinite or NaN.
// kCorrections, added to r, undoes the rounding.
constexpr float kRoundToStep = 0x1.8p23F;

constexpr bool kLargeTable = F::kTableBits == 5;

template <int tableBits>
struct Exponential;

template <>
struct Exponential<5> {
  static constexpr float kStepsPerUnit = 0x1.715476p5F, kStepHigh = 0x1.62e43p-6F, kStepLow = -0x1.05c61p-34F;
  alignas(64) static constexpr uint32_t kPowers[32] = {
      0x3f800000, 0x3f7ecd87, 0x3f7daac3, 0x3f7c980f, 0x3f7b95c2, 0x3f7aa43a, 0x3f79c3d3, 0x3f78f4f0,
      0x3f7837f0, 0x3f778d3a, 0x3f76f532, 0x3f767043, 0x3f75fed7, 0x3f75a15b, 0x3f75583f, 0x3f7523f6,
      0x3f7504f3, 0x3f74fbaf, 0x3f7508a4, 0x3f752c4d, 0x3f75672a, 0x3f75b9be, 0x3f76248c, 0x3f76a81e,
      0x3f7744fd, 0x3f77fbb8, 0x3f78ccdf, 0x3f79b907, 0x3f7ac0c7, 0x3f7be4ba, 0x3f7d257d, 0x3f7e83b3};
  alignas(64) static constexpr float kCorrections[32] = {
      0x0p0F,           -0x1.947416p-25F, 0x1.8d96d4p-25F,  -0x1.dda2fep-25F, -0x1.9c0c22p-27F, -0x1.a2fbb4p-25F,
      0x1.964902p-25F,  -0x1.2b0dbcp-25F, 0x1.125002p-25F,  -0x1.cde8cep-26F, 0x1.370be4p-25F,  0x1.336de2p-30F,
      -0x1.0a3552p-25F, -0x1.c541b6p-26F, -0x1.00d8acp-27F, -0x1.6cb284p-25F, 0x1.26055cp-26F,  0x1.8b2bb8p-26F,
      -0x1.05cb44p-25F, -0x1.1c2142p-26F, 0x1.67a1cap-28F,  -0x1.348e56p-25F, 0x1.a3b5e4p-28F,  -0x1.0b7ec8p-25F,
      -0x1.f9c306p-27F, -0x1.e4c886p-26F, -0x1.6961b4p-28F, -0x1.b5151ep-28F, -0x1.a5217cp-28F, -0x1.ab7132p-26F,
      0x1.61428ep-28F,  -0x1.2ad5f8p-27F};
  // (e^r - 1 - r - r^2 / 2) / r^3; e^r is off by 2^-42.5.
  template <class W>
  static W thirdOrder(W r) {
    return fma(W(0x1.5555dap-5F), r, W(0x1.5555c8p-3F));
  }
};

template <>
struct Exponential<3> {
  static constexpr float kStepsPerUnit = 0x1.715476p3F, kStepHigh = 0x1.62e43p-4F, kStepLow = -0x1.05c61p-32F;
  alignas(64) static constexpr uint32_t kPowers[8] = {0x3f800000, 0x3f7b95c2, 0x3f7837f0, 0x3f75fed7,
                                                      0x3f7504f3, 0x3f75672a, 0x3f7744fd, 0x3f7ac0c7};
  alignas(64) static constexpr float kCorrections[8] = {0x0p0F,           -0x1.9c0c22p-27F, 0x1.125002p-25F,
                                                        -0x1.0a3552p-25F, 0x1.26055cp-26F,  0x1.67a1cap-28F,
                                                        -0x1.f9c306p-27F, -0x1.a5217cp-28F};
  // e^r is off by 2^-41.4.
  template <class W>
  static W thirdOrder(W r) {
    return fma(fma(W(0x1.11167cp-7F), r, W(0x1.555cf4p-5F)), r, W(0x1.555556p-3F));
  }
};

// e^t = power (1 + growth + rest).
template <class W>
struct ExpParts {
  W power, growth, rest;
};

// The parts of e^t for its steps, in magic's low bits, and the exponent r + low that they leave: |low| < 2^-21.6 if
// kTiny, the more the farther t is from 0, else 2^-17.
//
// With a table of 32, r^2 is below 2^-13, and its rounding does not matter; a tiny low's r^2 low / 2 is left out, 2^-35.7
// at most. With one of 8 r^2 is 2^-9, and r^2 / 2 has to be added to r exactly.
template <bool kTiny, class W>
inline ExpParts<W> expParts(W magic, W r, W low) {
  using E = Exponential<F::kTableBits>;
  const W whole = kTiny ? r : r + low;
  if constexpr (kLargeTable) {
    const W power = timesPowerOf2(lookup(E::kPowers, magic), magic);
    const W second = fma(E::thirdOrder(whole), whole, W(0.5F));
    return {power, r, kTiny ? fma(r, fma(r, second, low), low) : fma(whole, whole * second, low)};
  } else {
    if (!kTiny) {
      low = low - (whole - r);
      r = whole;
    }
    const W power = timesPowerOf2(lookup(E::kPowers, magic), magic);
    const W half = r * W(0.5F);
    const W growth = fma(r, half, r);
    const W others = fma(r * r, r * E::thirdOrder(r), fma(low, growth, low));
    return {power, growth, fma(r, half, r - growth) + others};
  }
}

// e^(sign w), infinite or NaN where it overflows.  For sign w from -87 to 89. r is exact: w and steps kStepHigh are
// multiples of a bit of it.
template <int sign, class W>
inline ExpParts<W> expParts(W w) {
  using E = Exponential<F::kTableBits>;
  const W magic = fma(w, W(sign * E::kStepsPerUnit), W(kRoundToStep));
  const W steps = magic - W(kRoundToStep);
  const W r = sign < 0 ? fnms(steps, W(E::kStepHigh), w) : fnma(steps, W(E::kStepHigh), w);
  const W low = fnma(steps, W(E::kStepLow), lookup(E::kCorrections, magic));
  return expParts<true>(magic, r, low);
}

// e^(-w).  As above.
template <class W>
inline ExpParts<W> expParts(Pair<W> w) {
  using E = Exponential<F::kTableBits>;
  const W magic = fma(w.hi, W(-E::kStepsPerUnit), W(kRoundToStep));
  const W steps = magic - W(kRoundToStep);
  const W r = fnms(steps, W(E::kStepHigh), w.hi);
  const W low = fnma(steps, W(E::kStepLow), lookup(E::kCorrections, magic)) - w.lo;
  return expParts<false>(magic, r, low);
}

// e^t. |lo| may reach 2^-13 hi.
template <class W>
inline Pair<W> value(ExpParts<W> e) {
  const W hi = fma(e.power, e.growth, e.power);
  return {hi, fma(e.power, e.rest, fma(e.power, e.growth, e.power - hi))};
}

// c + e^t for c >= 0. |lo| may reach 2^-12 hi. NaN where c is.
template <class W>
inline Pair<W> plusExp(W c, ExpParts<W> e) {
  const Pair<W> sum = positiveSum(e.power, c);
  const W hi = fma(e.power, e.growth, sum.hi);
  const W lo = fma(e.power, e.growth, sum.hi - hi);  // the rest of the exact product
  return {hi, lo + fma(e.power, e.rest, sum.lo)};
}

// w where e^-w counts beside 1 and does not overflow, or so far beyond that it does neither.
template <class W>
inline W clamped(W w) {
  return max(W(-89.0F), min(W(64.0F), w));
}

// 1 + e^-w.  For a clamped w.
template <class W>
inline Pair<W> onePlusExp(W w) {
  return plusExp(W(1.0F), expParts<-1>(w));
}

// The same for |w| <= kNearExp: there hi < 2^24, and hi - 1 and power less that are exact, whichever of the two terms
// is the larger.
constexpr float kNearExp = 16.5F;

template <class W>
inline Pair<W> nearOnePlus(ExpParts<W> e) {
  const W hi = fma(e.power, e.growth, e.power + W(1.0F));
  return {hi, fma(e.power, e.rest, fma(e.power, e.growth, e.power - (hi - W(1.0F))))};
}

template <class W>
inline Pair<W> nearOnePlusExp(W w) {
  return nearOnePlus(expParts<-1>(w));
}

INLINE_REGION_END
