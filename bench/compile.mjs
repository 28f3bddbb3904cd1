// Compiles the benchmarks' own programs, where there is a compiler.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}build/bench`;
const compilers = [process.env.CXX, 'g++', 'clang++'].filter(Boolean);

export const isThere = (command) => spawnSync(command, ['--version']).status === 0;

/** The path of the program that it makes of C++ sources of this package, or undefined if there is no compiler. */
export function compile(name, sources, { candidates = compilers, flags = [] } = {}) {
  const compiler = candidates.find(isThere);
  if (compiler === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const program = `${folder}/${name}`;
  const options = ['-std=c++17', '-O3', '-Wall', '-Wextra', '-pthread', ...flags, '-o', program];
  execFileSync(compiler, [...options, ...sources], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  return program;
}
