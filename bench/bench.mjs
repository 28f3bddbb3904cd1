// The benchmarks: native against JavaScript, the loop one writes without this package, and what memory can do; with
// --peers against other libraries too.
//
//   npm run bench                      sizes 2^0 to 2^26, types, in place; one thread and all
//   npm run bench:peers                the peers' sizes, beside PyTorch, ONNX Runtime and TensorFlow.js
//     -- --form gelu --dtype bfloat16 --length 65536 --threads 1 --data normal     only those
//     -- --in-place | --allocate       results over the input, or a new array at each call
//     -- --rounds 9 --seconds 0.05 --isa avx2 --output FILE
//
// Each contender is a process of its own (peer.mjs). All are asked in turn, round after round, so that what disturbs the
// machine hits all alike; the table has medians. The samples, and the machine, go to results/own.json or peers.json, from
// which charts.mjs draws; those of a part of the suite do not, unless --output says where.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backend } from '../dist/backend.js';
import { sizeOf } from '../dist/bytes.js';
import { derivatives, forms } from '../test/table.mjs';
import { buildReference } from '../verify/reference.mjs';
import { compile } from './compile.mjs';
import { bytesOf, DATA, elements, median } from './data.mjs';
import { worstErrors } from './errors.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { LIBRARIES, own, startPeers } from './peer.mjs';

const LISTS = ['form', 'dtype', 'length', 'threads', 'data'];
const { values: given } = parseArgs({
  options: {
    ...Object.fromEntries(LISTS.map((name) => [name, { type: 'string', multiple: true }])),
    'in-place': { type: 'boolean', default: false },
    allocate: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    isa: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.04' },
    output: { type: 'string' },
  },
});
const rounds = Number(given.rounds);
const seconds = Number(given.seconds);
const functions = [...forms, ...derivatives];
const isOne = given['in-place'] || given.allocate || given.dtype !== undefined || given.length !== undefined;
const isPart = isOne || LISTS.some((name) => given[name] !== undefined);

/** All combinations of an object of lists. */
const product = (lists) =>
  Object.entries(lists).reduce(
    (problems, [name, values]) => values.flatMap((value) => problems.map((problem) => ({ ...problem, [name]: value }))),
    [{}],
  );

// A thread joins for so many elements.
const useless = ({ threads, length, dtype }) => threads > 1 && length < 2 * (dtype === 'float64' ? 2 ** 13 : 2 ** 15);

/** What is measured: the whole suite, or what the options ask for. */
function plan() {
  const base = {
    form: given.form ?? functions.map(({ name }) => name),
    threads: (given.threads ?? [...new Set([1, os.availableParallelism()])]).map(Number),
    data: given.data ?? ['normal'],
    inPlace: [given['in-place']],
    allocate: [given.allocate],
    dtype: given.dtype ?? ['float32'],
  };
  const few = [2 ** 16, 2 ** 24];
  const sizes = given.peers ? [2 ** 16, 2 ** 20, 2 ** 24] : Array.from({ length: 14 }, (_, i) => 2 ** (2 * i));
  const parts = [{ ...base, length: given.length?.map(Number) ?? sizes }];
  // Unless the options say which of these.
  if (!isOne) {
    parts.push({ ...base, length: few, dtype: ['float64', 'float16', 'bfloat16'] });
    parts.push({ ...base, length: few, inPlace: [true] });
    if (given.peers) parts.push({ ...base, length: few, allocate: [true] });
  }
  // Same numbers after each other, few first.
  const problems = parts.flatMap(product).filter((problem) => given.peers || isOne || !useless(problem));
  return problems.sort((a, b) => a.length - b.length || a.dtype.localeCompare(b.dtype) || a.data.localeCompare(b.data));
}

function takes({ forms: names, dtypes, threaded, inPlace }, problem) {
  if (names !== undefined && !names.includes(problem.form)) return false;
  if (dtypes !== undefined && !dtypes.includes(problem.dtype)) return false;
  if (problem.threads > 1 && !threaded) return false;
  return problem.inPlace ? inPlace !== 'never' : inPlace !== 'only';
}

// Others go on for a while after their answer, with what they allocated: so much longer nobody starts.
const LARGE = 2 ** 18;
const PAUSE = 50;

/** Of each contender that takes it, in turn, and each round another first. */
async function measure(contenders, problem, input) {
  const bytes = problem.length * sizeOf(problem.dtype);
  const taking = contenders.filter((contender) => takes(contender, problem));
  for (const contender of taking) await contender.ask('prepare', { ...problem, bytes, input });
  const measured = taking.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < taking.length; turn++) {
      const i = (round + turn) % taking.length;
      if (problem.length >= LARGE || problem.threads > 1) await setTimeout(PAUSE);
      measured[i].push(await taking[i].ask('measure', { seconds }));
    }
  }
  return taking.map(({ key }, i) => ({
    ...problem,
    key,
    samples: measured[i].map((sample) => Number(sample.seconds.toPrecision(5))),
    cores: Number(median(measured[i].map(({ cores }) => cores)).toFixed(2)),
  }));
}

const count = (value) => {
  if (typeof value !== 'number') return value ?? '';
  return value < 10_000 ? String(Number(value.toFixed(2))) : value.toExponential(1).replace('e+', 'e');
};

function table(results, contenders, errors) {
  const contenderOf = ({ key }) => contenders.find((contender) => contender.key === key);
  const speed = (result) => bytesOf(result, contenderOf(result)) / median(result.samples) / 1e9;
  const ceiling = Math.max(...results.filter((result) => contenderOf(result).ceiling).map(speed));
  const first = median(results[0].samples);
  const columns = ['ns/element', '  GB/s', '% of ceiling', 'spread', 'cores', 'worst ULP', 'x the first'];
  const line = (name, cells) =>
    `  ${name.padEnd(34)}${cells.map((cell, i) => cell.padStart(columns[i].length + 2)).join('')}`;
  const rows = results.map((result) => {
    const { name, note, ceiling: isCeiling } = contenderOf(result);
    const time = median(result.samples);
    const spread = (Math.max(...result.samples) - Math.min(...result.samples)) / time;
    return line(`${name}${note === '' ? '' : ` (${note})`}`, [
      ((1e9 * time) / result.length).toFixed(3),
      speed(result).toFixed(2),
      Number.isFinite(ceiling) ? ((100 * speed(result)) / ceiling).toFixed(0) : '',
      `${(100 * spread).toFixed(0)} %`,
      result.cores.toFixed(1),
      isCeiling ? '' : count(errors[result.form]?.[result.dtype]?.[result.key]),
      (time / first).toFixed(2),
    ]);
  });
  return [line('', columns), ...rows].join('\n');
}

const terminal = process.stderr.isTTY;
const progress = (text) => process.stderr.write(terminal ? `\r\x1b[K${text}` : `${text}\n`);

/** Asks each contender for each form and type once; { form: { dtype: { key: error } } }. */
async function errorsOf(contenders, problems, folder) {
  const errors = {};
  let reference;
  for (const form of functions) {
    for (const dtype of new Set(problems.filter((problem) => problem.form === form.name).map((p) => p.dtype))) {
      progress(`errors: ${form.label}, ${dtype}`);
      try {
        if (dtype === 'float64') reference ??= buildReference();
      } catch {
        progress('errors of float64 need g++ with libquadmath\n');
        continue;
      }
      const problem = { form: form.name, dtype, threads: 1, inPlace: false };
      const taking = contenders.filter((contender) => !contender.ceiling && takes(contender, problem));
      errors[form.name] ??= {};
      errors[form.name][dtype] = await worstErrors(taking, form, dtype, { folder, reference });
    }
  }
  return errors;
}

/** Says how many seconds are left, from what elements have taken each contender so far. */
function clock(contenders, problems) {
  const perElement = {};
  const name = ({ key }, { form, dtype, threads }) => `${key} ${form} ${dtype} ${threads}`;
  const cost = (problem) => {
    const taking = contenders.filter((contender) => takes(contender, problem));
    const calls = taking.map((contender) => (perElement[name(contender, problem)] ?? 1e-8) * problem.length);
    return calls.reduce((sum, call) => sum + Math.max(0.02, call) + rounds * Math.max(seconds, call), 0);
  };
  const begin = performance.now();
  return (done, results) => {
    for (const result of results) perElement[name(result, result)] = median(result.samples) / result.length;
    const sum = (list) => list.reduce((total, problem) => total + cost(problem), 0);
    const elapsed = (performance.now() - begin) / 1000;
    const left = (elapsed / sum(problems.slice(0, done))) * sum(problems.slice(done));
    return `${done} of ${problems.length}, ${left.toFixed(0)} s left`;
  };
}

async function run(contenders, folder) {
  const machine = describeMachine();
  const described = contenders.map(({ key, name, version, note, ceiling }) => ({ key, name, version, note, ceiling }));
  console.log(machineText(machine));
  console.log(described.map(({ name, version, note }) => [name, version, note].filter(Boolean).join(' ')).join(', '));
  console.log(`medians of ${rounds} rounds of ${seconds} s; GB/s counts the bytes that a function reads and writes`);
  const problems = plan();
  const errors = await errorsOf(contenders, problems, folder);
  const left = clock(contenders, problems);
  const input = path.join(folder, 'x');
  const results = [];
  let written;
  for (const [i, problem] of problems.entries()) {
    const { form, dtype, length, threads, data, inPlace, allocate } = problem;
    const numbers = `${length} ${dtype} numbers (${data})`;
    if (written !== numbers) writeFileSync(input, new Uint8Array(elements(dtype, DATA[data](length)).buffer));
    written = numbers;
    const measured = await measure(contenders, problem, input);
    results.push(...measured);
    if (terminal) progress('');
    const where = `${inPlace ? ', in place' : ''}${allocate ? ', allocating' : ''}`;
    console.log(`\n${form}, ${numbers}, ${threads} thread${threads === 1 ? '' : 's'}${where}`);
    console.log(table(measured, contenders, errors));
    progress(left(i + 1, measured));
  }
  if (terminal) progress('');
  return { machine, contenders: described, rounds, seconds, errors, results };
}

/** JSON with a line for each result. */
function toJson({ results, ...rest }) {
  const lines = results.map((result) => JSON.stringify(result)).join(',\n');
  return `${JSON.stringify(rest, null, 1).slice(0, -2)},\n "results": [\n${lines}\n ]\n}\n`;
}

const isas = given.isa ?? (given.peers ? backend.isas.slice(0, 1) : [backend.isas[0], 'js']);
const copies = compile('copy', ['bench/copy.cpp']);
const commands = Object.fromEntries([...new Set([...isas, 'plain', 'copy'])].map((name) => [name, own(name)]));
if (copies === undefined) console.log('There is no C++ compiler: the ceiling is TypedArray.set, on one thread.');
else for (const name of ['memcpy', 'stream', 'update']) commands[name] = [copies, name];
if (given.peers) Object.assign(commands, LIBRARIES);
const folder = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-bench-'));
const contenders = await startPeers(commands);
try {
  const missing = Object.keys(commands).filter((name) => !contenders.some(({ key }) => key === name));
  if (missing.length > 0) console.log(`Not installed here, and left out: ${missing.join(', ')}.`);
  const measured = await run(contenders, folder);
  const file = isPart ? given.output : (given.output ?? `results/${given.peers ? 'peers' : 'own'}.json`);
  if (file !== undefined) {
    const full = given.output ?? fileURLToPath(new URL(file, import.meta.url));
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, toJson(measured));
    console.log(`\n${full}`);
  }
} finally {
  for (const contender of contenders) contender.stop();
  rmSync(folder, { recursive: true });
}
