// One row per form of a function: what the tests, the verification and the benchmarks need to know of it. Everything
// else they find out by running it.

import {
  gelu,
  geluBackward,
  mish,
  mishBackward,
  silu,
  siluBackward,
  softplus,
  softplusBackward,
} from '../dist/index.mjs';

/**
 * @typedef {object} Form
 * @property {string} name The kernel's name, in the addon too.
 * @property {string} label For people.
 * @property {<T extends Float32Array | Float64Array>(x: T, options?: { out?: T }) => T} run
 * @property {(x: Uint16Array, dtype: 'float16' | 'bfloat16') => Uint16Array} runBits The same on 16-bit numbers.
 * @property {string} truth The column of exact values in the ground truth.
 * @property {number} atMinusInfinity
 * @property {number} atZero At either zero; null: the zero itself.
 * @property {{ float32: number, float64: number }} underflow At and below, results round to zero.
 */

// The function on the bits of 16-bit numbers.
const form = (row) => ({ ...row, runBits: (x, dtype) => row.run(x, { dtype }) });

/** @type {Form[]} */
export const forms = [
  form({
    name: 'gelu',
    label: 'GELU',
    run: gelu,
    truth: 'gelu_none',
    atMinusInfinity: -0,
    atZero: null,
    underflow: { float32: -14.37, float64: -38.59 },
  }),
  form({
    name: 'geluTanh',
    label: 'GELU tanh',
    run: (x, options) => gelu(x, { approximate: 'tanh', ...options }),
    truth: 'gelu_tanh',
    atMinusInfinity: -0,
    atZero: null,
    underflow: { float32: -10.78, float64: -21.56 },
  }),
  form({
    name: 'silu',
    label: 'SiLU',
    run: silu,
    truth: 'silu',
    atMinusInfinity: -0,
    atZero: null,
    underflow: { float32: -108.67, float64: -751.77 },
  }),
  form({
    name: 'mish',
    label: 'Mish',
    run: mish,
    truth: 'mish',
    atMinusInfinity: -0,
    atZero: null,
    underflow: { float32: -108.67, float64: -751.77 },
  }),
  form({
    name: 'softplus',
    label: 'Softplus',
    // Without the threshold, which would hide a piece of the function.
    run: (x, options) => softplus(x, { threshold: Number.POSITIVE_INFINITY, ...options }),
    truth: 'softplus',
    atMinusInfinity: 0,
    atZero: Math.LN2,
    underflow: { float32: -103.98, float64: -745.14 },
  }),
];

/**
 * @typedef {object} Derivative
 * @property {string} name The kernel's name, in the addon too.
 * @property {string} label For people.
 * @property {<T extends Float32Array | Float64Array>(gradOutput: T, x: T, options?: { out?: T }) => T} backward
 * @property {<T extends Float32Array | Float64Array>(x: T, options?: { out?: T }) => T} run The derivative itself.
 * @property {(x: Uint16Array, dtype: 'float16' | 'bfloat16') => Uint16Array} runBits The same on 16-bit numbers.
 * @property {string} truth The column of exact values in the ground truth.
 * @property {number} atMinusInfinity
 * @property {number} atZero At either zero.
 */

/** A gradient of ones, like x. */
export const onesLike = (x) => new x.constructor(x.length).fill(1);

/** 1 as an element of each type. */
export const ONE = { float32: 1, float64: 1, float16: 0x3c00, bfloat16: 0x3f80 };
const derivative = (row) => ({
  ...row,
  run: (x, options) => row.backward(onesLike(x), x, options),
  runBits: (x, dtype) => row.backward(new Uint16Array(x.length).fill(ONE[dtype]), x, { dtype }),
});

/** @type {Derivative[]} */
export const derivatives = [
  derivative({
    name: 'geluBackward',
    label: "GELU'",
    backward: geluBackward,
    truth: 'gelu_none_d',
    atMinusInfinity: -0,
    atZero: 0.5,
  }),
  derivative({
    name: 'geluTanhBackward',
    label: "GELU tanh'",
    backward: (gradOutput, x, options) => geluBackward(gradOutput, x, { approximate: 'tanh', ...options }),
    truth: 'gelu_tanh_d',
    atMinusInfinity: -0,
    atZero: 0.5,
  }),
  derivative({
    name: 'siluBackward',
    label: "SiLU'",
    backward: siluBackward,
    truth: 'silu_d',
    atMinusInfinity: -0,
    atZero: 0.5,
  }),
  derivative({
    name: 'mishBackward',
    label: "Mish'",
    backward: mishBackward,
    truth: 'mish_d',
    atMinusInfinity: -0,
    atZero: 0.6,
  }),
  derivative({
    name: 'softplusBackward',
    label: "Softplus'",
    backward: (gradOutput, x, options) =>
      softplusBackward(gradOutput, x, { threshold: Number.POSITIVE_INFINITY, ...options }),
    truth: 'softplus_d',
    atMinusInfinity: 0,
    atZero: 0.5,
  }),
];
