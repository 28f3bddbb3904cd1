// The elementary functions behind the formulas, over a vector V of float64 lanes (the interface is in isa/scalar.cpp).
//
// Included inside a target region: no system headers here. Only + - * / in the order written, no fused operations, no
// tables: IEEE 754 then fixes every bit, and lib/math.ts does the same operations and gets the same doubles.
// Fusing would gain nothing on Zen 4, which has separate multiply and add pipes, and would cost that identity.
#pragma once

INLINE_REGION_BEGIN

// Adding this to |t| < 2^51 rounds t to an integer, which is then in the low bits of the sum.
constexpr double kRoundToInteger = 0x1.8p52;

// 1/ln 2, and ln 2 in two pieces: the first has 36 significant bits, so that k * kLn2High is exact for |k| < 2^17.
constexpr double kLog2E = 0x1.71547652b82fep0;
constexpr double kLn2High = 0x1.62e42fefap-1;
constexpr double kLn2Low = 0x1.cf79abc9e3b39p-40;

// e^t = (1 + m) 2^k, m between -0.3 and 0.42. `magic` holds k in its low bits.
template <class V>
struct Exp {
  V m, magic;

  // e^t for |t| <= 700; relative error below 1.2 * 2^-53.
  V value() const { return addExponent(m + 1.0, magic); }

  // e^t - 1 for k <= 53; relative error below 4 * 2^-53, near t = 0, too.
  V minusOne() const {
    const V power = pow2(max(V(kRoundToInteger - 100.0), magic));
    return (power - 1.0) + m * power;
  }
};

// t = k ln 2 + r with |r| <= ln 2 / 2, and e^r = 1 + r + r^2 c(r), c the interpolation of (e^r - 1 - r) / r^2 in
// Chebyshev nodes: error 2^-55.7. Estrin's order, for the short dependency chain.
template <class V>
inline Exp<V> reducedExp(V t) {
  const V magic = t * kLog2E + kRoundToInteger;
  const V k = magic - kRoundToInteger;
  const V r = (t - k * kLn2High) - k * kLn2Low;
  const V r2 = r * r;
  const V r4 = r2 * r2;
  const V c01 = r * 0x1.5555555555556p-3 + 0x1.0000000000001p-1;
  const V c23 = r * 0x1.11111111109b3p-7 + 0x1.5555555553d63p-5;
  const V c45 = r * 0x1.a01a01a7c41d5p-13 + 0x1.6c16c1788bd90p-10;
  const V c67 = r * 0x1.71de0dae63bb3p-19 + 0x1.a019b90d2ae7ap-16;
  const V c89 = r * 0x1.af38a9b0ec855p-26 + 0x1.289185613a3d6p-22;
  const V c = (c89 * r4 + (c67 * r2 + c45)) * r4 + (c23 * r2 + c01);
  return {c * r2 + r, magic};
}

template <class V>
inline V exp(V t) {
  return reducedExp(t).value();
}

// ln(1 + e) for 0 <= e <= 1; relative error below 1.5 * 2^-53.
// s = e / (2 + e) <= 1/3; ln(1 + e) = 2 atanh(s) = 2 s + 2 s z A(z), z = s^2 <= 1/9. A interpolates
// (atanh(s) / s - 1) / z in Chebyshev nodes: error 2^-57.5. Its constant term is raised by 7 units in the last place
// (2^-54 of the result), which takes softplus(0x1.d483ap-12) off a tie that it would round the wrong way.
template <class V>
inline V log1p(V e) {
  const V s = e / (e + 2.0);
  const V z = s * s;
  const V z2 = z * z;
  const V z4 = z2 * z2;
  const V a01 = z * 0x1.999999999a3ddp-3 + 0x1.555555555555cp-2;
  const V a23 = z * 0x1.c71c727143318p-4 + 0x1.24924923d44c6p-3;
  const V a45 = z * 0x1.3b18b294bebf9p-4 + 0x1.745cf0b0e03bdp-4;
  const V a67 = z * 0x1.eb905e8575054p-5 + 0x1.10ac75dc602b1p-4;
  const V a89 = z * 0x1.4b0a26c5f2aefp-4 + 0x1.687a6e7c95176p-5;
  const V a = (a89 * z4 + (a67 * z2 + a45)) * z4 + (a23 * z2 + a01);
  return (z * a + 1.0) * (s + s);
}

// A polynomial's value; coefficients from the constant term up. Even and odd powers apart, for two short chains.
template <class V, int N>
inline V polynomial(V x, V x2, const double (&c)[N]) {
  constexpr int kEven = (N - 1) & ~1, kOdd = ((N - 1) - 1) | 1;
  V even = c[kEven];
  for (int i = kEven - 2; i >= 0; i -= 2) even = even * x2 + c[i];
  V odd = c[kOdd];
  for (int i = kOdd - 2; i >= 1; i -= 2) odd = odd * x2 + c[i];
  return odd * x + even;
}

// R(a) = e^(a^2/2) erfc(a / sqrt 2) / 2 on [0, 14.7] as P(a) / Q(a): relative error 2^-58.8, least squares reweighted
// to equal ripple (study of the (8,9), (9,10) and (10,11) rationals: (8,9) has 2^-52.4). All coefficients are positive,
// so nothing cancels.
constexpr double kHalfErfcxP[10] = {
    0x1.0000000000000p-1, 0x1.7b200e9d8cd1dp-1,  0x1.17358948301fdp-1,  0x1.0557f60b68a88p-2,
    0x1.52afab7c53fe6p-4, 0x1.396bf3af0e7f5p-6,  0x1.9daf111565957p-9,  0x1.7835da4f7279ap-12,
    0x1.ae1899151b04fp-16, 0x1.dbc1a5a6c07b1p-21};
constexpr double kHalfErfcxQ[11] = {
    0x1.0000000000000p+0, 0x1.23b11c1e17422p+1,  0x1.34574a216f6acp+1,  0x1.8f1b6c30c1e06p+0,
    0x1.5f3008ef93186p-1, 0x1.b86b52f3ca1a3p-3,  0x1.90259525333dbp-5,  0x1.0557f3217fe98p-7,
    0x1.d8aca2fc96132p-11, 0x1.0d85d3159df7ap-14, 0x1.2a22d9915fe40p-19};

template <class V>
inline V halfErfcx(V a, V a2) {
  return polynomial(a, a2, kHalfErfcxP) / polynomial(a, a2, kHalfErfcxQ);
}

INLINE_REGION_END
