// Draws what bench.mjs and neon.mjs measured, and writes it into README.md, and the project's, as tables.
//
//   npm run bench:charts             from results/*.json, writes charts/*.svg and the tables between README.md's markers
//   npm run bench:charts -- --check  fails if they are not what it would write

import { existsSync, readFileSync } from 'node:fs';
import { COLORS, page, plot, writeOrCheck } from '../docs/svg.mjs';
import { derivatives, forms } from '../test/table.mjs';
import { bytesOf, median } from './data.mjs';
import { machineText } from './machine.mjs';

const here = (file) => new URL(file, import.meta.url);
const read = (file) => (existsSync(here(file)) ? JSON.parse(readFileSync(here(file), 'utf8')) : undefined);
const functions = [...forms, ...derivatives];
const CACHED = 2 ** 16;
const LARGE = 2 ** 24;
const DTYPES = ['float32', 'float64', 'float16', 'bfloat16'];

/** A run, with what is asked of it: seconds a call, and the best that memory can do, in bytes a second. */
function open(name) {
  const run = read(`results/${name}.json`);
  if (run === undefined) return undefined;
  const { results, contenders, errors } = run;
  const ceilings = contenders.filter((contender) => contender.ceiling).map(({ key }) => key);
  const all = Math.max(...results.map(({ threads }) => threads));
  const select = (wanted) => {
    const full = { data: 'normal', dtype: 'float32', threads: 1, inPlace: false, allocate: false, ...wanted };
    return results.filter((result) => Object.entries(full).every(([key, value]) => result[key] === value));
  };
  return {
    ...run,
    all,
    native: contenders[0].key,
    lengths: [...new Set(select({}).map(({ length }) => length))],
    time: (wanted) => select(wanted).map(({ samples }) => median(samples))[0],
    error: ({ key, form, dtype = 'float32' }) => errors[form]?.[dtype]?.[key],
    memory(wanted) {
      const copies = select(wanted).filter(({ key }) => ceilings.includes(key));
      return Math.max(...copies.map((copy) => bytesOf(copy, { ceiling: true }) / median(copy.samples)));
    },
  };
}

const threadsText = (count) => (count === 1 ? 'one thread' : `${count} threads`);
const number = (value, digits = 2) => {
  if (value === undefined || Number.isNaN(value)) return '';
  if (typeof value !== 'number') return value;
  return value >= 1e4 ? value.toExponential(1).replace('e+', 'e') : String(Number(value.toPrecision(digits)));
};

// ---- Charts ----

const FORM_COLORS = { ...COLORS, geluTanh: ['#0f7f99', '#5fd0e6'] };
const SERIES = {
  all: { label: 'native, all threads', color: COLORS.gelu },
  one: { label: 'native, one thread', color: COLORS.silu },
  js: { label: 'this package in JavaScript', color: COLORS.mish },
  plain: { label: 'loop over Math.*', color: COLORS.softplus },
  copy: { label: 'best copy', color: ['#6e7781', '#8b949e'] },
};
const PEERS = {
  own: { label: 'this package', color: COLORS.gelu },
  torch: { label: 'PyTorch', color: COLORS.mish },
  ort: { label: 'ONNX Runtime', color: COLORS.silu },
  tfjs: { label: 'TensorFlow.js', color: COLORS.softplus },
  plain: { label: 'loop over Math.*', color: ['#6e7781', '#8b949e'] },
};
/** As which a run's samples know one of them. */
const keyOf = (run, name) => (name === 'own' ? run.native : name);
const SERIES_COLORS = Object.fromEntries(Object.entries(SERIES).map(([name, { color }]) => [name, color]));

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const power = (base, exponent) => `${base}${[...String(exponent)].map((digit) => SUPERSCRIPTS[digit]).join('')}`;
const decades = (from, to, unit = (e) => power(10, e)) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ at: 10 ** (from + i), label: unit(from + i) }));
const giga = (exponent) => String(10 ** (exponent - 9));

function legend(entries, left, top) {
  const row = ([name, label], i) =>
    `<path class="line ${name}" d="M${left} ${top + 22 * i}h28"/>` +
    `<text class="t-${name}" x="${left + 36}" y="${top + 4 + 22 * i}">${label}</text>`;
  return entries.map(row).join('\n');
}

/** Elements a second against the number of elements, a panel for each function. */
function speed(run, rows, title) {
  const panels = rows.map(({ name, label }, i) => {
    const axes = plot({
      left: 60 + (i % 3) * 300,
      top: 80 + Math.floor(i / 3) * 290,
      width: 230,
      height: 210,
      x: {
        range: [1, 2 ** 26],
        log: true,
        ticks: [0, 8, 16, 24].map((e) => ({ at: 2 ** e, label: power(2, e) })),
      },
      y: { range: [1e6, 5e10], log: true, ticks: decades(6, 10, giga) },
      title: label,
    });
    const draw = (series, seconds) => {
      const points = run.lengths.map((length) => [length, length / seconds(length)]);
      const known = points.filter(([, y]) => Number.isFinite(y)).map(([x, y]) => [x, Math.max(y, 1e6)]);
      if (known.length > 1) axes.line(series, known);
    };
    const time = (key, threads) => (length) => run.time({ key, form: name, length, threads });
    draw('copy', (length) => {
      const counts = [1, run.all].map((threads) => run.memory({ form: name, length, threads }));
      return bytesOf({ form: name, dtype: 'float32', length }) / Math.max(...counts);
    });
    draw('plain', time('plain', 1));
    draw('js', time('js', 1));
    draw('all', time(run.native, run.all));
    draw('one', time(run.native, 1));
    return axes.body();
  });
  const entries = Object.entries(SERIES).map(([name, { label }]) => [name, label]);
  const notes = [
    `<text class="title" x="60" y="30">${title}: billion float32 numbers a second, against their number</text>`,
    legend(entries, 670, 420),
  ];
  const body = [...notes, ...panels].join('\n');
  return page({ width: 930, height: 630, label: `${title}: speed against size`, colors: SERIES_COLORS, body });
}

/** How many times as fast the native code is on large arrays. */
function speedUp(run) {
  const lines = [];
  const draw = (left, title, rows, key) => {
    lines.push(`<text class="title" x="${left}" y="30">${title}</text>`);
    const ratios = rows.map(({ name }) =>
      [1, run.all].map((threads) => {
        const time = (contender, count) => run.time({ key: contender, form: name, length: LARGE, threads: count });
        return time(key, 1) / time(run.native, threads);
      }),
    );
    const largest = Math.max(...ratios.flat().filter(Number.isFinite));
    for (const [i, { label }] of rows.entries()) {
      const top = 50 + i * 44;
      lines.push(`<text x="${left + 84}" y="${top + 21}" text-anchor="end">${label}</text>`);
      for (const [k, series] of ['one', 'all'].entries()) {
        const ratio = ratios[i][k];
        if (!Number.isFinite(ratio)) continue;
        const width = Math.round((270 * ratio) / largest);
        lines.push(`<rect class="t-${series}" x="${left + 92}" y="${top + 17 * k}" width="${width}" height="14"/>`);
        lines.push(`<text x="${left + 98 + width}" y="${top + 12 + 17 * k}">${ratio.toFixed(1)}</text>`);
      }
    }
  };
  draw(20, 'Times as fast as this package in JavaScript', functions, 'js');
  draw(480, 'Times as fast as a loop over Math.*', forms, 'plain');
  const entries = ['one', 'all'].map((name) => [name, SERIES[name].label]);
  lines.push(legend(entries, 572, 330), `<text x="572" y="390">${power(2, 24)} float32 numbers</text>`);
  const label = 'How many times as fast native code is as JavaScript';
  return page({ width: 930, height: 500, label, colors: SERIES_COLORS, body: lines.join('\n') });
}

/** What the kernels do in the cache, under what memory allows. */
function roofline(run) {
  const sizes = [4, 6, 8, 12, 16, 24];
  const axes = plot({
    left: 60,
    top: 60,
    width: 560,
    height: 400,
    x: { range: [3, 32], log: true, ticks: sizes.map((at) => ({ at, label: String(at) })) },
    y: { range: [3e7, 6e10], log: true, ticks: decades(8, 10, giga) },
    title: 'Billion elements a second, against bytes read and written for each',
  });
  const roof = (label, wanted, below) => {
    const bandwidth = run.memory({ form: forms[0].name, ...wanted });
    const ends = [3, 32].map((bytes) => [bytes, bandwidth / bytes]);
    axes.line('copy', ends);
    const text = `${label}: ${(bandwidth / 1e9).toFixed(0)} GB/s`;
    // Where the line leaves room: it falls.
    if (below) axes.text('', 31.5, ends[1][1] / 1.4, text, 'end');
    else axes.text('', 3.1, ends[0][1] * 1.12, text);
  };
  roof('copying in the cache, one thread', { length: CACHED }, false);
  roof('copying in memory, one thread', { length: LARGE }, true);
  if (run.all > 1) roof(`copying in memory, ${threadsText(run.all)}`, { length: LARGE, threads: run.all }, false);
  for (const dtype of DTYPES) {
    for (const { name } of functions) {
      const form = name.replace('Backward', '');
      const bytes = bytesOf({ form: name, dtype, length: 1 });
      const shift = 1 + 0.03 * (Object.keys(FORM_COLORS).indexOf(form) - 2) + (dtype === 'bfloat16' ? 0.01 : 0);
      const rate = (wanted) => wanted.length / run.time({ key: run.native, form: name, dtype, ...wanted });
      const [cached, large] = [rate({ length: CACHED }), rate({ length: LARGE, threads: run.all })];
      if (Number.isFinite(cached)) axes.dot(form, bytes * shift, cached);
      if (Number.isFinite(large)) axes.ring(form, bytes * shift, large);
    }
  }
  const entries = forms.map(({ name, label }) => [name, label]);
  const explained = [
    `Dots: ${power(2, 16)} elements, one thread.`,
    `Rings: ${power(2, 24)} elements, all threads.`,
    '4 bytes: float16, bfloat16; 8: float32; 16: float64;',
    'half as much again: with a gradient.',
  ].map((text, i) => `<text x="640" y="${220 + 20 * i}">${text}</text>`);
  const body = [axes.body(), legend(entries, 640, 80), ...explained].join('\n');
  const colors = { ...FORM_COLORS, copy: SERIES.copy.color };
  return page({ width: 960, height: 500, label: 'The kernels under the limits of memory', colors, body });
}

/** Nanoseconds an element, of everybody. */
function beside(run) {
  const panels = [
    [60 + 60, CACHED, 1],
    [560, LARGE, run.all],
  ];
  const parts = panels.map(([left, length, threads], panel) => {
    const axes = plot({
      left,
      top: 60,
      width: 380,
      height: 330,
      x: { range: [0.1, 100], log: true, ticks: decades(-1, 2, (e) => String(10 ** e)) },
      y: {
        range: [functions.length + 0.5, 0.5],
        ticks: functions.map(({ label }, i) => ({ at: i + 1, label: panel === 0 ? label : '' })),
      },
      title: `${power(2, Math.log2(length))} numbers, ${threadsText(threads)}`,
    });
    for (const [i, { name }] of functions.entries()) {
      for (const key of Object.keys(PEERS)) {
        const count = ['plain', 'tfjs'].includes(key) ? 1 : threads;
        const time = (1e9 * run.time({ key: keyOf(run, key), form: name, length, threads: count })) / length;
        if (Number.isFinite(time)) axes.dot(key, Math.min(Math.max(time, 0.1), 100), i + 1);
      }
    }
    return axes.body();
  });
  const entries = Object.entries(PEERS).map(
    ([name, { label }], i) =>
      `<circle class="t-${name}" cx="${130 + 170 * i}" cy="440" r="5"/><text x="${142 + 170 * i}" y="444">${label}</text>`,
  );
  const unit = '<text x="480" y="478" text-anchor="middle">nanoseconds for each float32 number: less is faster</text>';
  const colors = Object.fromEntries(Object.entries(PEERS).map(([name, { color }]) => [name, color]));
  const label = 'Nanoseconds an element of this package and of others';
  return page({ width: 970, height: 500, label, colors, body: [...parts, ...entries, unit].join('\n') });
}

// ---- Tables ----

function markdown(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(line)].join('\n');
}

/** A machine and the versions of who took part. */
function circumstances({ machine, contenders, rounds }) {
  const versions = contenders.filter(({ version }) => version !== '').map(({ name, version }) => `${name} ${version}`);
  return `${[machineText(machine).replace('\n', ' '), ...versions].join(', ')}; medians of ${rounds} rounds.\n`;
}

function speedTable(run) {
  const columns = [
    'function',
    'ns, one thread',
    'in JavaScript',
    'loop',
    `GB/s, large, ${threadsText(run.all)}`,
    '% of copying',
    'times JavaScript',
    'times the loop',
  ];
  const rows = functions.map(({ name: form, label }) => {
    const cached = (key) => number((1e9 * run.time({ key, form, length: CACHED })) / CACHED, 3);
    const large = run.time({ key: run.native, form, length: LARGE, threads: run.all });
    const bandwidth = bytesOf({ form, dtype: 'float32', length: LARGE }) / large;
    const share = (100 * bandwidth) / run.memory({ form, length: LARGE, threads: run.all });
    const times = (key) => number(run.time({ key, form, length: LARGE }) / large, 3);
    return [
      label,
      ...[run.native, 'js', 'plain'].map(cached),
      number(bandwidth / 1e9, 3),
      share.toFixed(0),
      times('js'),
      times('plain'),
    ];
  });
  return `${circumstances(run)}\n${markdown(columns, rows)}`;
}

function typesTable(run) {
  const columns = ['function', ...DTYPES, 'float32 in place, large', 'not in place'];
  const rows = functions.map(({ name: form, label }) => {
    const time = (wanted) => number((1e9 * run.time({ key: run.native, form, ...wanted })) / wanted.length, 3);
    const large = { length: LARGE, threads: run.all };
    return [
      label,
      ...DTYPES.map((dtype) => time({ dtype, length: CACHED })),
      time({ ...large, inPlace: true }),
      time(large),
    ];
  });
  return markdown(columns, rows);
}

const takingPart = (run) =>
  Object.keys(PEERS).filter((key) => key === 'own' || run.contenders.some((one) => one.key === key));

/** What the project's README shows: the functions' errors and times. */
function overviewTable(run) {
  const keys = takingPart(run);
  const exact = keys.filter((key) => key !== 'plain');
  const rows = forms.map(({ name: form, label }) => [
    label,
    ...exact.map((name) => number(run.error({ key: keyOf(run, name), form }), 3)),
    ...keys.map((name) =>
      number((1e9 * run.time({ key: keyOf(run, name), form, length: CACHED, threads: 1 })) / CACHED),
    ),
  ]);
  const labels = (what, names) => names.map((name, i) => (i === 0 ? `${what}: ` : '') + PEERS[name].label);
  return markdown(['', ...labels('worst error', exact), ...labels('ns', keys)], rows);
}

function peersTable(run, length, threads, allocate = false) {
  const keys = takingPart(run);
  const rows = functions.map(({ name: form, label }) => {
    const cells = keys.map((name) => {
      const key = keyOf(run, name);
      const time = [threads, 1].map((count) => run.time({ key, form, length, threads: count, allocate }));
      const value = time.find((seconds) => seconds !== undefined);
      if (value === undefined) return '';
      return `${number((1e9 * value) / length, 3)} (${number(run.error({ key, form }), 3)})`;
    });
    return [label, ...cells];
  });
  return markdown(['function', ...keys.map((key) => PEERS[key].label)], rows);
}

const CORES = 64;
const BANDWIDTH = 300e9;

function paperTable(run) {
  const rows = functions.map(({ name: form, label }) => {
    const cells = DTYPES.map((dtype) => {
      const seconds = run.time({ key: run.native, form, dtype, length: CACHED }) / CACHED;
      const [compute, memory] = [CORES / seconds, BANDWIDTH / bytesOf({ form, dtype, length: 1 })];
      return `${number(Math.min(compute, memory) / 1e9, 3)} (${compute < memory ? 'cores' : 'memory'})`;
    });
    return [label, ...cells];
  });
  return markdown(['billion elements a second', ...DTYPES], rows);
}

function instructionsTable({ isas }) {
  const names = Object.keys(isas);
  const columns = DTYPES.flatMap((dtype) => names.map((isa) => `${dtype}, ${isa}`));
  const rows = functions.map(({ name, label }) => [
    label,
    ...DTYPES.flatMap((dtype) => names.map((isa) => number(isas[isa][name]?.[dtype]?.all, 3))),
  ]);
  const kinds = Object.keys(isas[names[0]].gelu.float32);
  const mixes = forms.flatMap(({ name, label }) =>
    names.map((isa) => [label, isa, ...kinds.map((kind) => number(isas[isa][name].float32[kind], 3))]),
  );
  return `${markdown(['function', ...columns], rows)}\n\nOf which, in float32:\n\n${markdown(['function', 'set', ...kinds], mixes)}`;
}

const files = {};
const pages = Object.fromEntries(['README.md', '../README.md'].map((page) => [page, readFileSync(here(page), 'utf8')]));

function write(section, text, file = 'README.md') {
  const readme = pages[file];
  const [begin, end] = [`<!-- ${section}: written by npm run bench:charts -->\n`, `\n<!-- end -->`];
  const from = readme.indexOf(begin) + begin.length;
  if (from < begin.length) throw new Error(`${file} has no section ${section}`);
  pages[file] = `${readme.slice(0, from)}\n${text}\n${readme.slice(readme.indexOf(end, from))}`;
}

const own = open('own');
if (own !== undefined) {
  files['charts/speed.svg'] = speed(own, forms, 'The functions');
  files['charts/speed-backward.svg'] = speed(own, derivatives, 'Their derivatives');
  files['charts/speed-up.svg'] = speedUp(own);
  files['charts/roofline.svg'] = roofline(own);
  write('speed', speedTable(own));
  write('types', typesTable(own));
  write('paper', paperTable(own));
}
const peers = open('peers');
if (peers !== undefined) {
  files['charts/peers.svg'] = beside(peers);
  write('overview', overviewTable(peers), '../README.md');
  write('peers', circumstances(peers));
  write('peers-small', peersTable(peers, CACHED, 1));
  write('peers-large', peersTable(peers, LARGE, peers.all));
  write('peers-allocating', peersTable(peers, LARGE, peers.all, true));
}
const instructions = read('results/instructions.json');
if (instructions !== undefined) write('instructions', instructionsTable(instructions));
writeOrCheck(import.meta.url, { ...files, ...pages });
