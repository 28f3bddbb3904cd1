// The activation functions: one documented export each, with the formula that the JavaScript fallback computes.
//
// The formulas do the operations of native/activations.h in the same order, over single doubles. What differs is
// written so that V8 compiles no branch that depends on the sign of the data, which it would mispredict half of the
// time: max(x, 0) is (x + |x|) / 2, and the sign of zero is restored only where it can be lost.

import { apply } from './apply.js';
import type { Kernel } from './kernel.js';
import { exp, halfErfcx, log1p } from './math.js';
import type { ActivationOptions, FloatArray, GeluOptions, SoftplusOptions } from './validate.js';
import * as wide from './wideActivations.js';

// Where y is about x/2 and x an odd float32 subnormal, x/2 is a tie, which the next, positive term of the series
// decides. It is far below the last bit of a double; this stands in for it, invisible to all other results.
const TIE_BREAK = 2 ** -178;
const TIES_BELOW = 2 ** -125;

function breakTie(y: number, x: number): number {
  return Math.abs(x) < TIES_BELOW ? brokenTie(y, x) : y;
}

function brokenTie(y: number, x: number): number {
  const magnitude = Math.abs(y + TIE_BREAK);
  return x < 0 || Object.is(x, -0) ? -magnitude : magnitude;
}

const positivePart = (x: number): number => (x + Math.abs(x)) * 0.5;

/** x Phi(x) = max(x, 0) - a Phi(-a), a = |x|; Phi(-a) = e^(-a^2/2) R(a). */
function geluOf(x: number): number {
  const magnitude = Math.abs(x);
  const a = 14.6 < magnitude ? 14.6 : magnitude;
  const a2 = a * a;
  const tail = a * (exp(a2 * -0.5) * halfErfcx(a, a2));
  return breakTie(positivePart(x) - tail, x);
}

const TANH_C1 = 1.5957691216057308; // 2 sqrt(2/pi)
const TANH_C3 = TANH_C1 * 0.044715;

/** x e^w / (e^w + 1), w = 2 sqrt(2/pi) (x + 0.044715 x^3). */
function geluTanhOf(x: number): number {
  const bounded = -14 > x ? -14 : x;
  const t = 14 < bounded ? 14 : bounded;
  const e = exp(t * (t * t * TANH_C3 + TANH_C1));
  return breakTie(bounded * (e / (e + 1)), x);
}

/** x / (1 + e^-x). */
function siluOf(x: number): number {
  const bounded = -200 > x ? -200 : x;
  return breakTie(bounded / (exp(-(200 < bounded ? 200 : bounded)) + 1), x);
}

/** x n / (n + 2), n = e^x (e^x + 2). */
function mishOf(x: number): number {
  const bounded = -200 > x ? -200 : x;
  const e = exp(40 < bounded ? 40 : bounded);
  const n = e * (e + 2);
  return (bounded * n) / (n + 2);
}

/** (max(t, 0) + ln(1 + e^-|t|)) / beta, t = beta x; x where t > threshold. */
function softplusOf(x: number, beta: number, threshold: number): number {
  const t = x * beta;
  if (threshold < t) return x;
  const magnitude = Math.abs(t);
  const y = positivePart(t) + log1p(exp(-(200 < magnitude ? 200 : magnitude)));
  return beta === 1 ? y : y / beta;
}

// Each loop is spelled out: V8 inlines a formula into a loop of its own, and calls it from a loop that is shared.

const geluKernel: Kernel = {
  name: 'gelu',
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = geluOf(v[i]);
  },
  wide(v, n) {
    for (let i = 0; i < n; i++) v[i] = wide.geluWide(v[i]);
  },
};

const geluTanhKernel: Kernel = {
  name: 'geluTanh',
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = geluTanhOf(v[i]);
  },
  wide(v, n) {
    for (let i = 0; i < n; i++) v[i] = wide.geluTanhWide(v[i]);
  },
};

const siluKernel: Kernel = {
  name: 'silu',
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = siluOf(v[i]);
  },
  wide(v, n) {
    for (let i = 0; i < n; i++) v[i] = wide.siluWide(v[i]);
  },
};

const mishKernel: Kernel = {
  name: 'mish',
  narrow(v, n) {
    for (let i = 0; i < n; i++) v[i] = mishOf(v[i]);
  },
  wide(v, n) {
    for (let i = 0; i < n; i++) v[i] = wide.mishWide(v[i]);
  },
};

const softplusKernel: Kernel = {
  name: 'softplus',
  narrow(v, n, { beta, threshold }) {
    for (let i = 0; i < n; i++) v[i] = softplusOf(v[i], beta, threshold);
  },
  wide(v, n, { beta, threshold }) {
    for (let i = 0; i < n; i++) v[i] = wide.softplusWide(v[i], beta, threshold);
  },
};
