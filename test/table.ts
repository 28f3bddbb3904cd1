// One row per form: what the table-driven tests need to know of it. Everything else they find out by running it.

import {
  type FloatArray,
  gelu,
  mish,
  type SoftplusOptions,
  silu,
  softplus,
  swish,
} from '../dist/index.js';

export interface Form {
  /** The kernel's name in the addon and in verify/. */
  name: string;
  run: <T extends FloatArray>(x: T, options?: { out?: T }) => T;
  /** The column of exact values in the ground truth. */
  truth: string;
  atMinusInfinity: number;
  /** At 0; odd forms return the zero they are given. */
  atZero: number;
  /** Results round to zero below: float32, float64. */
  underflow: [number, number];
}

export const forms: Form[] = [
  {
    name: 'gelu',
    run: gelu,
    truth: 'gelu_none',
    atMinusInfinity: -0,
    atZero: 0,
    underflow: [-14.35607, -38.58014],
  },
  {
    name: 'geluTanh',
    run: (x, options) => gelu(x, { approximate: 'tanh', ...options }),
    truth: 'gelu_tanh',
    atMinusInfinity: -0,
    atZero: 0,
    underflow: [-10.77087, -21.54708],
  },
  {
    name: 'silu',
    run: silu,
    truth: 'silu',
    atMinusInfinity: -0,
    atZero: 0,
    underflow: [-108.6603, -751.75563],
  },
  {
    name: 'mish',
    run: mish,
    truth: 'mish',
    atMinusInfinity: -0,
    atZero: 0,
    underflow: [-108.6603, -751.75563],
  },
  {
    name: 'softplus',
    run: (x, options) => softplus(x, { threshold: Number.POSITIVE_INFINITY, ...options }),
    truth: 'softplus',
    atMinusInfinity: 0,
    atZero: Math.LN2,
    underflow: [-103.97208, -745.13322],
  },
];

export const aliases = [[swish, silu]] as const;
export type { SoftplusOptions };
