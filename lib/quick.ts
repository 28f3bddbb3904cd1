// Faster float32 results in JavaScript: polynomials that interpolate a function's formula, a test of the rounding, and
// the formula itself where the test fails (Ziv's strategy, as in native/quick.h).
//
// Where both ends of an interval around the exact result round to the same float32, that is the correctly rounded one,
// whichever way the interval was found: the bits do not depend on the path. The polynomials are made from the formula
// when they are first needed, so there are no constants to compute, to check or to load.
//
// What decides is how few instructions V8 needs. Arrays of the module it addresses directly, unless they are of 64
// bytes or less, which it moves about; what is a parameter it checks and unboxes for every element, but not the fields
// of an object. It compares each index with the array's length: so there is a column for each coefficient, all read at
// one index. Tried, times as long (GELU, N(0, 1), Zen 4): one table by rows 1.1 to 1.15; Horner's scheme 1.1 to 1.15;
// numbers in small arrays, and a flag that is not compared with true, 1.15; doubles in and out, and all parameters, 2.

import type { Elements, Kernel, Parameters } from './kernel.js';

/** Where a function's polynomials are: one for each segment of length 1 / perUnit, around a multiple of that. */
export interface QuickPath {
  readonly perUnit: number;
  /** Whether they give f(x) / x: for functions that are zero where x is, whose relative error counts there. */
  readonly timesX: boolean;
  /** What f(x) rounds to where it vanishes: 0 or -0. */
  readonly nothing: number;
  /** The row of the segment around 0. */
  readonly center: number;
}

const ROUND_TO_INTEGER = 6755399441055744; // 0x1.8p52

// The bounds of x perUnit: f(x) rounds to nothing below, to x above, or to 1, being a derivative.
const BOTTOM = -880;
const TOP = 256;
const SEGMENTS = TOP - BOTTOM + 1;

// f(x) or f(x) / x is C0 + C1 r + ... + C5 r^5, r = x perUnit less its integer, give or take MARGIN, which is NaN for a
// segment that has no polynomial yet. A column is not a multiple of 4 KiB, so that equal rows of two columns are in
// different sets of an L1 cache.
const FUNCTIONS = 10;
const ROWS = FUNCTIONS * SEGMENTS;
const memory = new ArrayBuffer(7 * ROWS * 8);
const [C0, C1, C2, C3, C4, C5, MARGIN] = [0, 1, 2, 3, 4, 5, 6].map((i) => new Float64Array(memory, i * ROWS * 8, ROWS));
MARGIN.fill(Number.NaN);

let rows = 0;

/** A path for a function. */
export function quickPath(perUnit: number, timesX: boolean, nothing: number): QuickPath {
  rows += SEGMENTS;
  if (rows > ROWS) throw new RangeError('FUNCTIONS is too small');
  return { perUnit, timesX, nothing, center: rows - SEGMENTS - BOTTOM };
}

const BLOCK = 1024;
const X = new Float32Array(BLOCK);
const Y = new Float32Array(BLOCK);
const GRADS = new Float32Array(BLOCK);
/** The elements that are left to the formula, and where they belong. */
const OPEN = new Float64Array(BLOCK);
const PLACES = new Uint16Array(BLOCK);

/** Whether the paths are for these parameters. From a threshold of 18 on it makes no difference to Softplus. */
export function isQuick({ beta, threshold }: Parameters): boolean {
  return beta === 1 && threshold >= 18;
}

/** As runKernel, for float32 arrays. */
export function runQuick(
  kernel: Kernel,
  gradOutput: Elements | undefined,
  x: Elements,
  out: Elements,
  parameters: Parameters,
): void {
  if (!hasSeenAllKinds) showAllKinds();
  for (let begin = 0; begin < x.length; begin += BLOCK) {
    const n = Math.min(BLOCK, x.length - begin);
    X.set(x.subarray(begin, begin + n));
    const open = interpolate(n, kernel.quick, gradOutput !== undefined);
    if (open > 0) settle(kernel, open, n, parameters);
    if (gradOutput !== undefined) {
      GRADS.set(gradOutput.subarray(begin, begin + n));
      multiply(n);
    }
    out.set(n === BLOCK ? Y : Y.subarray(0, n), begin);
  }
}

/** Y for X, as far as the rounding is certain; returns how many elements are left open. */
function interpolate(n: number, { perUnit, timesX, nothing, center }: QuickPath, derivative: boolean): number {
  let open = 0;
  for (let i = 0; i < n; i++) {
    const x = X[i];
    const position = x * perUnit;
    if (position > BOTTOM && position < TOP) {
      const k = position + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
      const r = position - k;
      const j = (k | 0) + center;
      const r2 = r * r;
      const p = ((C5[j] * r + C4[j]) * r2 + (C3[j] * r + C2[j])) * r2 + (C1[j] * r + C0[j]);
      const margin = MARGIN[j];
      const factor = timesX === true ? x : 1;
      const y = Math.fround((p - margin) * factor);
      Y[i] = y;
      if (y === Math.fround((p + margin) * factor)) continue;
      OPEN[open] = x;
      PLACES[open++] = i;
    } else if (position >= TOP) {
      Y[i] = derivative ? 1 : x;
    } else {
      // Engines differ in the sign and payload of NaN; this constant has one bit pattern.
      Y[i] = position <= BOTTOM ? nothing : Number.NaN;
    }
  }
  return open;
}

// V8 compiles a loop for the kinds of numbers that it has seen. Where it had to take that back, a third of the processes went
// on to enter compiled code only in the middle of each call, and all took twice as long. So it sees all kinds before the first
// array.
let hasSeenAllKinds = false;

function showAllKinds(): void {
  hasSeenAllKinds = true;
  const kinds = [0.5, 2 * TOP, 2 * BOTTOM, Number.NaN];
  for (let i = 0; i < 64; i++) X[i] = kinds[i & 3] as number;
  for (const flag of [true, false, true, false]) {
    interpolate(64, { perUnit: 1, timesX: flag, nothing: 0, center: -BOTTOM }, flag);
  }
}

/** The open elements, by the formula. Makes a polynomial for every eighth of n at most, which bounds a call's time. */
function settle(kernel: Kernel, open: number, n: number, parameters: Parameters): void {
  const { perUnit, center } = kernel.quick;
  for (let i = 0, left = Math.ceil(n / 8); i < open && left > 0; i++) {
    const k = OPEN[i] * perUnit + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
    if (!Number.isNaN(MARGIN[center + k])) continue;
    addPolynomial(kernel, k);
    left--;
  }
  kernel.narrow(OPEN, open, parameters);
  for (let i = 0; i < open; i++) Y[PLACES[i]] = OPEN[i];
}

// Six points about where Chebyshev has them, but such that the error is largest at the ends, where it is measured.
const POINTS = Float64Array.of(-0.48, -0.35, -0.125, 0.125, 0.35, 0.48, -0.5, 0.5);
const values = new Float64Array(8);

/** The polynomial of the segment around k / perUnit. */
function addPolynomial(kernel: Kernel, k: number): void {
  const { perUnit, timesX, center } = kernel.quick;
  const c = values;
  for (let i = 0; i < 8; i++) c[i] = (k + POINTS[i]) / perUnit;
  kernel.narrow(c, 8, { beta: 1, threshold: Number.POSITIVE_INFINITY });
  if (timesX) for (let i = 0; i < 8; i++) c[i] /= (k + POINTS[i]) / perUnit;
  const size = Math.max(Math.abs(c[6]), Math.abs(c[7]));
  // Newton's divided differences, and from them the powers' coefficients.
  for (let order = 1; order < 6; order++)
    for (let i = 5; i >= order; i--) c[i] = (c[i] - c[i - 1]) / (POINTS[i] - POINTS[i - order]);
  for (let first = 4; first >= 0; first--) for (let i = first; i < 5; i++) c[i] -= POINTS[first] * c[i + 1];
  const errorAt = (r: number, value: number): number =>
    Math.abs(((((c[5] * r + c[4]) * r + c[3]) * r + c[2]) * r + c[1]) * r + c[0] - value);
  [C0, C1, C2, C3, C4, C5].forEach((column, i) => {
    column[center + k] = c[i];
  });
  // Twice the interpolation's error, and the roundings of it all: a condition number of 2^6.4, and the formula's.
  MARGIN[center + k] = 2 * Math.max(errorAt(-0.5, c[6]), errorAt(0.5, c[7])) + size * 2 ** -44;
}

// A derivative is a float32 result of its own; the product of two is exact in float64.
function multiply(n: number): void {
  for (let i = 0; i < n; i++) {
    const y = Y[i] * GRADS[i];
    Y[i] = y === y ? y : Number.NaN;
  }
}
