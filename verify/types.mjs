// The checks of float16, bfloat16 and float64 against reference.cpp.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { digestOf, sixteenBitInputs } from './blocks.mjs';

/** What float64 results may be off by, in units in the last place. Subnormal ones are rounded twice. */
export const FLOAT64_BOUNDS = { normal: 0.6, subnormal: 0.76 };

/** How many of all 65536 results are wrong, the bits of the first such input, and the results' digest. */
export function wrongSixteenBit(program, form, dtype) {
  const expected = execFileSync(program, [form.name, dtype], { maxBuffer: 2 ** 20 });
  const y = form.runBits(sixteenBitInputs(), dtype);
  let misrounded = 0;
  let at;
  for (let i = 0; i < 65536; i++) {
    if (y[i] === expected.readUInt16LE(2 * i)) continue;
    misrounded++;
    at ??= i;
  }
  return { misrounded, at, digest: digestOf(y) };
}

/**
 * 2^20 inputs: bit patterns of all binades between 2^-1074 and 1000, uniform ones where the functions bend, and the
 * neighbourhoods of where results become subnormal and pieces of formulas meet.
 */
function float64Inputs() {
  let state = 1n;
  const next = () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 11n) / 2 ** 53;
  };
  const places = [
    -745.2, -708.4, -751.8, -108.7, -38.6, -37.5, -21.5, -1.2785, -1.1924, -0.7518, -0.7525, 0, 9, 20, 40, 50,
  ];
  return Float64Array.from({ length: 2 ** 20 }, (_, i) => {
    const sign = next() < 0.5 ? -1 : 1;
    if (i % 4 === 0) return sign * (1 + next()) * 2 ** Math.floor(next() * 1084 - 1074);
    if (i % 4 === 1) return sign * next() * 40;
    if (i % 4 === 2) return sign * next() * 760;
    return places[i % 16 === 15 ? (i >> 4) % 16 : i % 16] + (next() - 0.5) * 2 ** -Math.floor(next() * 45);
  });
}

/** The worst errors over the inputs, in units in the last place (near a derivative's root, of 1/8), and where. */
export async function worstFloat64Error(program, form) {
  const x = float64Inputs();
  const y = await form.run(x);
  const pairs = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) pairs.set([x[i], y[i]], 2 * i);
  const child = spawn(program, [form.name, 'float64'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(Buffer.from(pairs.buffer));
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  await once(child, 'close');
  const [normal, normalAt, subnormal, subnormalAt] = Buffer.concat(output).toString().trim().split(' ').map(Number);
  return { inputs: x.length, normal, normalAt, subnormal, subnormalAt };
}
