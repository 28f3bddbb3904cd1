// Builds and runs reference.cpp.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BLOCK_LENGTH } from './blocks.mjs';

const BLOCK_BYTES = 4 * BLOCK_LENGTH;

/** Compiles the reference and returns the program's path. */
export function buildReference() {
  const folder = fileURLToPath(new URL('../build/verify/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const source = fileURLToPath(new URL('reference.cpp', import.meta.url));
  const program = `${folder}reference`;
  const flags = ['-std=gnu++17', '-fext-numeric-literals', '-O3', '-Wall', '-Wextra', '-Werror'];
  execFileSync('g++', [...flags, source, '-lquadmath', '-o', program], { stdio: 'inherit' });
  return program;
}

/** The float32 results of the blocks from `first` to `last` - 1, one Float32Array after another. */
export async function* referenceBlocks(program, name, first, last) {
  const args = [name, 'float32', String(first), String(last)];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const block = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  for await (const chunk of child.stdout) {
    for (let read = 0; read < chunk.length; ) {
      const count = chunk.copy(block, filled, read, Math.min(chunk.length, read + BLOCK_BYTES - filled));
      filled += count;
      read += count;
      if (filled < BLOCK_BYTES) continue;
      filled = 0;
      yield new Float32Array(block.buffer, block.byteOffset, BLOCK_LENGTH);
    }
  }
}
