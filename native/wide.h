// The elementary functions behind the formulas for float64 arrays, to a few 2^-59, over a vector V of float64 lanes
// (the interface is in isa/scalar.cpp). math.h has those for float32.
//
// Included inside a target region: no system headers here. lib/wide.ts does the same operations and gets the same
// doubles. Every constant comes from tools/fit_wide.py: interpolation in Chebyshev nodes, 60 digits.
//
// Tables of 16, which an AVX-512 register pair holds: ns an element on Zen 5 with AVX-512, against e^r, |r| <= ln 2 /
// 2, by eleven terms, ln(1 + e) as 2 atanh(e / (2 + e)), and R and G by 28 terms of 1 / (a + 3): SiLU 0.63 and 0.98,
// Softplus 1.15 and 2.55, GELU 1.30 and 2.28, GELU' 1.46 and 2.35, part of which comes from more vectors in step.
// Lookups by AVX2's gathers take up to a third longer than by loads (Zen 5).
#pragma once

#include "math.h"
#include "pair.h"
#include "wide_tables.h"

INLINE_REGION_BEGIN

// 2^(j/16), rounded to T, and ln 2^(j/16) - ln T.
constexpr double kPowers[16] = {
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};
constexpr double kCorrections[16] = {
    0.0,                   0x1.79aa65d837b6cp-54, -0x1.01b15eaa59348p-55, 0x1.68efde3a8a894p-54,
    0x1.34d754db0abb6p-55, 0x1.59f48a72a4c6dp-55, 0x1.690cebb7aafb0p-56,  0x1.063e1e21c5409p-54,
    -0x1.3b3efbf5e2229p-54, -0x1.b32dcb94da51dp-56, 0x1.db72fc1f0eab4p-55, 0x1.1affc2b91ce27p-56,
    0x1.c1a7792cb3387p-55, 0x1.36eae30af0cb3p-56, 0x1.4a385a63d07a7p-56,  -0x1.ff7128fd391f1p-55};

// The powers with j sixteenths less in their bits, to which all of an exponent's sixteenths are added. They are below 1
// so, where the last place is half of theirs.
struct Sixteen {
  double of[16];
};
constexpr Sixteen lessSteps(const double (&powers)[16]) {
  Sixteen less = {};
  for (int j = 0; j < 16; j++) less.of[j] = 1 + (powers[j] - 1 - j / 16.0) / 2;
  return less;
}
constexpr Sixteen kPowersLessSteps = lessSteps(kPowers);

// Adding this to |t| < 2^47 rounds t to a multiple of 1/16, k + j / 16, whose sixteenths are then in the low bits.
constexpr double kRoundToSixteenth = 0x1.8p48;

// c in e^r = 1 + r + r^2 c(r), |r| <= ln 2 / 32: error 2^-64.4 of e^r.
constexpr double kExpWide[6] = {0x1.0000000000001p-1,  0x1.5555555555556p-3,  0x1.55555554e93b7p-5,
                                0x1.11111110e1059p-7, 0x1.6c17ed5c1f49ep-10, 0x1.a01b0c3c80bbcp-13};

// 2^shift e^t = power (1 + growth), power = 2^k 2^(j/16). The growth, below 0.022, is off by 2^-59 of 1.
template <class V>
struct ExpWide {
  Pair<V> growth;
  V power;

  // 2^shift e^t. Relative error 2^-58.
  Pair<V> value() const { return fastSum(power, power * growth.hi); }

  // 2^shift (1 + e^t), one = 2^shift. Relative error 2^-58; lo may be as large as 2^-52 hi.
  Pair<V> plus(V one) const {
    const V more = power * growth.hi;
    const V larger = max(power, one), smaller = min(power, one);
    const V hi = (larger + smaller) + more;
    return {hi, more - ((hi - larger) - smaller)};
  }

  // e^t - 1 for a shift of 256 and t <= 36. Precise near t = 0, too. Where the power is more than 1, their difference
  // is exact; and it is 0 or nearly twice the product.
  Pair<V> minusOne() const {
    const V unscaled = max(V(0x1p156), power) * 0x1p-256;
    const Pair<V> p = fastSum(fastSum(V(-1.0), unscaled), product(unscaled, growth.hi));
    return {p.hi, p.lo + unscaled * growth.lo};
  }
};

// An exponent's steps and the shift's, k + j / 16 in magic's low bits, and what they leave of it, high - low.
template <class V>
struct Reduced {
  V magic, high, low;
};

template <class V>
inline Reduced<V> reduced(V t, double shift) {
  const double zero = kRoundToSixteenth + shift;
  const V magic = t * kLog2E + zero;
  const V steps = magic - zero;
  return {magic, exactFnma(steps, V(kLn2High), t), steps * kLn2Low - lookup(kCorrections, magic)};
}

template <class V>
inline ExpWide<V> expOf(Reduced<V> t) {
  const V r = t.high - t.low;
  const V r2 = r * r;
  const Pair<V> growth = fastSum(r, r2 * polynomial(r, r2, kExpWide));
  const V power = timesPowerOf2(lookup(kPowersLessSteps.of, t.magic), t.magic);
  return {{growth.hi, growth.lo + ((t.high - r) - t.low)}, power};
}

// 2^shift e^t for |t| <= 1400, where that is a normal double. Beyond, any bits.
template <class V>
inline ExpWide<V> expWide(V t, double shift) {
  return expOf(reduced(t, shift));
}

template <class V>
inline ExpWide<V> expWide(Pair<V> t, double shift) {
  Reduced<V> parts = reduced(t.hi, shift);
  parts.low = parts.low - t.lo;
  return expOf(parts);
}

// About 15 / (15 + j), in ten bits, and its logarithm, the other way round.
constexpr double kInverses[16] = {
    0x1p0, 0x1.ep-1, 0x1.c4p-1, 0x1.aa8p-1, 0x1.94p-1, 0x1.8p-1, 0x1.6d8p-1, 0x1.5dp-1,
    0x1.4ep-1, 0x1.4p-1, 0x1.33p-1, 0x1.278p-1, 0x1.1c8p-1, 0x1.128p-1, 0x1.09p-1, 0x1.02p-1};
constexpr double kLogHighs[16] = {
    0.0, 0x1.08598b59e3a07p-4, 0x1.fe89139dbd566p-4, 0x1.7631d82935a86p-3,
    0x1.e530effe71012p-3, 0x1.269621134db92p-2, 0x1.5925d2b112a59p-2, 0x1.8873658327ccfp-2,
    0x1.b56fa04462909p-2, 0x1.e148a1a2726cep-2, 0x1.05e04c1aa2c06p-1, 0x1.196c7bc4b1f3bp-1,
    0x1.2cd8c6b7c716fp-1, 0x1.3f2acb27ed6c7p-1, 0x1.513356667fc57p-1, 0x1.5ee82aa24192p-1};
constexpr double kLogLows[16] = {
    0.0, -0x1.dd7009902bf32p-58, -0x1.ac9f4215f9393p-58, 0x1.047074183dfcbp-58,
    0x1.2276041f43042p-59, 0x1.e0efadd9db02bp-56, 0x1.4b0b52198dbd9p-61, -0x1.c43eff892d8dp-58,
    0x1.494b610665378p-56, -0x1.ac81cc8a4dfb8p-56, 0x1.862e53e39376p-60, -0x1.d98533b0b0b5ap-56,
    0x1.b3236255261cdp-55, -0x1.51ca5d6af4ac3p-55, 0x1.ca64cc3d52c87p-56, 0x1.1c066d235ee63p-56};

// q in ln(1 + r) = r + r^2 q(r), |r| <= 1/30: error 2^-59.5 of it, and 2^-64.4 of 1.
constexpr double kLog1pWide[9] = {-0x1p-1,
                                  0x1.5555555555542p-2,
                                  -0x1.fffffffffffdcp-3,
                                  0x1.9999999aadfd1p-3,
                                  -0x1.5555555652b21p-3,
                                  0x1.24923634a7744p-3,
                                  -0x1.ffffdd47f4ad3p-4,
                                  0x1.c7f0fa24284fep-4,
                                  -0x1.9a5c6cc5d3fa0p-4};

// ln(1 + e) for 0 <= e <= 1, as that of 1 + r = c (1 + e), c an inverse of the table, and of 1 / c. The rounding error
// of c (1 + e) is left out of r and counts with its slope there, 1 - r. The result's lo may be as large as 2^-6 hi.
// Relative error below 2^-57.5.
template <class V>
inline Pair<V> log1pWide(Pair<V> e) {
  const Pair<V> y = fastSum(V(1.0), e);
  const V place = y.hi * 0.9375 + (kRoundToSixteenth - 0.9375);
  const V c = lookup(kInverses, place);
  const Pair<V> cy = product(c, y.hi);
  const V r = cy.hi - 1.0;
  const V rest = cy.lo + c * y.lo;
  const V r2 = r * r;
  const Pair<V> sum = fastSum(lookup(kLogHighs, place), r);
  return {sum.hi, (sum.lo + (lookup(kLogLows, place) + (rest - r * rest))) + r2 * polynomial(r, r2, kLog1pWide)};
}

// A table's column, one for each lane; an ISA may have its own way. Looked up where it is needed: clang leaves it in
// the order in which it is written, and all of it at once takes 1.2 times as long with AVX-512.
template <const auto& table, class V>
struct Column {
  V place;

  explicit Column(V segment) : place(segment) {}
  V operator[](int i) const { return lookup(table[i], place); }
};

template <const auto& table, class A, class B>
struct Column<table, Both<A, B>> {
  Column<table, A> a;
  Column<table, B> b;

  explicit Column(Both<A, B> segment) : a(segment.a), b(segment.b) {}
  Both<A, B> operator[](int i) const { return {a[i], b[i]}; }
};

// A function's table (wide_tables.h) at 0 <= a <= 38.7. With d = a's distance from its segment's center, the last two
// steps of the polynomial are in pairs, the others below 2^-6 of it. Next to 0, d is not exact.
template <const auto& table, class V>
inline Pair<V> inSegments(V a) {
  const Column<table, V> c(segmentOf(a * 0x1.8ce62ce02b81bp-2 + 1.0));
  const V center = c[0];
  const V d = a - center;
  const V dLow = a - (d + center);
  const V d2 = d * d;
  V even = c[15], odd = c[14];
  UNROLL for (int i = 13; i >= 3; i -= 2) {
    even = even * d2 + c[i];
    if (i > 3) odd = odd * d2 + c[i - 1];
  }
  const V bend = d * (odd * d + even);
  const Pair<V> slope = fastSum(c[2], bend);
  const Pair<V> step = slope * d;
  return fastSum(c[1], Pair<V>{step.hi, step.lo + dLow * (slope.hi + bend)});
}

INLINE_REGION_END
