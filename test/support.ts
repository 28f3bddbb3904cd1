// What the test files share.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { backend, lastIsa, useIsa } from '../dist/backend.js';
import { silu } from '../dist/index.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** A folder of material beside the project, where there is one. */
export const shared = (name: string): string => path.join(root, '..', 'shared', name);
export const hasShared = (name: string): boolean => existsSync(shared(name));

/** Runs a suite on every backend of this machine, and proves that it was that one. */
export function onEachIsa(suite: (isa: string) => void): void {
  describe.each([...backend.isas])('on %s', (isa) => {
    beforeAll(() => {
      if (isa === 'js' && backend.isas.includes('scalar')) markNative();
      useIsa(isa);
    });
    suite(isa);
    afterAll(() => {
      expect(backend.isa).toBe(isa);
      expect(backend.kind).toBe(isa === 'js' ? 'js' : 'native');
      // What the code that ran last says of itself. JavaScript leaves the mark of before.
      if (lastIsa() !== undefined) expect(lastIsa()).toBe(isa === 'js' ? 'scalar' : isa);
      useIsa(backend.isas[0] as string);
    });
  });
}

function markNative(): void {
  useIsa('scalar');
  silu(Float32Array.of(1));
}

type Words = Uint16Array | Uint32Array | BigUint64Array;
type Numbers = Float32Array | Float64Array | Uint16Array;

function words(array: Numbers): Words {
  const { buffer, byteOffset, length } = array;
  if (array instanceof Uint16Array) return array;
  return array.BYTES_PER_ELEMENT === 4
    ? new Uint32Array(buffer, byteOffset, length)
    : new BigUint64Array(buffer, byteOffset, length);
}

/** Equality of bits, so that -0 differs from 0 and NaN equals NaN. `x` is for the message. */
export function expectSameBits(actual: Numbers, expected: Numbers, x?: Numbers): void {
  expect(actual.constructor.name).toBe(expected.constructor.name);
  expect(actual.length).toBe(expected.length);
  const [a, b] = [words(actual), words(expected)];
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const of = x === undefined ? '' : ` for x = ${x[i]}`;
    expect.fail(
      `element ${i} is ${actual[i]} (0x${a[i]?.toString(16)}), not ${expected[i]} (0x${b[i]?.toString(16)})${of}`,
    );
  }
}

/** Reproducible numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** `length` numbers of all magnitudes and both signs, special ones among them. */
export function hostile<T extends Numbers>(array: T, seed = 1): T {
  const next = random(seed);
  if (array instanceof Uint16Array) {
    for (let i = 0; i < array.length; i++) array[i] = next() * 65536;
    return array;
  }
  const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, -1e-310, 3e38];
  for (let i = 0; i < array.length; i++) {
    const kind = next();
    if (kind < 0.1) array[i] = special[Math.floor(next() * special.length)] as number;
    else if (kind < 0.8) array[i] = (next() - 0.5) * 40;
    else array[i] = (next() - 0.5) * 2 ** (next() * 280 - 150);
  }
  return array;
}

/** Runs a script in a fresh Node process. */
export function runNode(
  script: string,
  env: Record<string, string> = {},
  flags: string[] = [],
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [...flags, '-e', script], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
}
