// The loops that one writes without this package: the textbook formula over Math.*, which is what the suite compares with.

const SQRT_1_2 = Math.SQRT1_2;
const SQRT_2_PI = Math.sqrt(2 / Math.PI);

// Math has no erf; this is Abramowitz and Stegun 7.1.26, as in TensorFlow.js and most answers on the web.
function erf(x) {
  const sign = x < 0 ? -1 : 1;
  const a = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * a);
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return sign * (1 - polynomial * Math.exp(-a * a));
}

export const plain = {
  gelu(x, out) {
    for (let i = 0; i < x.length; i++) out[i] = 0.5 * x[i] * (1 + erf(x[i] * SQRT_1_2));
  },
  geluTanh(x, out) {
    for (let i = 0; i < x.length; i++) {
      const v = x[i];
      out[i] = 0.5 * v * (1 + Math.tanh(SQRT_2_PI * (v + 0.044715 * v * v * v)));
    }
  },
  silu(x, out) {
    for (let i = 0; i < x.length; i++) out[i] = x[i] / (1 + Math.exp(-x[i]));
  },
  mish(x, out) {
    for (let i = 0; i < x.length; i++) out[i] = x[i] * Math.tanh(Math.log1p(Math.exp(x[i])));
  },
  softplus(x, out) {
    for (let i = 0; i < x.length; i++) out[i] = x[i] > 20 ? x[i] : Math.log1p(Math.exp(x[i]));
  },
};
