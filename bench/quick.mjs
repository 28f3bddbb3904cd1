// The quick suite: native against JavaScript on one large batch, with identical bits. Under a minute.

import os from 'node:os';
import { backend, useIsa } from '../dist/backend.js';
import { getNumThreads, setNumThreads } from '../dist/index.mjs';
import { forms } from '../test/table.mjs';
import { DATA, median } from './data.mjs';
import { plain } from './plain.mjs';

const LENGTH = 2 ** 24;
const ROUNDS = 3;

// Who takes part: each instruction set on one and on all threads, JavaScript, the plain loop, and a copy as the ceiling.
function contendersFor(form, allThreads) {
  const ours = (isa, threads) => ({
    label: isa === 'js' ? 'this package in JavaScript' : `${isa}, ${threads} thread${threads === 1 ? '' : 's'}`,
    exact: true,
    run(x, out) {
      useIsa(isa);
      setNumThreads(threads);
      form.run(x, { out });
    },
  });
  const native = backend.isas
    .filter((isa) => isa !== 'js')
    .flatMap((isa) => (allThreads === 1 ? [ours(isa, 1)] : [ours(isa, 1), ours(isa, allThreads)]));
  return [
    { label: 'plain Math.* loop', run: plain[form.name] },
    ours('js', 1),
    ...native,
    { label: 'memcpy (TypedArray.set)', ceiling: true, run: (x, out) => out.set(x) },
  ];
}

function differences(a, b) {
  const [u, v] = [new Uint32Array(a.buffer), new Uint32Array(b.buffer)];
  let count = 0;
  for (let i = 0; i < u.length; i++) if (u[i] !== v[i]) count++;
  return count;
}

function measure(form, x, out, reference, allThreads, progress) {
  const contenders = contendersFor(form, allThreads);
  useIsa('js');
  form.run(x, { out: reference });
  const times = contenders.map(() => []);
  // Interleaved, so that a disturbance of the machine hits all alike. The first round warms up and compares the bits.
  for (let round = 0; round <= ROUNDS; round++) {
    contenders.forEach((contender, i) => {
      progress(`${form.label}: round ${round} of ${ROUNDS}, ${contender.label}`);
      out.fill(0);
      const start = performance.now();
      contender.run(x, out);
      if (round > 0) times[i].push(performance.now() - start);
      else contender.differences = differences(out, reference);
    });
  }
  return contenders.map((contender, i) => ({ ...contender, seconds: median(times[i]) / 1000 }));
}

function table(form, rows) {
  const loop = rows[0].seconds;
  const js = rows[1].seconds;
  const lines = [`${form.label.padEnd(28)}     GB/s    Gelem/s   x loop     x JS   bits`];
  for (const row of rows) {
    const speed = LENGTH / row.seconds / 1e9;
    let bits = '';
    if (row.exact) bits = row.differences === 0 ? 'equal' : `${row.differences} DIFFER`;
    else if (!row.ceiling) bits = `${((100 * row.differences) / LENGTH).toFixed(1)} % differ`;
    lines.push(
      `  ${row.label.padEnd(26)} ${(8 * speed).toFixed(2).padStart(8)} ${speed.toFixed(3).padStart(10)}` +
        ` ${(loop / row.seconds).toFixed(1).padStart(8)} ${(js / row.seconds).toFixed(1).padStart(8)}   ${bits}`,
    );
  }
  return lines.join('\n');
}

function main() {
  const allThreads = getNumThreads();
  const progress = process.stderr.isTTY
    ? (text) => process.stderr.write(`\r\x1b[K${text}`)
    : (text) => text.includes('round 0') && text.includes('loop') && process.stderr.write(`${text}\n`);
  console.log(`${os.cpus()[0]?.model ?? process.arch}, ${allThreads} threads, Node ${process.version}`);
  console.log(`${LENGTH} float32 pre-activations, N(0, 2^2); GB/s counts the bytes read and written`);
  if (backend.isas.length === 1) console.log('The native binary is not in use: JavaScript alone is measured.');

  const x = Float32Array.from(DATA.preActivations(LENGTH));
  const out = new Float32Array(LENGTH);
  const reference = new Float32Array(LENGTH);
  let equal = true;
  for (const form of forms) {
    const rows = measure(form, x, out, reference, allThreads, progress);
    progress('');
    console.log(`\n${table(form, rows)}`);
    equal &&= rows.every((row) => !row.exact || row.differences === 0);
  }
  console.log(equal ? '\nNative and JavaScript agree in every bit.' : '\nNative and JavaScript DIFFER: this is a bug.');
  process.exitCode = equal ? 0 : 1;
}

main();
