// How far results are from the exact ones, in units in the last place.
//
// The exact float32 and 16-bit results are this package's own, whose digests npm run verify writes after it compared all
// inputs with the reference; they are held to those digests first. Those of float64 come from the reference itself.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { valuesOf } from '../dist/sixteenBit.js';
import {
  BLOCK_LENGTH,
  BLOCKS,
  digestOf,
  inputsOf,
  order,
  readDigests,
  readSixteenBitDigests,
  sixteenBitInputs,
} from '../verify/blocks.mjs';
import { worstFloat64Error } from '../verify/types.mjs';

export const BLOCK_COUNT = 8;
export const LIMIT = 120;

const blocks = Array.from({ length: BLOCK_COUNT }, (_, i) => (i * BLOCKS) / BLOCK_COUNT);

/**
 * All inputs of a 16-bit type; of float32, those up to LIMIT of a sample of blocks, which reaches every binade, and then
 * the infinities.
 */
export function inputsFor(dtype) {
  if (dtype !== 'float32') return sixteenBitInputs();
  const parts = blocks.map((block) => inputsOf(block).filter((x) => Math.abs(x) <= LIMIT));
  parts.push(Float32Array.of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY));
  const x = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    x.set(part, at);
    at += part.length;
  }
  return x;
}

function assertVerified(form, digest, expected) {
  if (digest !== expected) throw new Error(`${form.name} is not what was verified`);
}

/** The exact results for these inputs. */
export function exactResults(form, dtype, x) {
  if (dtype !== 'float32') {
    const y = form.runBits(x, dtype);
    assertVerified(form, digestOf(y), readSixteenBitDigests(dtype)[form.name]);
    return y;
  }
  const digests = readDigests(form.name);
  const out = new Float32Array(BLOCK_LENGTH);
  for (const block of blocks) assertVerified(form, digestOf(form.run(inputsOf(block), { out })), digests[block]);
  return form.run(x);
}

// What an element's bits are kept in, those of Infinity, and how far left a float32's would be.
const FORMATS = {
  float32: { Words: Uint32Array, infinity: 0x7f800000, shift: 0 },
  float16: { Words: Uint16Array, infinity: 0x7c00, shift: 16 },
  bfloat16: { Words: Uint16Array, infinity: 0x7f80, shift: 16 },
};

/** Of results for inputs up to LIMIT: the worst error and where, the share of those off by more than one, and NaNs. */
export function errors(dtype, x, y, exact) {
  const { Words, infinity, shift } = FORMATS[dtype];
  const place = (bits) => order((bits << shift) >>> 0) / 2 ** shift;
  const [a, b] = [new Words(y.buffer), new Words(exact.buffer)];
  const values = shift === 0 ? undefined : valuesOf(dtype);
  const result = { worst: 0, at: undefined, nan: 0 };
  let [count, off] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const number = values === undefined ? x[i] : values[x[i]];
    if (!(Math.abs(number) <= LIMIT)) continue;
    count++;
    const ulps = Math.abs(place(a[i]) - place(b[i]));
    if (((a[i] << shift) & 0x7fffffff) >>> shift > infinity) result.nan++;
    else if (ulps > result.worst) Object.assign(result, { worst: ulps, at: number });
    if (ulps > 1) off++;
  }
  return { ...result, share: off / count };
}

/** What a contender makes of inputs. */
export async function resultsOf(contender, form, dtype, x, folder) {
  const [input, output] = [path.join(folder, 'inputs'), path.join(folder, 'results')];
  writeFileSync(input, new Uint8Array(x.buffer));
  await contender.ask('apply', { form: form.name, dtype, input, output });
  const bytes = readFileSync(output);
  return new x.constructor(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** The worst errors of contenders in a form and type, by their keys; `reference` is the program for float64. */
export async function worstErrors(contenders, form, dtype, { folder, reference }) {
  const worst = {};
  if (dtype === 'float64') {
    for (const contender of contenders) {
      let numbers = true;
      const run = async (x) => {
        const y = await resultsOf(contender, form, dtype, x, folder);
        numbers = !y.some(Number.isNaN);
        return y;
      };
      const { normal, subnormal } = await worstFloat64Error(reference, { name: form.name, run });
      worst[contender.key] = numbers ? Math.max(normal, subnormal) : 'NaN';
    }
    return worst;
  }
  const x = inputsFor(dtype);
  const exact = exactResults(form, dtype, x);
  for (const contender of contenders) {
    const found = errors(dtype, x, await resultsOf(contender, form, dtype, x, folder), exact);
    worst[contender.key] = found.nan === 0 ? found.worst : 'NaN';
  }
  return worst;
}
