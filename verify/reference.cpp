// The correctly rounded results, from a reference that shares nothing with the kernels.
//
//   reference FUNCTION float32 FIRST LAST     writes the results of blocks FIRST to LAST - 1 to standard output
//   reference FUNCTION float16 | bfloat16     writes the results of all 65536 inputs, in the order of their bits
//   reference FUNCTION float64                reads pairs x, y from standard input; writes the worst error of a normal
//                                             result and its x, and those of a subnormal one
//
// float32: block b holds the 2^20 inputs whose bit pattern ends in the twelve bits b, in ascending order: every block is a
// stratified sample of all signs, binades and fractions, and the 4096 blocks are all 2^32 inputs.
//
// Each result is computed in double with libm, from a form whose terms are known to within 2^-40 of their size. Where
// that leaves the rounding to float32 in doubt (one input in 2^15, the neighbourhood of a derivative's root, and the
// ties of x/2 among the subnormals) libquadmath decides, with an error below 2^-100. The other types are left to it alone.

#include <quadmath.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using Quad = __float128;

const Quad kHalf = 0.5;
const Quad kSqrt2 = sqrtq(2);
const Quad kTanhC1 = 2 * sqrtq(2 / M_PIq);
const Quad kTanhC3 = kTanhC1 * 44715 / 1000000;

// A value, and the size of the largest term in it, to which its error is relative.
struct Estimate {
  double value;
  double size;
};

Estimate estimate(double value) { return {value, std::fabs(value)}; }

template <class T>
T sigmoid(T x, T (*exponential)(T)) {
  if (x >= 0) return 1 / (1 + exponential(-x));
  const T e = exponential(x);
  return e / (1 + e);
}
double sigmoid(double x) { return sigmoid<double>(x, std::exp); }
Quad sigmoid(Quad x) { return sigmoid<Quad>(x, expq); }

// Near 0 even quad precision cannot hold x/2 and the next, positive term of the series; its sign is all that matters.
template <class F>
Quad aroundHalf(Quad x, F f) {
  if (x == 0) return x;
  return fabsq(x) < Quad(1e-20) ? x / 2 + scalbnq(fabsq(x), -100) : f(x);
}

double geluTanhArgument(double x) { return x * double(kTanhC1) * (1 + 0.044715 * x * x); }
Quad geluTanhArgument(Quad x) { return x * (kTanhC1 + kTanhC3 * x * x); }

Estimate gelu(double x) { return estimate(x / 2 * std::erfc(-x / std::sqrt(2.0))); }
Quad geluQuad(Quad x) {
  return aroundHalf(x, [](Quad t) { return t / 2 * erfcq(-t / kSqrt2); });
}

Estimate geluTanh(double x) { return estimate(x * sigmoid(geluTanhArgument(x))); }
Quad geluTanhQuad(Quad x) {
  return aroundHalf(x, [](Quad t) { return t * sigmoid(geluTanhArgument(t)); });
}

Estimate silu(double x) { return estimate(x * sigmoid(x)); }
Quad siluQuad(Quad x) {
  return aroundHalf(x, [](Quad t) { return t * sigmoid(t); });
}

template <class T>
T mish(T x, T e) {
  const T n = e * (e + 2);
  return x * (n / (n + 2));
}
Estimate mish(double x) { return estimate(x > 50 ? x : mish(x, std::exp(x))); }
Quad mishQuad(Quad x) { return x > 80 ? x : mish(x, expq(x)); }

Estimate softplus(double x) { return estimate(x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x))); }
Quad softplusQuad(Quad x) { return x > 0 ? x + log1pq(expq(-x)) : log1pq(expq(x)); }

// Of a sum whose terms may cancel, which they do next to the roots of the derivatives.
Estimate estimate(double a, double b) { return {a + b, std::fabs(a) + std::fabs(b)}; }

Estimate geluDerivative(double x) {
  return estimate(std::erfc(-x / std::sqrt(2.0)) / 2, x * (std::exp(-x * x / 2) / std::sqrt(2 * M_PI)));
}
Quad geluDerivativeQuad(Quad x) { return erfcq(-x / kSqrt2) / 2 + x * (expq(-x * x / 2) / sqrtq(2 * M_PIq)); }

// Of x s(w(x)), s the sigmoid: s + x s(w) s(-w) w'(x).
Estimate geluTanhDerivative(double x) {
  const double w = geluTanhArgument(x);
  return estimate(sigmoid(w), x * double(kTanhC1) * (1 + 3 * 0.044715 * x * x) * (sigmoid(w) * sigmoid(-w)));
}
Quad geluTanhDerivativeQuad(Quad x) {
  const Quad w = geluTanhArgument(x);
  return sigmoid(w) + x * (kTanhC1 + 3 * kTanhC3 * x * x) * (sigmoid(w) * sigmoid(-w));
}

Estimate siluDerivative(double x) { return estimate(sigmoid(x), x * (sigmoid(x) * sigmoid(-x))); }
Quad siluDerivativeQuad(Quad x) { return sigmoid(x) + x * (sigmoid(x) * sigmoid(-x)); }

// Of x t, t = tanh(ln(1 + e)) = n / (n + 2): t + x (1 - t^2) e / (1 + e), and 1 - t^2 = 4 (1 + e)^2 / (n + 2)^2.
template <class T>
T mishSlope(T x, T e) {
  const T d = e * (e + 2) + 2;
  return 4 * x * (e / d) * ((1 + e) / d);
}
Estimate mishDerivative(double x) {
  if (x > 50) return estimate(1);
  const double e = std::exp(x);
  return estimate(mish(1.0, e), mishSlope(x, e));
}
Quad mishDerivativeQuad(Quad x) {
  if (x > 80) return 1;
  const Quad e = expq(x);
  return mish(Quad(1), e) + mishSlope(x, e);
}

Estimate softplusDerivative(double x) { return estimate(sigmoid(x)); }
Quad softplusDerivativeQuad(Quad x) { return sigmoid(x); }

struct Function {
  const char* name;
  Estimate (*estimate)(double);
  Quad (*exact)(Quad);
  float atMinusInfinity, atInfinity;
};

const Function kFunctions[] = {
    {"gelu", gelu, geluQuad, -0.0f, INFINITY},
    {"geluTanh", geluTanh, geluTanhQuad, -0.0f, INFINITY},
    {"silu", silu, siluQuad, -0.0f, INFINITY},
    {"mish", mish, mishQuad, -0.0f, INFINITY},
    {"softplus", softplus, softplusQuad, 0.0f, INFINITY},
    {"geluBackward", geluDerivative, geluDerivativeQuad, -0.0f, 1},
    {"geluTanhBackward", geluTanhDerivative, geluTanhDerivativeQuad, -0.0f, 1},
    {"siluBackward", siluDerivative, siluDerivativeQuad, -0.0f, 1},
    {"mishBackward", mishDerivative, mishDerivativeQuad, -0.0f, 1},
    {"softplusBackward", softplusDerivative, softplusDerivativeQuad, 0.0f, 1},
};

float reference(const Function& f, float x) {
  if (std::isinf(x)) return x > 0 ? f.atInfinity : f.atMinusInfinity;
  const Estimate y = f.estimate(x);
  const double error = y.size * 0x1p-40 + 0x1p-1000;
  const float low = static_cast<float>(y.value - error), high = static_cast<float>(y.value + error);
  // The bits, not the values: -0 and +0 differ.
  if (memcmp(&low, &high, sizeof low) == 0) return low;
  const float exact = static_cast<float>(f.exact(x));
  return exact == 0 && x < 0 ? f.atMinusInfinity : exact;  // where even quad precision underflows, in some term at least
}

// ---- float32 ----

bool writeBlock(const Function& f, uint32_t block) {
  static float results[1 << 20];
  for (uint32_t i = 0; i < 1u << 20; i++) {
    const uint32_t bits = i << 12 | block;
    float x;
    memcpy(&x, &bits, sizeof x);
    results[i] = std::isnan(x) ? __builtin_nanf("") : reference(f, x);
  }
  return fwrite(results, sizeof results, 1, stdout) == 1;
}

// ---- float16 and bfloat16 ----

struct Format {
  const char* name;
  int fractionBits, exponentBits;
};
const Format kFormats[] = {{"float16", 10, 5}, {"bfloat16", 7, 8}};

int bias(const Format& format) { return (1 << (format.exponentBits - 1)) - 1; }
uint32_t infinity(const Format& format) { return ((1u << format.exponentBits) - 1) << format.fractionBits; }

Quad valueOf(const Format& format, uint32_t magnitude) {
  const int exponent = static_cast<int>(magnitude >> format.fractionBits);
  const int fraction = static_cast<int>(magnitude & ((1u << format.fractionBits) - 1));
  const int hidden = exponent == 0 ? 0 : 1 << format.fractionBits;
  return scalbnq(hidden + fraction, (exponent == 0 ? 1 : exponent) - bias(format) - format.fractionBits);
}

// The bits of the number nearest to a magnitude, ties to even.
uint32_t nearest(const Format& format, Quad magnitude) {
  if (magnitude == 0) return 0;
  int exponent;
  frexpq(magnitude, &exponent);
  const int least = 1 - bias(format);
  const int binade = exponent - 1 < least ? least : exponent - 1;
  const Quad units = rintq(scalbnq(magnitude, format.fractionBits - binade));
  const Quad bits = units + scalbnq(binade - least, format.fractionBits);  // a carry goes into the exponent
  return bits >= infinity(format) ? infinity(format) : static_cast<uint32_t>(bits);
}

uint16_t reference(const Function& f, const Format& format, uint32_t bits) {
  const uint32_t sign = bits & 0x8000, magnitude = bits & 0x7FFF;
  const auto encode = [&](Quad y) {
    return static_cast<uint16_t>((signbitq(y) ? 0x8000 : 0) | (isinfq(y) ? infinity(format) : nearest(format, fabsq(y))));
  };
  if (magnitude > infinity(format)) {
    return static_cast<uint16_t>(infinity(format) | 1u << (format.fractionBits - 1));
  }
  if (magnitude == infinity(format)) return encode(sign ? f.atMinusInfinity : f.atInfinity);
  const Quad x = sign ? -valueOf(format, magnitude) : valueOf(format, magnitude);
  const Quad y = f.exact(x);
  return encode(y == 0 && x < 0 ? Quad(f.atMinusInfinity) : y);
}

bool writeAll(const Function& f, const Format& format) {
  static uint16_t results[1 << 16];
  for (uint32_t bits = 0; bits < 1u << 16; bits++) results[bits] = reference(f, format, bits);
  return fwrite(results, sizeof results, 1, stdout) == 1;
}

// ---- float64 ----

// In units in the last place of the exact value; of 1/8 for smaller values of a derivative, next to its root.
double error(double y, Quad exact, bool derivative) {
  int exponent;
  const Quad size = fabsq(exact);
  frexpq(derivative && size < Quad(0.125) ? Quad(0.125) : size, &exponent);
  const int unit = exponent - 53 < -1074 ? -1074 : exponent - 53;
  return static_cast<double>(scalbnq(fabsq(Quad(y) - exact), -unit));
}

void measure(const Function& f) {
  const bool derivative = f.atInfinity == 1;
  // Of normal and of subnormal results, which are rounded twice.
  double pair[2], worst[2] = {}, at[2] = {};
  while (fread(pair, sizeof pair, 1, stdin) == 1) {
    const double e = error(pair[1], f.exact(pair[0]), derivative);
    const bool subnormal = std::fabs(pair[1]) < 0x1p-1022;
    if (e <= worst[subnormal]) continue;
    worst[subnormal] = e;
    at[subnormal] = pair[0];
  }
  printf("%.4f %.17g %.4f %.17g\n", worst[0], at[0], worst[1], at[1]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const Function* f = nullptr;
  for (const Function& candidate : kFunctions) {
    if (strcmp(candidate.name, argv[1]) == 0) f = &candidate;
  }
  if (f == nullptr) return 2;
  if (argc == 5 && strcmp(argv[2], "float32") == 0) {
    for (int block = atoi(argv[3]); block < atoi(argv[4]); block++) {
      if (!writeBlock(*f, static_cast<uint32_t>(block))) return 1;
    }
    return 0;
  }
  if (strcmp(argv[2], "float64") == 0) {
    measure(*f);
    return 0;
  }
  for (const Format& format : kFormats) {
    if (strcmp(argv[2], format.name) == 0) return writeAll(*f, format) ? 0 : 1;
  }
  return 2;
}
