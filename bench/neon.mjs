// Counts the instructions that the NEON kernels take for an element, beside the AVX2 kernels': there need not be an arm64
// machine to tell how they compare.
//
//   npm run bench:neon       writes results/instructions.json; needs g++, aarch64-linux-gnu-g++ and qemu-user-static
//
// count.cpp runs a kernel under qemu, an instruction at a time, each of which qemu logs. Those of the kernel's symbols
// count, by kind, of which objdump tells. They are those executed, on numbers like those of the benchmarks, so that
// branches weigh as often as they are taken. Instructions are not time: a division takes as long as many others.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { derivatives, forms } from '../test/table.mjs';
import { compile, isThere } from './compile.mjs';
import { DATA, elements } from './data.mjs';

const N = 1152; // a whole number of all kernels' turns

const TARGETS = {
  neon: { cross: 'aarch64-linux-gnu-', qemu: ['qemu-aarch64-static'] },
  avx2: { cross: '', qemu: ['qemu-x86_64-static', '-cpu', 'max'] },
};

// The first that matches a mnemonic; NEON's, then AVX2's.
const KINDS = [
  ['divide', /^(fdiv|vdiv)/],
  ['fused', /^(fml[as]|fn?m(add|sub)|vfn?m)/],
  ['add, multiply', /^(f(add|sub|n?mul|neg|abs)|v(add|sub|mul)[ps])/],
  ['compare, select', /^(f?cm|fac|bsl|bi[tf]|fcsel|f?(max|min)|vp?(cmp|blend|max|min|test))/],
  ['convert', /^(fcvt|[su]cvtf|vcvt)/],
  ['load, store, move', /^(ld|st|adr|f?mov|dup|ins|umov|v?p?mov|vp?broadcast|v(insert|extract)|push|pop)/],
  ['other', /^/],
];

/** The kind of the instruction at each address. */
function kindsOf(program, objdump) {
  const listing = execFileSync(objdump, ['-d', '--no-show-raw-insn', program], {
    encoding: 'latin1',
    maxBuffer: 2 ** 30,
  });
  const lines = listing.matchAll(/^ *([0-9a-f]+):\s+([a-z][\w.]*)/gm);
  return new Map([...lines].map(([, at, name]) => [Number.parseInt(at, 16), KINDS.find(([, of]) => of.test(name))[0]]));
}

/** Instructions an element, by kind. */
function count(program, qemu, kinds, [isa, form, dtype], folder) {
  const log = path.join(folder, 'log');
  const input = new Uint8Array(elements(dtype, DATA.normal(N)).buffer);
  const [command, ...options] = [...qemu, '-d', 'exec,nochain', '-D', log, program, isa, form, dtype, String(N)];
  const env = { ...process.env, QEMU_SINGLESTEP: '1', QEMU_ONE_INSN_PER_TB: '1' }; // the older and the newer name
  const { status, stderr } = spawnSync(command, options, { input, env });
  if (status !== 0) throw new Error(`${isa} ${form} ${dtype} failed under qemu: ${stderr}`);
  const counts = Object.fromEntries([['all', 0], ...KINDS.map(([kind]) => [kind, 0])]);
  for (const [, at] of readFileSync(log, 'latin1').matchAll(/\[\w+\/(\w+)\/\S+ \w*simd_activations\w*_GLOBAL_/g)) {
    counts.all += 1 / N;
    counts[kinds.get(Number.parseInt(at, 16))] += 1 / N;
  }
  return Object.fromEntries(Object.entries(counts).map(([kind, value]) => [kind, Number(value.toFixed(2))]));
}

const commands = Object.values(TARGETS).flatMap(({ cross, qemu }) => [`${cross}g++`, `${cross}objdump`, qemu[0]]);
const missing = commands.filter((command) => !isThere(command));
if (missing.length > 0) {
  console.error(`Nothing was counted: there is no ${missing.join(', no ')}.`);
  process.exit(1);
}
const folder = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-neon-'));
try {
  const kernels = readdirSync(new URL('../native/isa/', import.meta.url)).filter((file) => file.endsWith('.cpp'));
  const sources = [
    'bench/count.cpp',
    'native/dispatch.cpp',
    'native/cpu.cpp',
    ...kernels.map((f) => `native/isa/${f}`),
  ];
  const flags = ['-fno-exceptions', '-fno-rtti', '-fno-math-errno', '-ffp-contract=off', '-static'];
  const isas = {};
  for (const [isa, { cross, qemu }] of Object.entries(TARGETS)) {
    process.stderr.write(`${isa}: compiling\n`);
    const program = compile(`count-${isa}`, sources, { candidates: [`${cross}g++`], flags });
    const kinds = kindsOf(program, `${cross}objdump`);
    isas[isa] = {};
    for (const { name, label } of [...forms, ...derivatives]) {
      process.stderr.write(`${isa}: ${label}\n`);
      const dtypes = ['float32', 'float64', 'float16', 'bfloat16'];
      const counted = dtypes.map((dtype) => [dtype, count(program, qemu, kinds, [isa, name, dtype], folder)]);
      isas[isa][name] = Object.fromEntries(counted);
    }
  }
  const compiler = execFileSync('g++', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const text = JSON.stringify({ compiler, isas }, null, 1);
  writeFileSync(new URL('results/instructions.json', import.meta.url), `${text}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
