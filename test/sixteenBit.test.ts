// The 16-bit types: the same bits before a kernel has filled its table, by the call that fills it, and from the table.

import { describe, expect, it } from 'vitest';
import { softplus } from '../dist/index.mjs';
import { digestOf, readSixteenBitDigests, sixteenBitInputs } from '../verify/blocks.mjs';
import { expectSameBits, onEachIsa, runNode } from './support.js';
import { forms } from './table.mjs';

const DTYPES = ['float16', 'bfloat16'] as const;
type Run = (x: Uint16Array, options: { dtype: string; out: Uint16Array }) => Uint16Array;

const LONGEST = 8 * 2 + 1; // twice the turn of the loop, and one more

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
    it.each(forms)('$name: the verified bits at every time', ({ name, run, runBits }) => {
      const x = sixteenBitInputs();
      const onBits = (bits: Uint16Array) => runBits(bits, dtype);
      const part = x.subarray(0x3c00, 0x3c00 + LONGEST);
      const singly = inPieces(onBits, part, 1);
      const pieces = inPieces(onBits, x, 5000); // the last of which fills the table
      expect(digestOf(pieces)).toBe(digests[name]);
      expect(digestOf(inPieces(onBits, x, 5000))).toBe(digests[name]);
      expect(digestOf(onBits(x))).toBe(digests[name]);
      expectSameBits(inPieces(onBits, part, 1), singly, part);

      for (let length = 0; length <= LONGEST; length++) {
        for (let offset = 0; offset < 4 && offset + length <= LONGEST; offset++) {
          const out = new Uint16Array(length + 4).fill(7);
          const view = out.subarray(2, 2 + length);
          (run as Run)(part.subarray(offset, offset + length), { dtype, out: view });
          expectSameBits(view, singly.subarray(offset, offset + length), part.subarray(offset));
          expect([...out.subarray(0, 2), ...out.subarray(2 + length)]).toEqual(Array(4).fill(7));
        }
      }
      const same = x.slice();
      (run as Run)(same, { dtype, out: same });
      expectSameBits(same, pieces, x);
    });

    it('has a table of softplus for the parameters that it was filled with alone', () => {
      const x = sixteenBitInputs();
      const of = (beta: number, threshold: number, length: number) =>
        inPieces((bits) => softplus(bits, { beta, threshold, dtype }), x, length);
      softplus(x, { threshold: Number.POSITIVE_INFINITY, dtype });
      for (const [beta, threshold] of [
        [1, 20],
        [2, Number.POSITIVE_INFINITY],
        [0, 20],
        [-0, 20],
        [Number.NaN, 20],
      ] as const) {
        expectSameBits(of(beta, threshold, 65536), of(beta, threshold, 100), x);
      }
      expect(digestOf(of(1, Number.POSITIVE_INFINITY, 65536))).toBe(digests['softplus']);
    });
  });
});

// In a fresh process, where nothing is filled: each Worker counts its own elements towards the common mark, and goes on.
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
