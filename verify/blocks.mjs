// All 2^32 float32 inputs in 4096 blocks, and the digests that hold every backend to the verified results.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';

export const BLOCKS = 4096;
export const BLOCK_LENGTH = 2 ** 20;

const inputBits = new Uint32Array(BLOCK_LENGTH);
const inputs = new Float32Array(inputBits.buffer);

/**
 * The inputs of a block: those whose bit pattern ends in the twelve bits `block`, in ascending order of it. Each block
 * is a sample of all signs, binades and fractions. The array is reused by the next call.
 */
export function inputsOf(block) {
  for (let i = 0; i < BLOCK_LENGTH; i++) inputBits[i] = (i << 12) | block;
  return inputs;
}

const STRIDE = 16; // no kernel takes fewer at a time where it has such a formula
const placeOf = (i) => i + Math.floor(i / (STRIDE - 1));
const spread = new Float32Array(placeOf(BLOCK_LENGTH)).fill(40);
const spreadResults = new Float32Array(spread.length);
const gathered = new Float32Array(BLOCK_LENGTH);

/**
 * The results of a block, each among others far from 0: a kernel may have a cheaper formula for several numbers near 0.
 * The array is reused by the next call.
 */
export function resultsAmongFar(form, x) {
  for (let i = 0; i < x.length; i++) spread[placeOf(i)] = x[i];
  form.run(spread, { out: spreadResults });
  for (let i = 0; i < x.length; i++) gathered[i] = spreadResults[placeOf(i)];
  return gathered;
}

/** FNV-1a over 32-bit words: a change of any one result changes it. */
export function digestOf(results) {
  const words = new Uint32Array(results.buffer, results.byteOffset, results.byteLength / 4);
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 0x01000193);
  return hash >>> 0;
}

/** A float32's place among all of them in ascending order: a difference of two counts units in the last place. */
export const order = (bits) => (bits >>> 31 === 0 ? bits : -(bits & 0x7fffffff));

export const digestFile = (name) => new URL(`digests/${name}.bin`, import.meta.url);

/** All inputs of a 16-bit type, as bits. */
export const sixteenBitInputs = () => Uint16Array.from({ length: 65536 }, (_, bits) => bits);

const sixteenBitFile = (dtype) => new URL(`digests/${dtype}.json`, import.meta.url);

/** The digests of all results of a 16-bit type, by the functions' names. */
export function readSixteenBitDigests(dtype) {
  const file = sixteenBitFile(dtype);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

export function writeSixteenBitDigest(dtype, name, digest) {
  const digests = { ...readSixteenBitDigests(dtype), [name]: digest };
  writeFileSync(sixteenBitFile(dtype), `${JSON.stringify(digests, null, 2)}\n`);
}

/** The digests of a function's blocks, as `verify.mjs` wrote them after it found every result right. */
export function readDigests(name) {
  const bytes = readFileSync(digestFile(name));
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
