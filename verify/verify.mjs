// Holds a backend to the correctly rounded float32 results, on all 2^32 inputs of each function.
//
//   npm run verify                              every function, on the best backend, against the reference
//   npm run verify -- gelu silu --isa js        some functions, on a backend by name
//   npm run verify -- --digests --isa scalar    against the digests of verified results: no reference needed, and fast
//   npm run verify -- --blocks 16               a stratified sample: 16 of the 4096 blocks of 2^20 inputs
//
// The reference (reference.cpp) needs g++ with libquadmath. A function whose every input was right has its digests
// written to digests/. Exits with 1 if any result is wrong.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backend, lastIsa, useIsa } from '../dist/backend.js';
import { derivatives, forms } from '../test/table.mjs';
import { BLOCK_LENGTH, BLOCKS, digestFile, digestOf, inputsOf, readDigests } from './blocks.mjs';

const functions = [...forms, ...derivatives];
const BLOCK_BYTES = 4 * BLOCK_LENGTH;
const results = new Float32Array(BLOCK_LENGTH);

function buildReference() {
  const folder = fileURLToPath(new URL('../build/verify/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const source = fileURLToPath(new URL('reference.cpp', import.meta.url));
  const program = `${folder}reference`;
  const flags = ['-std=gnu++17', '-fext-numeric-literals', '-O3', '-Wall', '-Wextra', '-Werror'];
  execFileSync('g++', [...flags, source, '-lquadmath', '-o', program], { stdio: 'inherit' });
  return program;
}

/** The reference's results of the blocks from `first` to `last` - 1, one Float32Array after another. */
async function* referenceBlocks(program, name, first, last) {
  const child = spawn(program, [name, String(first), String(last)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const block = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  for await (const chunk of child.stdout) {
    for (let read = 0; read < chunk.length; ) {
      const count = chunk.copy(block, filled, read, Math.min(chunk.length, read + BLOCK_BYTES - filled));
      filled += count;
      read += count;
      if (filled < BLOCK_BYTES) continue;
      filled = 0;
      yield new Float32Array(block.buffer, block.byteOffset, BLOCK_LENGTH);
    }
  }
}

// A float32's place among all of them in ascending order, so that a difference counts units in the last place.
const order = (bits) => (bits >>> 31 === 0 ? bits : -(bits & 0x7fffffff));

/** The count of wrong results in a block, and the worst of them. */
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
    form.run(inputsOf(block), { out: results });
    progress(i + 1);
    return digestOf(results) !== expected[block];
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const which = wrong.length === 0 ? '' : `, the first ${wrong[0]}`;
  console.log(
    `${form.name} on ${isa}: ${count} blocks of ${BLOCK_LENGTH} inputs, ${wrong.length} differ${which} (${seconds} s)`,
  );
  return wrong.length === 0;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      isa: { type: 'string', default: backend.isa },
      blocks: { type: 'string', default: String(BLOCKS) },
      digests: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !functions.some((form) => form.name === name));
  if (unknown.length > 0)
    throw new Error(`no function ${unknown}: there are ${functions.map((form) => form.name).join(', ')}`);
  const count = Number(values.blocks);
  if (!Number.isInteger(count) || count < 1 || count > BLOCKS) throw new Error(`--blocks takes 1 to ${BLOCKS}`);
  useIsa(values.isa);

  const chosen = functions.filter((form) => positionals.length === 0 || positionals.includes(form.name));
  const program = values.digests ? undefined : buildReference();
  for (const form of chosen) {
    const right = values.digests
      ? againstDigests(form, values.isa, count)
      : await againstReference(program, form, values.isa, count);
    if (!right) process.exitCode = 1;
  }
  if (values.isa !== 'js' && lastIsa() !== values.isa) throw new Error(`${lastIsa()} ran, not ${values.isa}`);
}

await main();
