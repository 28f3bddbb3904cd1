// What the checks of the packed package share: packing it, installing it as a user would, and getting the runtimes and
// tools that it is tried with.
//
// Those come from npm, in exact versions, into $SIMD_ACTIVATIONS_TOOLS, ~/.cache/simd-activations-tools if that is not
// set, and stay there. None is a dependency: together they are more than a gigabyte.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
export const probe = path.join(root, 'test/package/probe.cjs');

/** The package's entry points: `['simd-activations', ...]`, as package.json's exports name them, but for files. */
export const entries = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .map((key) => key.replace(/^\./, manifest.name));

const temporary = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-package-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));

/** An empty folder that goes away with the process. */
export function newFolder(name) {
  const folder = path.join(temporary, name.replace(/[^\w.-]/g, '_'));
  mkdirSync(folder, { recursive: true });
  return folder;
}

const npm = (cwd, ...args) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });

let packed;
/** The tarball: the file that $SIMD_ACTIVATIONS_TARBALL names, or what `npm pack` makes of the working tree. */
export function tarball() {
  packed ??= process.env.SIMD_ACTIVATIONS_TARBALL
    ? path.resolve(process.env.SIMD_ACTIVATIONS_TARBALL)
    : path.join(temporary, npm(root, 'pack', '--ignore-scripts', '--silent', `--pack-destination=${temporary}`).trim());
  return packed;
}

/** A new project that the tarball is installed into, without scripts and with no more than Node and npm on the PATH. */
export function installed(name) {
  const folder = newFolder(name);
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "consumer", "private": true }');
  npm(folder, 'install', '--ignore-scripts', '--offline', tarball());
  const others = readdirSync(path.join(folder, 'node_modules')).filter((entry) => !entry.startsWith('.'));
  if (others.join() !== manifest.name) throw new Error(`installing brought ${others}`);
  return folder;
}

/** The folder of a package from npm, such as `tool('esbuild@0.28.2')`. Further ones go beside it. */
export function tool(spec, ...others) {
  const tools = process.env.SIMD_ACTIVATIONS_TOOLS || path.join(os.homedir(), '.cache/simd-activations-tools');
  const folder = path.join(tools, [spec, ...others].join(' ').replaceAll('/', '+'));
  const name = spec.slice(0, spec.lastIndexOf('@'));
  const inside = path.join(folder, 'node_modules', name);
  if (!existsSync(inside)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
    // --force: also what is meant for another platform, to be emulated.
    npm(folder, 'install', '--force', spec, ...others);
  }
  return inside;
}

// No compiler, no node-gyp, nothing but the program itself. What the user's shell sets for this package is not passed on.
const plainEnvironment = { HOME: temporary, PATH: '/nonexistent', TMPDIR: os.tmpdir(), NO_COLOR: '1' };
// Windows' own libraries look for it.
if (process.env.SystemRoot) plainEnvironment.SystemRoot = process.env.SystemRoot;

/** Runs a command in a bare environment and returns what it printed as JSON. */
export function runProbe([command, ...args], { cwd, env = {}, timeout = 300_000 }) {
  // Into files: an emulated Windows program is not at home with pipes.
  const names = ['stdout', 'stderr'].map((name) => path.join(newFolder('output'), name));
  const files = names.map((name) => openSync(name, 'w'));
  const { status, signal, error } = spawnSync(command, args, {
    cwd,
    env: { ...plainEnvironment, ...env },
    stdio: ['ignore', ...files],
    timeout,
  });
  for (const file of files) closeSync(file);
  const [stdout, stderr] = names.map((name) => readFileSync(name, 'utf8'));
  if (status !== 0) {
    throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status ?? signal}\n${stdout}\n${stderr}`);
  }
  return JSON.parse(stdout.trimEnd().split('\n').at(-1));
}

let reference;
/** The digests of this machine's JavaScript, which every other result has to equal. */
export function expectedDigests() {
  if (reference === undefined) {
    const cwd = installed('reference');
    reference = runProbe([process.execPath, probe, cwd], { cwd, env: { SIMD_ACTIVATIONS_BACKEND: 'js' } }).digests;
  }
  return reference;
}

let failures = 0;
/** Reports one check: a line with what `body` returns, or with its error. */
export function check(title, body) {
  try {
    const detail = body();
    console.log(`ok    ${title}${detail ? `: ${detail}` : ''}`);
  } catch (error) {
    failures++;
    process.exitCode = 1;
    console.log(`FAIL  ${title}: ${error instanceof Error ? error.message : error}`);
  }
  return failures;
}

/** Checks what a probe printed: the backend, and all bits. Returns a line about it. */
export function expectResult(result, { kind, isa, reason }) {
  const { backend, digests, runtime } = result;
  const problems = [];
  if (backend.kind !== kind) problems.push(`kind is ${backend.kind}, not ${kind}`);
  if (isa !== undefined && backend.isa !== isa) problems.push(`isa is ${backend.isa}, not ${isa}`);
  if (reason !== undefined && !reason.test(backend.reason ?? '')) problems.push(`reason is not ${reason}`);
  if (kind === 'native' && backend.reason !== undefined) problems.push('there is a reason');
  for (const [name, digest] of Object.entries(expectedDigests())) {
    if (digests[name] !== digest) problems.push(`${name} has other bits`);
  }
  if (problems.length > 0) throw new Error(`${problems.join('; ')} (${JSON.stringify(backend)})`);
  const short = backend.reason?.split('\n')[0].replaceAll(temporary, '').slice(0, 150);
  const why = short === undefined ? '' : `, because ${short}`;
  return `${runtime}, ${backend.kind} ${backend.isa}${why}, ${Object.keys(digests).length} digests equal`;
}
