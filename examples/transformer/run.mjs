// The feed-forward block of a transformer, y = gelu(x W1) W2: the matrix products in onnxruntime-node, the GELU in this
// package, on onnxruntime's own tensors. Then the same with onnxruntime's Gelu, to compare results and times.

import * as ort from 'onnxruntime-node';
import { gelu } from 'simd-activations';
import { model } from './onnx.mjs';

const ROWS = 512;
const WIDTH = 256;
const HIDDEN = 1024;
const ROUNDS = 15;

// Its threads would else wait busily for the next run, on the cores that gelu uses between two runs.
const quiet = { extra: { session: { intra_op: { allow_spinning: '0' } } } };
const session = (operator, ...inputs) => ort.InferenceSession.create(model(operator, inputs), quiet);
const product = await session('MatMul', 'a', 'b');
const ortGelu = await session('Gelu', 'x');

function tensor(rows, columns, scale, seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  const normal = () => scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return new ort.Tensor('float32', Float32Array.from({ length: rows * columns }, normal), [rows, columns]);
}

const x = tensor(ROWS, WIDTH, 1, 1);
const w1 = tensor(WIDTH, HIDDEN, 2 / Math.sqrt(WIDTH), 2);
const w2 = tensor(HIDDEN, WIDTH, 1 / Math.sqrt(HIDDEN), 3);

const multiply = async (a, b) => (await product.run({ a, b })).y;
const withOurs = async () => {
  const hidden = await multiply(x, w1);
  return multiply(gelu(hidden, { out: hidden }), w2);
};
const withOrt = async () => multiply((await ortGelu.run({ x: await multiply(x, w1) })).y, w2);

const farthest = (a, b, f) => a.reduce((most, value, i) => Math.max(most, f(value, b[i])), 0);

// Where onnxruntime is right: not in the tail, where it loses digits until none is left.
const hidden = await multiply(x, w1);
const [mine, theirs] = [gelu(hidden).data, (await ortGelu.run({ x: hidden })).y.data];
const body = hidden.data.map((value) => (Math.abs(value) < 1 ? 1 : 0));
const error = farthest(
  mine.map((value, i) => value * body[i]),
  theirs.map((value, i) => value * body[i]),
  (a, b) => (a === b ? 0 : Math.abs(a - b) / Math.abs(a)),
);
console.log(`GELU of ${mine.length} hidden values: within ${error.toExponential(1)} of onnxruntime's for |x| < 1`);
const tail = Float32Array.of(-3, -5, -5.6, -10, Number.NEGATIVE_INFINITY);
const inTail = new ort.Tensor('float32', tail, [1, tail.length]);
const show = (values) => Array.from(values, (value) => value.toPrecision(7)).join('  ');
console.log(`x                   ${show(tail)}`);
console.log(`simd-activations    ${show(gelu(tail))}`);
console.log(`onnxruntime's Gelu  ${show((await ortGelu.run({ x: inTail })).y.data)}`);

const [ourBlock, ortBlock] = [(await withOurs()).data, (await withOrt()).data];
const difference = farthest(ourBlock, ortBlock, (a, b) => Math.abs(a - b));
console.log(`the block's ${ourBlock.length} results differ by ${difference.toExponential(1)} at most`);

const times = { ours: [], ort: [], ourBlock: [], ortBlock: [] };
async function time(name, f) {
  const start = performance.now();
  await f();
  times[name].push(performance.now() - start);
}
for (let round = 0; round < ROUNDS; round++) {
  const copy = new ort.Tensor('float32', hidden.data.slice(), hidden.dims);
  await time('ours', () => gelu(copy, { out: copy }));
  await time('ort', () => ortGelu.run({ x: hidden }));
  await time('ourBlock', withOurs);
  await time('ortBlock', withOrt);
}
const median = (name) => times[name].toSorted((a, b) => a - b)[ROUNDS >> 1];
console.log(
  `GELU alone: ${(median('ort') / median('ours')).toFixed(1)} times as fast as onnxruntime's session of one node`,
);
console.log(`the block: ${(median('ortBlock') / median('ourBlock')).toFixed(2)} times as fast`);

if (!(error < 1e-6)) throw new Error('GELU is not what onnxruntime says where that is right');
if (!(difference < 1e-4)) throw new Error('the block is not what onnxruntime says');
