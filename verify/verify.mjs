// Holds a backend to the correctly rounded results: all 2^32 float32 inputs of each function, among their neighbours
// and among numbers far from 0, all 65536 of the 16-bit types, and a sample of float64.
//
//   npm run verify                              every function in float32, on the best backend, against the reference
//   npm run verify -- gelu silu --isa js        some functions, on a backend by name
//   npm run verify -- --digests --isa scalar    against the digests of verified results: no reference needed, and fast
//   npm run verify -- --blocks 16               a stratified sample: 16 of the 4096 blocks of 2^20 inputs
//   npm run verify -- --dtype float16           or bfloat16, or float64
//
// The reference (reference.cpp) needs g++ with libquadmath. A function whose every float32 input was right has its
// digests written to digests/. Exits with 1 if any result is wrong (float64: off by more than its bound).

import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { backend, lastIsa, useIsa } from '../dist/backend.js';
import { derivatives, forms } from '../test/table.mjs';
import {
  BLOCK_LENGTH,
  BLOCKS,
  digestFile,
  digestOf,
  inputsOf,
  order,
  readDigests,
  resultsAmongFar,
  writeSixteenBitDigest,
} from './blocks.mjs';
import { buildReference, referenceBlocks } from './reference.mjs';
import { FLOAT64_BOUNDS, worstFloat64Error, wrongSixteenBit } from './types.mjs';

const functions = [...forms, ...derivatives];
const results = new Float32Array(BLOCK_LENGTH);

/** Adds the wrong results of a block to a tally, and the worst of them. */
function compare(x, y, expected, tally) {
  const a = new Uint32Array(y.buffer, y.byteOffset, y.length);
  const b = new Uint32Array(expected.buffer, expected.byteOffset, expected.length);
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    tally.misrounded++;
    const ulps = Math.abs(order(a[i]) - order(b[i]));
    if (ulps < tally.worst && tally.at !== undefined) continue;
    tally.worst = ulps;
    tally.at = x[i];
  }
}

function progressOf(label, total) {
  const start = performance.now();
  let shown = 0;
  return (done) => {
    const seconds = (performance.now() - start) / 1000;
    if (seconds - shown < (process.stderr.isTTY ? 0.5 : 30)) return;
    shown = seconds;
    const left = Math.round((seconds / done) * (total - done));
    const text = `${label}: ${((100 * done) / total).toFixed(1)} %, ${left} s left`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  };
}

/** The blocks of a sample of `count`, spread evenly. */
const sample = (count) => Array.from({ length: count }, (_, i) => Math.floor((i * BLOCKS) / count));

function report(form, isa, inputs, tally, start) {
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const where = tally.misrounded === 0 ? '' : `, worst ${tally.worst} ULP at ${tally.at}`;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(`${form.name} on ${isa}: ${inputs} inputs, ${tally.misrounded} misrounded${where} (${seconds} s)`);
  return tally.misrounded === 0;
}

async function againstReference(program, form, isa, count) {
  const start = performance.now();
  const tally = { misrounded: 0, worst: 0, at: undefined };
  const digests = new Uint32Array(BLOCKS);
  const progress = progressOf(`${form.name} on ${isa}`, count);
  let done = 0;
  const check = async (ranges) => {
    for (const [first, last] of ranges) {
      let block = first;
      for await (const expected of referenceBlocks(program, form.name, first, last)) {
        const x = inputsOf(block);
        form.run(x, { out: results });
        compare(x, results, expected, tally);
        compare(x, resultsAmongFar(form, x), expected, tally);
        digests[block++] = digestOf(results);
        progress(++done);
      }
    }
  };
  // One reference process for each CPU, each with its share of the blocks.
  const workers = os.availableParallelism();
  const blocks = sample(count);
  const full = count === BLOCKS;
  const shares = Array.from({ length: workers }, (_, i) => {
    const [first, last] = [Math.floor((i * count) / workers), Math.floor(((i + 1) * count) / workers)];
    return full ? [[first, last]] : blocks.slice(first, last).map((block) => [block, block + 1]);
  });
  await Promise.all(shares.map(check));
  if (done !== count) throw new Error(`the reference ended after ${done} of ${count} blocks`);
  const right = report(form, isa, done * BLOCK_LENGTH, tally, start);
  if (right && full) {
    mkdirSync(new URL('.', digestFile(form.name)), { recursive: true });
    writeFileSync(digestFile(form.name), digests);
  }
  return right;
}

function againstDigests(form, isa, count) {
  const start = performance.now();
  const expected = readDigests(form.name);
  const progress = progressOf(`${form.name} on ${isa}`, count);
  const wrong = sample(count).filter((block, i) => {
    const x = inputsOf(block);
    form.run(x, { out: results });
    progress(i + 1);
    return digestOf(results) !== expected[block] || digestOf(resultsAmongFar(form, x)) !== expected[block];
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const which = wrong.length === 0 ? '' : `, the first ${wrong[0]}`;
  console.log(
    `${form.name} on ${isa}: ${count} blocks of ${BLOCK_LENGTH} inputs, ${wrong.length} differ${which} (${seconds} s)`,
  );
  return wrong.length === 0;
}

function sixteenBit(program, form, isa, dtype) {
  const { misrounded, at, digest } = wrongSixteenBit(program, form, dtype);
  const where = misrounded === 0 ? '' : `, the first at bits 0x${at.toString(16)}`;
  console.log(`${form.name} on ${isa}: all 65536 ${dtype} inputs, ${misrounded} misrounded${where}`);
  if (misrounded === 0) writeSixteenBitDigest(dtype, form.name, digest);
  return misrounded === 0;
}

async function float64(program, form, isa) {
  const { inputs, normal, normalAt, subnormal, subnormalAt } = await worstFloat64Error(program, form);
  const tail = subnormal === 0 ? '' : `; of subnormal results ${subnormal} ULP at ${subnormalAt}`;
  console.log(`${form.name} on ${isa}: ${inputs} float64 inputs, worst ${normal} ULP at ${normalAt}${tail}`);
  return normal <= FLOAT64_BOUNDS.normal && subnormal <= FLOAT64_BOUNDS.subnormal;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      isa: { type: 'string', default: backend.isa },
      dtype: { type: 'string', default: 'float32' },
      blocks: { type: 'string', default: String(BLOCKS) },
      digests: { type: 'boolean', default: false },
    },
  });
  const { isa, dtype, digests } = values;
  const unknown = positionals.filter((name) => !functions.some((form) => form.name === name));
  if (unknown.length > 0)
    throw new Error(`no function ${unknown}: there are ${functions.map((form) => form.name).join(', ')}`);
  const count = Number(values.blocks);
  if (!Number.isInteger(count) || count < 1 || count > BLOCKS) throw new Error(`--blocks takes 1 to ${BLOCKS}`);
  useIsa(isa);

  const program = digests ? undefined : buildReference();
  const checks = {
    float32: (form) => (digests ? againstDigests(form, isa, count) : againstReference(program, form, isa, count)),
    float64: (form) => float64(program, form, isa),
    float16: (form) => sixteenBit(program, form, isa, dtype),
    bfloat16: (form) => sixteenBit(program, form, isa, dtype),
  };
  if (!(dtype in checks)) throw new Error(`--dtype takes ${Object.keys(checks).join(', ')}`);
  for (const form of functions.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    if (!(await checks[dtype](form))) process.exitCode = 1;
  }
  if (isa !== 'js' && lastIsa() !== isa) throw new Error(`${lastIsa()} ran, not ${isa}`);
}

await main();
