// The numbers that are measured: each kind as a function of a length, the same at every call.

import { sizeOf } from '../dist/bytes.js';
import { toBFloat16, toFloat16 } from '../dist/sixteenBit.js';

function uniform() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
}

function make(length, generate) {
  const next = uniform();
  const x = new Float64Array(length);
  for (let i = 0; i < length; i++) x[i] = generate(next);
  return x;
}

// Box and Muller's.
const normal = (next, deviation) => deviation * Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());

export const DATA = {
  normal: (length) => make(length, (next) => normal(next, 1)),
  /** As a trained layer's are, more or less. */
  preActivations: (length) => make(length, (next) => normal(next, 2)),
  wide: (length) => make(length, (next) => normal(next, 4)),
  uniform: (length) => make(length, (next) => next() * 16 - 8),
  /** 1 % zeros, as after a ReLU or in padding. */
  zeros: (length) => make(length, (next) => (next() < 0.01 ? 0 : normal(next, 1))),
  /** 1 % far out. */
  tails: (length) => make(length, (next) => (next() < 0.01 ? next() * 120 - 60 : normal(next, 1))),
};

/** Numbers as a type's elements. */
export function elements(dtype, numbers) {
  if (dtype === 'float32') return new Float32Array(numbers);
  return dtype === 'float64' ? numbers : Uint16Array.from(numbers, dtype === 'float16' ? toFloat16 : toBFloat16);
}

export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** How many bytes a result's call reads and writes; a derivative reads its gradient too. */
export const bytesOf = ({ form, dtype, length }, { ceiling = false } = {}) =>
  (form.endsWith('Backward') && !ceiling ? 3 : 2) * sizeOf(dtype) * length;
