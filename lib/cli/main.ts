#!/usr/bin/env node
// The command `simd-activations`; see help.ts. Here is how it ends: errors are one line each, also of what the other files need
// to be loaded at all, such as a wrong environment variable.

import { codeOf, UsageError } from './errors.js';

/** A message may quote a file: no character of it may move a terminal's cursor. */
const inOneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ');

let failed = false;

function fail(error: unknown): void {
  if (failed) return; // what cannot be written is told by the stream and by the call
  failed = true;
  const wrong = error instanceof UsageError;
  const hint = wrong && process.argv.length < 4 ? '; see simd-activations --help' : '';
  // Who reads the standard output may stop before its end. There is nobody to tell.
  if (codeOf(error) !== 'EPIPE') {
    process.stderr.write(`simd-activations: ${inOneLine((error as Error).message)}${hint}\n`);
  }
  process.exitCode = wrong ? 2 : 1;
}

process.stdout.on('error', fail);
import('./command.js')
  .then(({ main }) => main(process.argv.slice(2)))
  .then((code) => {
    process.exitCode ??= code;
  }, fail);
