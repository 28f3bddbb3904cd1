// The quick paths of SiLU, GELU's tanh form and Mish: pairs of float32, good to 2^-35, and one division.
#pragma once

constexpr float kRoundToIntegerF = 0x1.8p23F;  // as kRoundToInteger, for |t| < 2^21

// e^t is a table's 2^(j/N) times e^r with |r| <= ln 2 / 2N, N = 2^kTableBits. The constants are from
// tools/fit_quick.py. kPowers is 2^(j/N) rounded, less j's own place in the exponent field and after it, so that
// addSteps may add all of t's steps. kCorrections, added to r, undoes that rounding.
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
  // (e^r - 1 - r) / r^2; e^r is off by 2^-42.5.
  template <class W>
  static W secondOrder(W r) {
    return fma(fma(W(0x1.5555dap-5F), r, W(0x1.5555c8p-3F)), r, W(0x1p-1F));
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
  static W secondOrder(W r) {
    return fma(fma(fma(W(0x1.11167cp-7F), r, W(0x1.555cf4p-5F)), r, W(0x1.555556p-3F)), r, W(0x1p-1F));
  }
};

// a + b for positive a, b in either order: the larger has the larger bits.  Exact.
template <class W>
inline Pair<W> positiveSum(W a, W b) {
  return fastSum(maxBits(a, b), minBits(a, b));
}

// e^t = power (1 + r + rest). power and r are exact: power has 24 bits, and what r is the difference of are multiples of
// a bit of it.
template <class W>
struct ExpParts {
  W power, r, rest;
};

// e^(sign w).  For |w| <= 87.
template <int sign, class W>
inline ExpParts<W> expParts(W w) {
  using E = Exponential<F::kTableBits>;
  const W magic = fma(w, W(sign * E::kStepsPerUnit), W(kRoundToIntegerF));
  const W steps = magic - W(kRoundToIntegerF);
  const W r = sign < 0 ? fnms(steps, W(E::kStepHigh), w) : fnma(steps, W(E::kStepHigh), w);
  const W low = fnma(steps, W(E::kStepLow), lookup(E::kCorrections, magic));
  const W rest = fma(r, fma(r, E::secondOrder(r), low), low);
  return {addSteps(lookup(E::kPowers, magic), magic), r, rest};
}

// e^(-w).  As above.
template <class W>
inline ExpParts<W> expParts(Pair<W> w) {
  using E = Exponential<F::kTableBits>;
  const W magic = fma(w.hi, W(-E::kStepsPerUnit), W(kRoundToIntegerF));
  const W steps = magic - W(kRoundToIntegerF);
  const W r = fnms(steps, W(E::kStepHigh), w.hi);
  const W low = fnma(steps, W(E::kStepLow), lookup(E::kCorrections, magic)) - w.lo;
  const W whole = r + low;  // w.lo is too large to be left out of r^2
  const W rest = fma(whole, whole * E::secondOrder(whole), low);
  return {addSteps(lookup(E::kPowers, magic), magic), r, rest};
}

// 1 + e^w. |lo| may reach 2^-6 N^-1 hi.
template <class W>
inline Pair<W> onePlusExp(ExpParts<W> e) {
  const Pair<W> one = positiveSum(W(1.0F), e.power);
  const W hi = fma(e.power, e.r, one.hi);
  const W lo = fma(e.power, e.r, one.hi - hi);  // the rest of the exact product
  return {hi, lo + fma(e.power, e.rest, one.lo)};
}

// Bounds of numerator / denominator, from the quotient by `inverse`, 1 / denominator to 2^-22, and the remainder that it
// leaves: a little less, and a little more. For pairs that are together good to 2^-kErrorBits.
template <int kErrorBits, class W>
inline Bounds<W> remainderBounds(W q, W remainder, W numerator, W inverse) {
  // |numerator| 2^-kErrorBits; that of a number too small for it wraps, to bits that are above any limit.
  const W error = minusBits(abs(numerator), uint32_t(kErrorBits) << 23);
  return {fma(remainder - error, inverse, q), fma(remainder + error, inverse, q), error};
}

template <int kErrorBits, class W>
inline Bounds<W> quotientBounds(W numerator, Pair<W> denominator, W inverse) {
  const W q = numerator * inverse;
  const W remainder = fnma(q, denominator.lo, fnma(q, denominator.hi, numerator));
  return remainderBounds<kErrorBits>(q, remainder, numerator, inverse);
}

template <int kErrorBits, class W>
inline Bounds<W> quotientBounds(Pair<W> numerator, Pair<W> denominator, W inverse) {
  const W q = numerator.hi * inverse;
  // In this order, since q denominator.lo alone may be subnormal, which is slow on Intel's CPUs.
  const W remainder = fnma(q, denominator.lo, fnma(q, denominator.hi, numerator.hi) + numerator.lo);
  return remainderBounds<kErrorBits>(q, remainder, numerator.hi, inverse);
}

// The largest Bounds::size for numerators up to `numeratorBits`.
constexpr uint32_t sizeLimit(uint32_t numeratorBits, int errorBits) {
  return numeratorBits - (uint32_t(errorBits) << 23);
}

// SiLU(x) = x / (1 + e^-x). The pairs' error is below 2^-35.3.
template <>
struct QuickPath<silu<V>> {
  static constexpr bool kExists = true;
  static constexpr int kErrorBits = F::kTableBits == 5 ? 35 : 32;
  static constexpr uint32_t kLargest = sizeLimit(0x42800000, kErrorBits), kLeast = kAny;  // |x| <= 64
  static constexpr float kVanishes = -109, kNothing = -0.0F, kIdentity = 32;
  using Step = Together<F, F::kTogether>;
  using Single = F;

  template <class W>
  static Bounds<W> bounds(W x) {
    const Pair<W> denominator = onePlusExp(expParts<-1>(clamp(x, 64)));
    return quotientBounds<kErrorBits>(x, denominator, W(1.0F) / (denominator.hi + denominator.lo));
  }
  static bool run(const float* x, float* out, size_t n, const Parameters& parameters) {
    return runQuick<silu<V>>(x, out, n, parameters);
  }
  template <class W>
  static void block(const float* x, float* out, const Parameters& parameters) {
    quickBlock<silu<V>, W>(x, out, parameters);
  }
};

// GELU's tanh form, x / (1 + e^-w), w = kCubic x (x^2 + kShift), each in two pieces: kCubic is 2 sqrt(2/pi) 0.044715,
// kShift 1 / 0.044715, its first piece short, so that kShift + x^2 leaves an exact rest. From 9 on the result is x.
template <>
struct QuickPath<geluTanh<V>> {
  static constexpr bool kExists = true;
  static constexpr int kErrorBits = F::kTableBits == 5 ? 35 : 32;
  static constexpr uint32_t kLargest = sizeLimit(0x7f000000, kErrorBits), kLeast = 0xc1100000;  // x >= -9
  static constexpr float kVanishes = -10.8F, kNothing = -0.0F, kIdentity = 9;
  using Step = Together<F, F::kTogether>;
  using Single = F;

  template <class W>
  static Bounds<W> bounds(W x) {
    const W t = clamp(x, 9);
    const W shift = 0x1.65d2p4F, cubic = 0x1.2444f2p-4F;
    const W factor = fma(t, t, shift);
    const W factorLow = fma(t, t, shift - factor) + W(0x1.7b767cp-14F);
    const W scaled = t * cubic;
    const W scaledLow = fma(t, W(0x1.49b16ap-29F), productError(t, cubic, scaled));
    const W w = scaled * factor;
    const W wLow = fma(scaledLow, factor, fma(scaled, factorLow, productError(scaled, factor, w)));
    const Pair<W> denominator = onePlusExp(expParts(Pair<W>{w, wLow}));
    return quotientBounds<kErrorBits>(x, denominator, W(1.0F) / (denominator.hi + denominator.lo));
  }
  static bool run(const float* x, float* out, size_t n, const Parameters& parameters) {
    return runQuick<geluTanh<V>>(x, out, n, parameters);
  }
  template <class W>
  static void block(const float* x, float* out, const Parameters& parameters) {
    quickBlock<geluTanh<V>, W>(x, out, parameters);
  }
};

// Mish(x) = x n / (n + 2), n = u (u + 2), u = e^x. From 32 on the result is x, and u stops growing.
template <>
struct QuickPath<mish<V>> {
  static constexpr bool kExists = true;
  static constexpr int kErrorBits = F::kTableBits == 5 ? 35 : 32;
  static constexpr uint32_t kLargest = sizeLimit(0x7f000000, kErrorBits), kLeast = 0xc2840000;  // x >= -66
  static constexpr float kVanishes = -109, kNothing = -0.0F, kIdentity = 32;
  using Step = Together<F, F::kTogether>;
  using Single = F;

  template <class W>
  static Bounds<W> bounds(W x) {
    const ExpParts<W> e = expParts<1>(clampNegative(minBits(x, W(32.0F)), -66));
    const W first = fma(e.power, e.r, e.power);
    const W second = fma(e.power, e.rest, fma(e.power, e.r, e.power - first));
    const Pair<W> u = fastSum(first, second);
    const W two = 2.0F;
    const Pair<W> u2 = positiveSum(u.hi, two);
    const W n = u.hi * u2.hi;
    const W nLow = fma(u.hi, u2.lo + u.lo, fma(u.lo, u2.hi, productError(u.hi, u2.hi, n)));
    const Pair<W> n2 = positiveSum(n, two);
    const W numerator = x * n;
    const W numeratorLow = fma(x, nLow, productError(x, n, numerator));
    return quotientBounds<kErrorBits>(Pair<W>{numerator, numeratorLow}, Pair<W>{n2.hi, n2.lo + nLow},
                                      W(1.0F) / n2.hi);
  }
  static bool run(const float* x, float* out, size_t n, const Parameters& parameters) {
    return runQuick<mish<V>>(x, out, n, parameters);
  }
  template <class W>
  static void block(const float* x, float* out, const Parameters& parameters) {
    quickBlock<mish<V>, W>(x, out, parameters);
  }
};
