// Checks what would be published: the packed tarball's files, its manifest, and every binary in it.
//
//   node scripts/check-package.mjs [tarball]     after `npm run prebuild:all`; without a tarball packs one
//     --own                                      only this machine's binary is expected and checked
//
// Reads the binaries with LLVM's llvm-readobj, llvm-nm, llvm-objdump and llvm-objcopy (Debian: llvm), which know the
// formats of all platforms.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryPath, hostTarget, targets } from './targets.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const MAX_UNPACKED = 3 * 2 ** 20;
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const args = process.argv.slice(2);
const own = args.includes('--own');
// What Node 20 and later need themselves, which is what a compiler of this machine may need; what docs/platforms.md promises.
const MAX_GLIBC = own ? [2, 28] : [2, 17];
const expectedTargets = own ? targets.filter((target) => target.name === hostTarget()) : targets;

const folder = mkdtempSync(path.join(os.tmpdir(), 'simd-activations-check-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const output = (command, ...rest) =>
  execFileSync(command, rest, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] });

let failed = false;
function check(title, problems, detail = '') {
  failed ||= problems.length > 0;
  console.log(`${problems.length > 0 ? 'FAIL' : 'ok  '}  ${title}${detail && `: ${detail}`}`);
  for (const problem of problems) console.log(`      ${problem}`);
}

function llvm(name) {
  const versions = ['', ...Array.from({ length: 12 }, (_, i) => `-${25 - i}`)];
  const found = versions
    .map((v) => `llvm-${name}${v}`)
    .find((command) => spawnSync(command, ['--version']).status === 0);
  if (found === undefined) throw new Error(`llvm-${name} is needed (Debian: apt-get install llvm)`);
  return found;
}

// The tarball, unpacked.
const given = args.find((arg) => !arg.startsWith('--'));
const tarball = given
  ? path.resolve(given)
  : path.join(folder, output('npm', 'pack', '--ignore-scripts', '--silent', `--pack-destination=${folder}`).trim());
execFileSync('tar', ['-xzf', tarball, '-C', folder]);
const packageFolder = path.join(folder, 'package');
const files = readdirSync(packageFolder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(packageFolder, path.join(entry.parentPath ?? entry.path, entry.name)))
  .map((file) => file.split(path.sep).join('/'))
  .sort();

checkFiles();
checkManifest();
for (const target of expectedTargets) {
  if (files.includes(binaryPath(target))) checkBinary(target);
}
process.exitCode = failed ? 1 : 0;

function checkFiles() {
  const sources = readdirSync(path.join(root, 'lib'), { recursive: true })
    .filter((file) => /\.m?ts$/.test(file))
    .map((file) => file.split(path.sep).join('/'));
  const expected = [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'],
    ...sources.flatMap((file) =>
      [file.replace(/ts$/, 'js'), file.replace(/(m?)ts$/, 'd.$1ts')].map((f) => `dist/${f}`),
    ),
    ...output('git', 'ls-files', 'native').trim().split('\n'),
    ...expectedTargets.map(binaryPath),
  ].sort();
  const problems = [
    ...files.filter((file) => !expected.includes(file)).map((file) => `not expected: ${file}`),
    ...expected.filter((file) => !files.includes(file)).map((file) => `missing: ${file}`),
  ];
  check('exactly the expected files', problems, `${files.length}`);
  for (const file of files) console.log(`        ${file} ${statSync(path.join(packageFolder, file)).size}`);
  const size = files.reduce((sum, file) => sum + statSync(path.join(packageFolder, file)).size, 0);
  const problem = size > MAX_UNPACKED ? [`more than ${MAX_UNPACKED}`] : [];
  check('size', problem, `${size} bytes unpacked, ${statSync(tarball).size} packed`);
}

function checkManifest() {
  const manifest = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8'));
  const problems = [];
  for (const key of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies']) {
    if (Object.keys(manifest[key] ?? {}).length > 0) problems.push(`there are ${key}`);
  }
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']) {
    if (manifest.scripts?.[script] !== undefined) problems.push(`there is a script ${script}`);
  }
  if (files.includes('binding.gyp')) problems.push('binding.gyp at the root makes npm ci run node-gyp');
  const named = JSON.stringify(manifest.exports).match(/\.\/[^"]+\.(?:json|[cm]?js|[cm]?ts)/g) ?? [];
  for (const file of named) if (!files.includes(file.slice(2))) problems.push(`exports names ${file}`);
  if (readFileSync(path.join(packageFolder, 'dist/native.js'), 'utf8').includes('../prebuilds') === false) {
    problems.push('dist/native.js names no prebuild');
  }
  for (const target of targets) {
    if (!readFileSync(path.join(packageFolder, 'dist/native.js'), 'utf8').includes(`'../${binaryPath(target)}'`)) {
      problems.push(`dist/native.js does not require ${binaryPath(target)}`);
    }
  }
  check('manifest', problems, `no dependency, no install script; ${named.length} files in exports`);
}

function checkBinary(target) {
  const binary = path.join(packageFolder, binaryPath(target));
  const facts = factsOf(binary, target);
  const problems = [...facts.problems];
  if (readFileSync(binary, 'latin1').includes(root)) problems.push(`names the folder it was built in, ${root}`);
  const unexpected = facts.exports.filter((name) => !EXPORTS.includes(name));
  if (unexpected.length > 0) problems.push(`exports ${unexpected.slice(0, 8).join(', ')}`);
  for (const name of EXPORTS) if (!facts.exports.includes(name)) problems.push(`does not export ${name}`);
  for (const name of facts.imports) {
    if (/^uv_/.test(name)) problems.push(`imports ${name}, which Bun lacks`);
    if (/^(exp|exp2|expm1|log|log1p|log2|pow|erf|erfc|tanh|fma)[fl]?$/.test(name))
      problems.push(`imports libm's ${name}`);
    if (/GLIBCXX|CXXABI/.test(name)) problems.push(`imports from libstdc++: ${name}`);
  }
  const avx = target.arch === 'x64' ? avxOutsideKernels(target, binary, problems) : '';
  check(binaryPath(target), problems, `${facts.summary}${avx}`);
}

/** What the file says of itself, whatever its format. */
function factsOf(binary, { platform, arch, libc }) {
  const read = (...options) => output(llvm('readobj'), ...options, binary);
  const problems = [];
  const machine = read('--file-headers').match(/^Format: (.*)\nArch: (.*)$/m);
  const format = { linux: 'elf64', win32: 'COFF', darwin: 'Mach-O' }[platform];
  const wantedArch = arch === 'x64' ? /x86_64/ : /aarch64|arm64/;
  if (!machine[1].startsWith(format) || !wantedArch.test(machine[2])) problems.push(`is ${machine[1]}, ${machine[2]}`);
  let exports = [];
  let imports = [];
  let needed = [];
  let detail = '';
  if (platform === 'linux') {
    const symbols = output(llvm('nm'), '-D', binary).trim().split('\n');
    const parsed = symbols.map((line) => line.match(/(\w) (\S+)$/).slice(1));
    exports = parsed.filter(([kind]) => !'Uwv'.includes(kind)).map(([, name]) => name.replace(/@.*/, ''));
    imports = parsed.filter(([kind]) => 'Uwv'.includes(kind)).map(([, name]) => name);
    const versions = imports.flatMap((name) => name.match(/GLIBC_([\d.]+)/)?.[1] ?? []);
    imports = imports.map((name) => (name.includes('CXX') ? name : name.replace(/@.*/, '')));
    const glibc = versions.map((v) => v.split('.').map(Number)).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const newest = glibc.at(-1);
    if (newest && (newest[0] > MAX_GLIBC[0] || newest[1] > MAX_GLIBC[1]))
      problems.push(`needs glibc ${newest.join('.')}`);
    if (libc === 'musl' && newest) problems.push('is for glibc');
    needed = [...read('--needed-libs').matchAll(/^ {2}(\S+)$/gm)]
      .map((match) => match[1])
      .filter((name) => name !== ']');
    const allowed =
      libc === 'musl' ? /^libc\.(so|musl-.*)$/ : /^(libc\.so\.6|libdl\.so\.2|libpthread\.so\.0|ld-linux-.*)$/;
    for (const name of needed) if (!allowed.test(name)) problems.push(`needs ${name}`);
    const dynamic = read('--dynamic-table');
    if (!/NODELETE/.test(dynamic)) problems.push('has no flag NODELETE');
    if (/R(UN)?PATH/.test(dynamic)) problems.push('has a search path');
    const stack = read('--program-headers').match(/Type: PT_GNU_STACK[\s\S]*?Flags \[[^\n]*\n([\s\S]*?)\]/);
    if (stack === null || stack[1].includes('PF_X')) problems.push('has an executable stack');
    detail = newest ? `glibc ${newest.join('.')}` : 'musl';
  } else if (platform === 'win32') {
    exports = [...read('--coff-exports').matchAll(/Name: (\S+)/g)]
      .map((match) => match[1])
      .filter((n) => !/\.node$/.test(n));
    const text = read('--coff-imports');
    needed = [...text.matchAll(/^ {2}Name: (\S+)/gm)].map((match) => match[1]);
    imports = [...text.matchAll(/Symbol: (\S+)/g)].map((match) => match[1]);
    for (const name of needed) {
      if (
        !/^(kernel32\.dll|api-ms-win-crt-.*\.dll|api-ms-win-core-synch-.*\.dll|ntdll\.dll|advapi32\.dll)$/i.test(name)
      ) {
        problems.push(`needs ${name}`);
      }
    }
  } else {
    const trie = output(llvm('objdump'), '--macho', '--exports-trie', binary);
    exports = [...trie.matchAll(/^0x\S+ +_(\S+)/gm)].map((match) => match[1]);
    exports = exports.filter((name) => !['_mh_dylib_header', '__dso_handle'].includes(name)); // the linker's own
    imports = output(llvm('nm'), '-u', binary)
      .trim()
      .split(/\s+/)
      .map((name) => name.replace(/^_/, ''));
    needed = [...read('--needed-libs').matchAll(/^ {2}(\S+)$/gm)]
      .map((match) => match[1])
      .filter((name) => name !== ']');
    for (const name of needed)
      if (!/^\/usr\/lib\/libSystem\.B\.dylib$|\.node$/.test(name)) problems.push(`needs ${name}`);
    const headers = output(llvm('objdump'), '--macho', '--private-headers', binary);
    const minimum = headers.match(/minos ([\d.]+)/)?.[1];
    if (minimum !== '11.0') problems.push(`is for macOS ${minimum}`);
    if (arch === 'arm64' && !headers.includes('LC_CODE_SIGNATURE')) problems.push('is not signed');
    detail = `macOS ${minimum}`;
  }
  return { problems, exports, imports, summary: [machine[1], detail, needed.join(' ')].filter(Boolean).join(', ') };
}

/**
 * AVX instructions belong to the kernels, which are chosen by the CPU, and to nothing else. The published file has no
 * symbols. So they are looked for in the object files it was linked from, where all have to be in functions over the
 * vector types of avx2.cpp and avx512.cpp; and the file must not have more of them, from a library.
 */
function avxOutsideKernels(target, binary, problems) {
  const objects = path.join(root, 'native/build-prebuild', target.name);
  if (!existsSync(objects)) {
    problems.push('AVX was not looked for: the object files are not here (npm run prebuild:all makes them)');
    return '';
  }
  const names = readdirSync(objects).filter((file) => /\.o(bj)?$/.test(file));
  const found = names.map((file) => avxIn(path.join(objects, file)));
  let inObjects = 0;
  for (const { count, functions } of found) {
    inObjects += count;
    for (const [name, line] of functions)
      if (!/f(64x[48]|32x(8|16))/.test(name)) problems.push(`AVX in ${name}: ${line}`);
  }
  const { count } = avxIn(binary);
  if (count !== inObjects) problems.push(`${count} AVX instructions, but ${inObjects} in the objects it was made of`);
  if (count < 1000) problems.push(`only ${count} AVX instructions: are the kernels there?`);
  return `, ${count} AVX instructions, all of kernels`;
}

/** How many AVX instructions there are, by all their encodings (VEX, EVEX), and in which functions, with an example. */
function avxIn(file) {
  // Mnemonics of VEX and EVEX code begin with v, those for masks with k. (verr, verw and vm* are other things.)
  const avx =
    /^\s*[0-9a-f]+:\s+(?:v(?!err|erw|m(?:call|launch|resume|run|save|load|x|read|write|func|ptr|clear|mcall))|k[a-z]+[bwdq]\s)/;
  const functions = new Map();
  let count = 0;
  let name = '';
  for (const line of output(llvm('objdump'), '-d', '--no-show-raw-insn', file).split('\n')) {
    const label = line.match(/^[0-9a-f]+ <(.*)>:$/);
    if (label) name = label[1];
    else if (avx.test(line) || /%[yz]mm\d/.test(line)) {
      count++;
      functions.set(name, line.trim());
    }
  }
  return { count, functions };
}
