// The 16-bit types: the same bits before a kernel has filled its table, by the call that fills it, and from the table.

import { describe, expect, it } from 'vitest';
import { backend } from '../dist/backend.js';
import { softplus, softplusBackward } from '../dist/index.mjs';
import { digestOf, readSixteenBitDigests, sixteenBitInputs } from '../verify/blocks.mjs';
import { expectSameBits, onEachIsa, runNode } from './support.js';
import { derivatives, forms } from './table.mjs';

const DTYPES = ['float16', 'bfloat16'] as const;
const LONGEST = 512 + 8 * 2 + 1; // a derivative's block, twice the turn of the loop, and one more
const LENGTHS = [0, 1, 2, 7, 8, 9, 15, 16, 17, 511, 512, 513, LONGEST];

type Options = { dtype: string; out?: Uint16Array };
type Forward = (x: Uint16Array, options: Options) => Uint16Array;
type Backward = (gradOutput: Uint16Array, x: Uint16Array, options: Options) => Uint16Array;

/** Gradients of all kinds, each determined by its argument. */
const gradientsFor = (x: Uint16Array): Uint16Array => x.map((bits) => Math.imul(bits, 40503));

const cases = [
  ...forms.map(({ name, runBits, run }) => ({ name, runBits, apply: run as Forward })),
  ...derivatives.map(({ name, runBits, backward }) => ({
    name,
    runBits,
    apply: (x: Uint16Array, options: Options) => (backward as Backward)(gradientsFor(x), x, options),
  })),
];

/** `run`, on pieces of `x`. */
function inPieces(run: (x: Uint16Array) => Uint16Array, x: Uint16Array, length: number): Uint16Array {
  const y = new Uint16Array(x.length);
  for (let begin = 0; begin < x.length; begin += length) y.set(run(x.subarray(begin, begin + length)), begin);
  return y;
}

// First in this file, which has a process of its own: here no table is filled yet.
describe.each(DTYPES)('%s', (dtype) => {
  const digests = readSixteenBitDigests(dtype);
  onEachIsa(() => {
    it.each(cases)('$name: the same bits at every time, of every length', ({ name, runBits, apply }) => {
      const x = sixteenBitInputs();
      const part = x.subarray(0x3c00, 0x3c00 + LONGEST);
      const onBits = (bits: Uint16Array) => apply(bits, { dtype });
      const singly = inPieces(onBits, part, 1);
      const expected = inPieces(onBits, x, 5000); // the last of which fills the table
      expectSameBits(inPieces(onBits, x, 5000), expected, x);
      expectSameBits(onBits(x), expected, x);
      expect(digestOf(runBits(x, dtype))).toBe(digests[name]);

      for (const length of LENGTHS) {
        for (let offset = 0; offset < 4 && offset + length <= LONGEST; offset++) {
          const out = new Uint16Array(length + 4).fill(7);
          const view = out.subarray(2, 2 + length);
          apply(part.subarray(offset, offset + length), { dtype, out: view });
          expectSameBits(view, singly.subarray(offset, offset + length), part.subarray(offset));
          expect([...out.subarray(0, 2), ...out.subarray(2 + length)]).toEqual(Array(4).fill(7));
        }
      }
      const same = x.slice();
      apply(same, { dtype, out: same });
      expectSameBits(same, expected, x);
    });

    it.each(derivatives)('$name: into gradOutput', ({ backward }) => {
      const x = sixteenBitInputs();
      const gradOutput = gradientsFor(x);
      const expected = (backward as Backward)(gradOutput, x, { dtype });
      (backward as Backward)(gradOutput, x, { dtype, out: gradOutput });
      expectSameBits(gradOutput, expected, x);
    });

    it.each([
      ['softplus', softplus as Forward],
      [
        'softplusBackward',
        (x: Uint16Array, options: Options) => softplusBackward(gradientsFor(x), x, options as never),
      ],
    ] as const)('%s: a table is for the parameters that it was filled with', (_name, apply) => {
      const x = sixteenBitInputs();
      const infinity = Number.POSITIVE_INFINITY;
      const of = (beta: number, threshold: number, length: number) =>
        inPieces((bits) => apply(bits, { beta, threshold, dtype } as Options), x, length);
      const before = of(1, infinity, 65536);
      for (const [beta, threshold] of [
        [1, 20],
        [2, infinity],
        [Number.NaN, 20],
      ] as const) {
        expectSameBits(of(beta, threshold, 65536), of(beta, threshold, 100), x);
      }
      expectSameBits(of(1, infinity, 65536), before, x);
    });
  });
});

// In a fresh process, where nothing is filled: the Workers' elements all count towards the mark.
it.each(DTYPES)('Workers that fill a table together get the verified %s bits', (dtype) => {
  const worker = `
    const { parentPort, workerData: { dtype, length } } = require('node:worker_threads');
    const { mish } = require('./dist/index.js');
    const x = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const y = new Uint16Array(65536);
    for (let i = 0; i < 65536; i += length) mish(x.subarray(i, i + length), { dtype, out: y.subarray(i, i + length) });
    parentPort.postMessage(y);`;
  const script = `
    const { Worker } = require('node:worker_threads');
    const { digestOf } = await import('./verify/blocks.mjs');
    const digests = Array.from({ length: 8 }, (_, i) => new Promise((resolve, reject) =>
      new Worker(${JSON.stringify(worker)}, { eval: true, workerData: { dtype: '${dtype}', length: 500 * (i + 1) } })
        .once('message', (y) => resolve(digestOf(y))).once('error', reject)));
    console.log(JSON.stringify(await Promise.all(digests)));`;
  const result = runNode(`(async () => {${script}})()`);
  expect(result.stderr).toBe('');
  expect(JSON.parse(result.stdout)).toEqual(Array(8).fill(readSixteenBitDigests(dtype)['mish']));
});

it.each([...backend.isas])('on %s a table for a beta of 0 is not taken for one of -0', (isa) => {
  const script = `
    const { softplus } = require('./dist/index.js');
    const of = (beta) => softplus(new Uint16Array(65536), { beta, dtype: 'float16' })[0];
    console.log(JSON.stringify([of(0), of(-0), of(0)]));`;
  const { stdout } = runNode(script, { SIMD_ACTIVATIONS_BACKEND: isa });
  expect(JSON.parse(stdout)).toEqual([0x7c00, 0xfc00, 0x7c00]);
});
