// Trains a small network on handwritten digits with GELU and its derivative, and counts what it gets right of digits that
// it has not seen. Beside each of our calls a plain JavaScript loop does the same, to compare the times.

import { createRequire } from 'node:module';
import { backend, gelu, geluBackward } from 'simd-activations';
import { Network, random } from './network.mjs';

const PIXELS = 784;
const HELD_OUT = 2000;
const BATCH = 50;
const EPOCHS = 10;

/** The digits of the package mnist in an order that is always the same. */
function load() {
  const require = createRequire(import.meta.url);
  const digits = Array.from({ length: 10 }, (_, label) => {
    const { data } = require(`mnist/src/digits/${label}.json`);
    return Array.from({ length: Math.floor(data.length / PIXELS) }, (_, i) => ({
      label,
      pixels: data.slice(i * PIXELS, (i + 1) * PIXELS),
    }));
  }).flat();
  shuffle(digits, random(1));
  return { training: digits.slice(HELD_OUT), heldOut: digits.slice(0, HELD_OUT) };
}

function shuffle(items, next) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
}

/** `shift`: by how many places to move each digit's pixels. Its edges are empty. */
function batchOf(digits, shift = () => 0) {
  const pixels = new Float32Array(digits.length * PIXELS);
  digits.forEach((digit, i) => {
    const by = shift();
    const moved = by < 0 ? digit.pixels.slice(-by) : digit.pixels.slice(0, PIXELS - by);
    pixels.set(moved, i * PIXELS + Math.max(by, 0));
  });
  return { pixels, labels: digits.map((digit) => digit.label) };
}

// What one writes without a library. The tanh form, because JavaScript has no erf.
const C = Math.sqrt(2 / Math.PI);
const plain = {
  forward(x) {
    const y = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) y[i] = 0.5 * x[i] * (1 + Math.tanh(C * (x[i] + 0.044715 * x[i] * x[i] * x[i])));
    return y;
  },
  backward(grad, x) {
    const y = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const t = Math.tanh(C * (x[i] + 0.044715 * x[i] * x[i] * x[i]));
      y[i] = grad[i] * (0.5 * (1 + t) + 0.5 * x[i] * (1 - t * t) * C * (1 + 3 * 0.044715 * x[i] * x[i]));
    }
    return y;
  },
};
const ours = {
  forward: (x) => gelu(x, { approximate: 'tanh' }),
  backward: (grad, x) => geluBackward(grad, x, { approximate: 'tanh' }),
};

const milliseconds = { ours: 0, plain: 0, all: 0 };
let farthest = 0;

function timed(name, f) {
  const start = performance.now();
  const result = f();
  milliseconds[name] += performance.now() - start;
  return result;
}

/** Ours; the plain one beside, for its time and its error. */
function both(method) {
  return (...arrays) => {
    const expected = timed('plain', () => plain[method](...arrays));
    const result = timed('ours', () => ours[method](...arrays));
    for (let i = 0; i < result.length; i++) farthest = Math.max(farthest, Math.abs(result[i] - expected[i]));
    return result;
  };
}

const { training, heldOut } = load();
const test = batchOf(heldOut);
const network = new Network({ forward: both('forward'), backward: both('backward') });
const next = random(2);
const step = () => Math.floor(3 * next()) - 1;
const oneStep = () => 28 * step() + step(); // a digit is the same digit one pixel further
let accuracy = 0;
for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  shuffle(training, next);
  timed('all', () => {
    for (let i = 0; i < training.length; i += BATCH) {
      const { pixels, labels } = batchOf(training.slice(i, i + BATCH), oneStep);
      network.train(pixels, labels);
    }
  });
  const right = network.predict(test.pixels, HELD_OUT).filter((digit, i) => digit === test.labels[i]).length;
  accuracy = right / HELD_OUT;
  console.log(`epoch ${epoch}: ${(100 * accuracy).toFixed(2)} % of ${HELD_OUT} digits it has not seen`);
}
const ratio = milliseconds.plain / milliseconds.ours;
const share = milliseconds.ours / (milliseconds.all - milliseconds.plain);
console.log(
  `activations: ${ratio.toFixed(1)} times as fast as plain JavaScript (${backend.isa}, ${backend.threads} threads,`,
);
console.log(`${128 * BATCH} numbers a call); the largest difference: ${farthest.toExponential(1)}`);
console.log(`they are ${(100 * share).toFixed(1)} % of the time; the rest is matrix products in plain JavaScript`);
if (!(accuracy > 0.95)) throw new Error('that is not more than 95 %');
