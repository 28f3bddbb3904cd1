// Builds the package: lib/ to dist/, and native/ to the addon.
//
//   node scripts/build.mjs               both, the addon with node-gyp
//   node scripts/build.mjs cmake         both, the addon with cmake-js
//     --if-stale                         only what is older than its sources
//     --required                         fails where the addon cannot be built; otherwise JavaScript does its work
//
// No build downloads Node's headers: Node-API's come from the package node-api-headers.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const ifStale = args.includes('--if-stale');
const required = args.includes('--required');
const cmake = args.includes('cmake');

const run = (script, scriptArgs, env = {}) =>
  execFileSync(process.execPath, [path.join(root, 'node_modules', script), ...scriptArgs], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2], // standard output is for what npm start prints
  });

const filesIn = (folder, recursive = false) =>
  readdirSync(path.join(root, folder), { withFileTypes: true, recursive })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));

function isStale(target, sources) {
  const file = path.join(root, target);
  if (!existsSync(file)) return true;
  const built = statSync(file).mtimeMs;
  // package.json: both are of its version.
  return [...sources, path.join(root, 'package.json')].some((source) => statSync(source).mtimeMs > built);
}

if (!ifStale || isStale('dist/index.js', filesIn('lib', true))) {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  run('typescript/bin/tsc', ['-p', 'tsconfig.json']);
}

const binary = `${cmake ? 'build' : 'native/build'}/Release/simd_activations.node`;
if (!ifStale || isStale(binary, [...filesIn('native'), ...filesIn('native/isa')])) {
  try {
    if (cmake) run('cmake-js/bin/cmake-js', ['compile']);
    else
      run('node-gyp/bin/node-gyp.js', ['rebuild', '-C', 'native', `--nodedir=${path.join(root, 'native/gyp')}`], {
        npm_config_nodedir: path.join(root, 'native/gyp'), // a user's own setting would override the option
        npm_config_loglevel: 'warn',
        MAKEFLAGS: `-j${os.availableParallelism()}`,
      });
  } catch (error) {
    if (required) throw error;
    console.error(`The native addon could not be built (${error.message}); JavaScript does its work.`);
  }
}
