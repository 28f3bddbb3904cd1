// Installs and runs the examples: all, or those named.
//
//   node examples/run.mjs [name...]

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const all = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const names = process.argv.length > 2 ? process.argv.slice(2) : all.map((entry) => entry.name);

const failed = names.filter((name) => {
  console.log(`\n== ${name}`);
  const cwd = path.join(here, name);
  const run = (...args) =>
    spawnSync('npm', args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' }).status;
  // Without scripts: onnxruntime-node's would download what no CPU needs.
  const install = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--silent'];
  return run(...install) !== 0 || run('test', '--silent') !== 0;
});
console.log(failed.length === 0 ? '\nAll examples passed.' : `\nFailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
