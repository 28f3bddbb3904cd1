// The benchmarks: native against JavaScript, the loop one writes without this package, and a copy; with --peers against
// other libraries too.
//
//   npm run bench                      sizes 2^0 to 2^26, one thread and all
//   npm run bench:peers                the peers' sizes, beside PyTorch, ONNX Runtime and TensorFlow.js
//     -- --form gelu --dtype bfloat16 --length 65536 --threads 1 --data normal --rounds 9 --seconds 0.05 --in-place
//
// Each contender is a process of its own (peer.mjs). All are asked in turn, round after round, so that what disturbs the
// machine hits all alike; the table has medians. The samples, and the machine, go to results/NAME.json, from which
// charts.mjs draws.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { backend } from '../dist/backend.js';
import { sizeOf } from '../dist/bytes.js';
import { toBFloat16, toFloat16 } from '../dist/sixteenBit.js';
import { derivatives, forms } from '../test/table.mjs';
import { DATA, median } from './data.mjs';
import { startPeers } from './peer.mjs';

const { values: given } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    form: { type: 'string', multiple: true },
    dtype: { type: 'string', multiple: true },
    length: { type: 'string', multiple: true },
    threads: { type: 'string', multiple: true },
    data: { type: 'string', multiple: true },
    isa: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '0.04' },
    'in-place': { type: 'boolean', default: false },
  },
});

const all = os.availableParallelism();
const functions = [...forms, ...derivatives].map(({ name }) => name);
const sizes = given.peers ? [2 ** 16, 2 ** 20, 2 ** 24] : Array.from({ length: 14 }, (_, i) => 2 ** (2 * i));
const choice = {
  form: given.form ?? functions,
  dtype: given.dtype ?? ['float32'],
  length: (given.length ?? sizes).map(Number),
  threads: (given.threads ?? [...new Set([1, all])]).map(Number),
  data: given.data ?? ['normal'],
};
const rounds = Number(given.rounds);
const seconds = Number(given.seconds);

function elements(dtype, numbers) {
  if (dtype === 'float32') return Float32Array.from(numbers);
  return dtype === 'float64' ? numbers : Uint16Array.from(numbers, dtype === 'float16' ? toFloat16 : toBFloat16);
}

/** Whether a contender can do a case: what runs on one thread is not asked for more. */
function takes({ key, forms: names }, { form, dtype, threads, inPlace }) {
  if (key !== 'copy' && !names.includes(form)) return false;
  const single = key === 'plain' || key === 'copy' || key === 'js' || key === 'tfjs';
  if (threads > 1 && single) return false;
  if (inPlace && (key === 'plain' || key === 'copy' || key === 'ort' || key === 'tfjs')) return false;
  return dtype === 'float32' || (key !== 'ort' && key !== 'tfjs' && (key !== 'plain' || dtype === 'float64'));
}

async function measure(contenders, problem, input) {
  const taking = contenders.filter((contender) => takes(contender, problem));
  const samples = taking.map(() => []);
  for (const contender of taking) await contender.ask('prepare', { ...problem, input });
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of taking.entries())
      samples[i].push((await contender.ask('measure', { seconds })).seconds);
  }
  return taking.map(({ key, name, note }, i) => ({ ...problem, key, name, note, samples: samples[i] }));
}

function lines(results) {
  const own = results.find(({ name }) => name === 'simd-activations');
  return results.map(({ name, note, samples, length, dtype }) => {
    const time = median(samples);
    const [low, high] = [Math.min(...samples), Math.max(...samples)];
    const nanoseconds = (1e9 * time) / length;
    const bytes = (2 * sizeOf(dtype) * length) / time / 1e9;
    const ratio =
      own === undefined ? '' : `${(time / median(own.samples)).toFixed(2).padStart(8)} x the time of the first`;
    const spread = `${((100 * (high - low)) / time).toFixed(0)} %`.padStart(6);
    return `  ${`${name} ${note}`.padEnd(28)}${nanoseconds.toFixed(3).padStart(11)} ns${bytes.toFixed(2).padStart(9)} GB/s${spread}${ratio}`;
  });
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-bench-'));
const isas = given.isa ?? (given.peers ? backend.isas.slice(0, 1) : [backend.isas[0], 'js']);
const contenders = [
  ...(await startPeers([...new Set([...isas, 'plain', 'copy'])])),
  ...(given.peers ? await startPeers() : []),
];
try {
  const problems = choice.data.flatMap((data) =>
    choice.dtype.flatMap((dtype) =>
      choice.length.flatMap((length) =>
        choice.form.flatMap((form) =>
          choice.threads.map((threads) => ({ form, dtype, length, threads, data, inPlace: given['in-place'] })),
        ),
      ),
    ),
  );
  const results = [];
  const start = performance.now();
  for (const [i, problem] of problems.entries()) {
    const input = path.join(folder, 'x');
    const x = elements(problem.dtype, DATA[problem.data](problem.length));
    writeFileSync(input, new Uint8Array(x.buffer));
    const measured = await measure(contenders, problem, input);
    results.push(...measured);
    const { form, dtype, length, threads, data } = problem;
    console.log(`\n${form}, ${dtype}, ${length} elements (${data}), ${threads} thread${threads === 1 ? '' : 's'}`);
    console.log(lines(measured).join('\n'));
    const left = ((performance.now() - start) / 1000 / (i + 1)) * (problems.length - i - 1);
    process.stderr.write(`${i + 1} of ${problems.length}, ${left.toFixed(0)} s left\n`);
  }
  const machine = {
    cpu: os.cpus()[0]?.model,
    cpus: all,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
  const versions = contenders.map(({ key, name, version, note }) => ({ key, name, version, note }));
  const file = new URL(`results/${given.peers ? 'peers' : 'own'}.json`, import.meta.url);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine, versions, rounds, results }, null, 1)}\n`);
} finally {
  for (const contender of contenders) contender.stop();
  rmSync(folder, { recursive: true });
}
