// Writes docs/accuracy.md: what this package and its peers make of the same inputs.
//
//   npm run accuracy      needs npm run bench:install, g++ with libquadmath, and for PyTorch a python3 that has it
//
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { backend, useIsa } from '../dist/backend.js';
import { derivatives, forms } from '../test/table.mjs';
import { buildReference } from '../verify/reference.mjs';
import { FLOAT64_BOUNDS, worstFloat64Error, wrongSixteenBit } from '../verify/types.mjs';
import { BLOCK_COUNT, errors, exactResults, inputsFor, LIMIT, resultsOf } from './errors.mjs';
import { startPeers } from './peer.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-accuracy-'));
const functions = [...forms, ...derivatives];

const number = (value) => (Object.is(value, -0) ? '-0' : String(value));
const count = (value) => (value < 10_000 ? String(value) : value.toExponential(1).replace('e+', 'e'));
const percent = (share) => (share === 0 ? '0' : `${(100 * share).toPrecision(2)} %`);

function row(form, name, x, y, exact) {
  const { worst, at, share, nan } = errors('float32', x, y, exact);
  const where = at === undefined ? '' : ` at ${at.toPrecision(6)}`;
  const notNumbers = nan === 0 ? '' : `, and ${nan} NaN`;
  const [minus, plus] = [...y.slice(-2)].map(number);
  return `| ${form} | ${name} | ${count(worst)}${where}${notNumbers} | ${percent(share)} | ${minus} | ${plus} |`;
}

async function otherTypes() {
  const program = buildReference();
  const lines = [];
  for (const form of functions) {
    const { normal, subnormal } = await worstFloat64Error(program, form);
    if (normal > FLOAT64_BOUNDS.normal || subnormal > FLOAT64_BOUNDS.subnormal)
      throw new Error(`${form.name} in float64`);
    const wrong = ['float16', 'bfloat16'].map((dtype) => wrongSixteenBit(program, form, dtype).misrounded);
    const tail = subnormal === 0 ? '' : ` (${subnormal})`;
    lines.push(`| ${form.label} | ${normal}${tail} | ${wrong.join(' | ')} |`);
    process.stderr.write(`${form.label}: float64, float16 and bfloat16 done\n`);
  }
  return lines;
}

async function main() {
  useIsa(backend.isas[0]);
  const peers = await startPeers();
  const x = inputsFor('float32');
  const lines = [];
  for (const form of functions) {
    const exact = exactResults(form, 'float32', x);
    lines.push(row(form.label, '**simd-activations**', x, exact, exact));
    for (const peer of peers.filter(({ forms: names }) => names.includes(form.name))) {
      lines.push(row(form.label, peer.name, x, await resultsOf(peer, form, 'float32', x, folder), exact));
    }
    process.stderr.write(`${form.label}: float32 done\n`);
  }
  for (const peer of peers) peer.stop();
  const others = await otherTypes();
  const compared = peers.map(({ name, version, note }) => `${name} ${version} (${note})`).join(', ');
  const text = `# Accuracy

<!-- Written by npm run accuracy. -->

A float32, float16 or bfloat16 result of this package is the exact value, rounded once to nearest even, for every input:
\`npm run verify\` compares all 2^32 float32 inputs of each function with a reference that shares nothing with the kernels, and
\`npm run verify -- --digests --isa NAME\` holds any backend to those results. The test suite holds every backend to 2^24 of
them for each function, to all 65536 inputs of the 16-bit types, and to one another in float64.

## float32, beside others

${x.length - 2} inputs: the same ${BLOCK_COUNT} of the 4096 blocks of \`npm run verify\` for all, |x| <= ${LIMIT}; they reach every binade. Errors
in units in the last place (float32 numbers between the result and the exact one); Softplus with threshold 20.

Compared: ${compared === '' ? 'none was installed' : compared}.

| function | by | worst error | off by more than 1 | at -Infinity | at Infinity |
|---|---|---|---|---|---|
${lines.join('\n')}

## The other types

float64: the worst error in units in the last place over 2^20 inputs (near a derivative's root, in units of 1/8); in brackets
that of subnormal results, which are rounded twice. \`npm run verify -- --dtype float64\`, which \`.ci/run\` runs, holds it to
${FLOAT64_BOUNDS.normal} (${FLOAT64_BOUNDS.subnormal}). float16 and bfloat16: how many of all 65536 results are not the correctly rounded ones.

| function | float64, worst | float16, wrong | bfloat16, wrong |
|---|---|---|---|
${others.join('\n')}

## Backward

\`gradOutput * f'(x)\`: in float32 both the derivative and the product are correctly rounded, so the product is within one unit
in the last place of the exact one, and the same everywhere. In the 16-bit types the product is taken in float64 and rounded
once. In float64 the rounded product with the derivative above.
`;
  writeFileSync(new URL('../docs/accuracy.md', import.meta.url), text);
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true });
}
