// What the sources promise of each other and of the binary.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from './support.js';
import { derivatives, forms } from './table.mjs';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** All doubles among a source's literals, hexadecimal or decimal, positive. */
function constants(source: string): Set<number> {
  const code = source.replace(/\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '');
  const hexadecimal = [...code.matchAll(/0x1(?:\.([0-9a-f]+))?p([+-]?\d+)/g)].map(([, fraction = '', exponent]) => {
    const significand = Number.parseInt(`1${fraction}`, 16) / 16 ** fraction.length;
    return significand * 2 ** Number(exponent);
  });
  const decimal = [...code.replace(/0x[\w.+]*p[+-]?\d+/g, '').matchAll(/\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b/g)].map(Number);
  return new Set([...hexadecimal, ...decimal].filter((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 40));
}

describe('the two languages', () => {
  it.each([
    ['native/math.h', 'lib/math.ts'],
    ['native/wide.h', 'lib/wide.ts'],
    ['native/wide_tables.h', 'lib/wideTables.ts'],
  ])('have the same constants in %s and %s', (cpp, ts) => {
    const [a, b] = [constants(read(cpp)), constants(read(ts))];
    expect(a.size).toBeGreaterThan(20);
    expect([...b].filter((value) => !a.has(value))).toEqual([]);
    expect([...a].filter((value) => !b.has(value) && !Number.isInteger(Math.log2(value)))).toEqual([]);
  });

  it.each([['native/activations.h', 'native/derivatives.h', 'lib/activations.ts', 'lib/derivatives.ts']])(
    'have the same constants in the formulas',
    (...files) => {
      const [native, ours] = [files.slice(0, 2), files.slice(2)].map((pair) =>
        constants(pair.map(read).join('\n')),
      ) as [Set<number>, Set<number>];
      // The wide formulas' powers of 2 are sums of exponents there.
      const missing = [...native].filter((value) => !ours.has(value) && !Number.isInteger(Math.log2(value)));
      expect(missing).toEqual([]);
      expect(native.size).toBeGreaterThan(60);
    },
  );

  it('have the same list of functions', () => {
    const list = read('native/activations.h').match(/define SIMD_ACTIVATIONS_FUNCTIONS\(X\)(.*)/)?.[1] ?? '';
    const native = [...list.matchAll(/X\((\w+)\)/g)].map((match) => match[1] as string);
    const kernels = (file: string) => [...read(file).matchAll(/name: '(\w+)'/g)].map((match) => match[1]);
    const backward = native.map((name) => `${name}Backward`);
    expect(kernels('lib/activations.ts')).toEqual(native);
    expect(kernels('lib/derivatives.ts')).toEqual(backward);
    expect(forms.map((form) => form.name)).toEqual(native);
    expect(derivatives.map((derivative) => derivative.name)).toEqual(backward);
  });

  it('have the same instruction sets in isa.def and in the folder', () => {
    const names = [...read('native/isa/isa.def').matchAll(/ISA\((\w+)\)/g)].map((match) => `${match[1]}.cpp`);
    const files = readdirSync(path.join(root, 'native/isa')).filter((file) => file.endsWith('.cpp'));
    expect(names.toSorted()).toEqual(files.toSorted());
  });
});

// The results do not hold tables to their last bits: the quick paths' rounding test forgives these, and float64's bound.
const canFit = spawnSync('python3', ['-c', 'import mpmath, numpy']).status === 0;

describe.skipIf(!canFit).each([
  ['fit_quick.py', 'quick_exp.h', 'quick_tail_tables.h'],
  ['fit_wide.py', 'wide.h', 'wide_tables.h'],
])('tools/%s', (script, ...files) => {
  const numbers = (text: string) =>
    (text.match(/-?0x[0-9a-f]+(?:\.[0-9a-f]+)?(?:p[+-]?\d+)?/g) ?? []).map((number) =>
      number
        .replace(/(\.[0-9a-f]*?)0+p/, '$1p')
        .replace('.p', 'p')
        .replace('p+', 'p'),
    );
  let computed: Set<string>;
  beforeAll(() => {
    const output = execFileSync('python3', [`tools/${script}`], { cwd: root, encoding: 'utf8' });
    computed = new Set(numbers(output));
  }, 600_000); // most of a minute, if nothing else runs

  it.each(files)('computes the tables in %s', (file) => {
    const tables = [...read(`native/${file}`).matchAll(/= (\{[^;]*\});/g)].flatMap(([, table]) =>
      numbers(table as string),
    );
    expect(tables.length).toBeGreaterThan(70);
    expect(tables.filter((value) => !computed.has(value))).toEqual([]);
  });
});

const objects = path.join(root, 'native/build/Release/obj.target/simd_activations/isa');

describe.skipIf(process.platform !== 'linux' || !existsSync(objects))('the kernels', () => {
  it.each(['avx512', 'avx2', 'neon', 'scalar'])('of %s export their table alone', (isa) => {
    const symbols = execFileSync('nm', ['-g', '--defined-only', path.join(objects, `${isa}.o`)], { encoding: 'utf8' });
    const elsewhere = process.arch === 'x64' ? ['neon'] : ['avx512', 'avx2'];
    const table = `_ZN16simd_activations${isa.length + 3}${isa}IsaE`;
    expect([...symbols.matchAll(/ (\w) (\S+)$/gm)].map((m) => [m[1], m[2]])).toEqual(
      elsewhere.includes(isa) ? [] : [[expect.stringMatching(/^[DR]$/), table]],
    );
    // What they call: no libm, no C++ library.
    const undefinedSymbols = execFileSync('nm', ['-u', path.join(objects, `${isa}.o`)], { encoding: 'utf8' });
    const called = [...undefinedSymbols.matchAll(/ U (\S+)/g)].map((m) => m[1]);
    expect(
      called.filter((name) => !/^(memcpy|memset|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail)$/.test(name as string)),
    ).toEqual([]);
  });

  it('are all compiled without an option for an instruction set', () => {
    for (const file of ['CMakeLists.txt', 'native/binding.gyp']) expect(read(file)).not.toMatch(/-m(avx|fma|arch|sse)/);
  });
});
