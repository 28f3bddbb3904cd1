// Compiles the binaries that the package carries, by the paths that lib/native.ts requires:
// prebuilds/<platform>-<arch>/simd-activations[.glibc|.musl].node
//
//   node scripts/prebuild.mjs                    this machine's own, with zig if it is there, else $CXX, clang++ or g++
//   node scripts/prebuild.mjs --all              all of them, with zig
//   node scripts/prebuild.mjs linux-arm64-musl   those named
//     --install                                  gets zig from npm first, into its folder (400 MB)
//
// Zig is a clang with the C and C++ libraries of every platform. It is no dependency, being large and of use to
// releases only: it lives in $SIMD_ACTIVATIONS_ZIG, ~/.cache/simd-activations-zig if that is not set, with its caches.
// The first build for a target takes minutes, since it compiles the target's libc++.
//
// The object files stay in native/build-prebuild/, for scripts/check-package.mjs to look into.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryPath, hostTarget, targets } from './targets.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { version } = require('../package.json');
const ZIG_VERSION = '0.16.0';

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('--'));
const wanted = args.includes('--all') ? targets : (names.length > 0 ? names : [hostTarget()]).map(targetNamed);

function targetNamed(name) {
  const target = targets.find((t) => t.name === name);
  if (target === undefined) throw new Error(`${name} is none of ${targets.map((t) => t.name).join(', ')}`);
  return target;
}

const zigFolder = process.env.SIMD_ACTIVATIONS_ZIG || path.join(os.homedir(), '.cache/simd-activations-zig');
const zig = () => {
  const exe = process.platform === 'win32' ? 'zig.exe' : 'zig';
  const file = path.join(zigFolder, `node_modules/@zigc/${process.platform}-${process.arch}/bin`, exe);
  return existsSync(file) ? file : undefined;
};

if (args.includes('--install') && zig() === undefined) {
  mkdirSync(zigFolder, { recursive: true });
  if (!existsSync(path.join(zigFolder, 'package.json'))) writeFileSync(path.join(zigFolder, 'package.json'), '{}');
  const packages = ['cli', `${process.platform}-${process.arch}`].map((name) => `@zigc/${name}@${ZIG_VERSION}`);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...packages], {
    cwd: zigFolder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
}

/** The compiler's command for a target. */
function compilerFor(target) {
  const file = zig();
  if (file !== undefined) {
    // The oldest CPU of the kind. Zig names each feature it lacks, and so forbids the 512 bits that a target region with
    // AVX-512 implies otherwise; evex512 by itself turns nothing on.
    return [file, 'c++', '-target', target.zig, ...(target.arch === 'x64' ? ['-mcpu=x86_64+evex512'] : [])];
  }
  if (target.name !== hostTarget()) {
    throw new Error(`${target.name} needs zig, which is not in ${zigFolder}: run with --install`);
  }
  const candidates = process.env.CXX ? [process.env.CXX] : ['clang++', 'g++'];
  const found = candidates.find((command) => spawnSync(command, ['--version']).status === 0);
  if (found === undefined) throw new Error(`there is no ${candidates.join(' or ')}`);
  return [found, ...(target.platform === 'darwin' ? ['-mmacosx-version-min=11.0'] : [])];
}

const environment = {
  ...process.env,
  ZIG_GLOBAL_CACHE_DIR: path.join(zigFolder, 'cache'),
  ZIG_LOCAL_CACHE_DIR: path.join(zigFolder, 'cache'),
};
const run = ([command, ...rest]) => execFileSync(command, rest, { cwd: root, stdio: 'inherit', env: environment });

/** The same, silent if it succeeds: zig warns of much in its own libraries where linking compiles them. */
function runQuietly([command, ...rest]) {
  const { status, stderr } = spawnSync(command, rest, { cwd: root, env: environment, maxBuffer: 2 ** 30 });
  if (status === 0) return;
  process.stderr.write(stderr);
  throw new Error(`${command} ${rest.join(' ')} failed`);
}

// The options are those of native/binding.gyp that clang knows; none of them is for an instruction set.
const compileOptions = [
  ...['-std=c++17', '-O3', '-fvisibility=hidden', '-fno-exceptions', '-fno-rtti', '-fno-math-errno'],
  ...['-ffp-contract=off', '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror', '-Wno-nullability-completeness'],
  ...['-DNDEBUG', '-DNAPI_VERSION=8', '-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', '-DNODE_ADDON_API_DISABLE_DEPRECATED'],
  ...['-DNODE_GYP_MODULE_NAME=simd_activations', `-DSIMD_ACTIVATIONS_VERSION="${version}"`],
  ...['-isystem', require('node-api-headers').include_dir],
  ...['-isystem', path.dirname(require.resolve('node-addon-api'))],
];
const platformOptions = {
  linux: {
    compile: ['-fPIC', '-ffunction-sections', '-fdata-sections'],
    // nodelete: native/stay_loaded.cpp says why.
    link: [
      ...['-Wl,-z,nodelete', '-Wl,-z,noexecstack', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,--gc-sections', '-pthread', '-s'],
      '-Wl,--version-script=native/exports.map', // keeps libc++'s operator new, among others, to the addon
    ],
  },
  darwin: {
    compile: ['-fPIC', '-fvisibility-global-new-delete=force-hidden'],
    link: [
      '-undefined',
      'dynamic_lookup',
      '-Wl,-dead_strip',
      '-Wl,-x',
      '-Wl,-S',
      '-Wl,-install_name,simd-activations.node',
    ],
  },
  // The headers declare Node-API as Node itself has to, to export it.
  win32: {
    compile: [
      ...['-DWIN32_LEAN_AND_MEAN', '-DNOMINMAX', '-DNAPI_EXTERN=__declspec(dllimport)'],
      ...['-ffunction-sections', '-fdata-sections'],
    ],
    link: ['-s', '-Wl,--gc-sections'],
  },
};

// libc++abi names the type of an uncaught exception as the process ends, of which there is none here; what demangles that
// name is a quarter of the binary.
const noDemangler = `extern "C" char* __cxa_demangle(const char*, char*, decltype(sizeof 0)*, int* status) {
  if (status != nullptr) *status = -1;
  return nullptr;
}
`;

const sources = ['native', 'native/isa'].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith('.cpp'))
    .map((file) => `${folder}/${file}`),
);

for (const target of wanted) {
  const started = Date.now();
  const compiler = compilerFor(target);
  const withZig = compiler[1] === 'c++';
  const { compile, link } = platformOptions[target.platform];
  const folder = path.join(root, 'native/build-prebuild', target.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const all = [...sources];
  const add = (name, content) => {
    all.push(path.join(folder, name));
    writeFileSync(all.at(-1), content);
  };
  if (withZig) add('demangle.cpp', noDemangler);
  if (target.platform === 'win32') add('imports.cpp', windowsImports());
  if (target.platform === 'darwin' && withZig) add('new.cpp', hiddenNew());
  const objects = all.map((source) => {
    const object = path.join(folder, `${path.basename(source, '.cpp')}.o`);
    // What no CPU of this kind runs unless it is asked for by name: two thirds of the size, not being vectorized.
    const small = target.arch === 'arm64' && source === 'native/isa/scalar.cpp' ? ['-Os'] : [];
    // Leaves, which nothing is thrown through: a debugger that stops in one does not see who called it.
    const kernels =
      source.startsWith('native/isa/') && target.platform !== 'win32'
        ? ['-fno-asynchronous-unwind-tables', '-fno-unwind-tables']
        : [];
    run([...compiler, ...compileOptions, ...compile, ...small, ...kernels, '-c', source, '-o', object]);
    return object;
  });
  const linkOptions = [...link];
  if (!withZig && target.platform === 'linux') linkOptions.push('-static-libstdc++', '-static-libgcc');
  const binary = path.join(root, binaryPath(target));
  mkdirSync(path.dirname(binary), { recursive: true });
  rmSync(binary, { force: true }); // a process may have the old one mapped
  runQuietly([...compiler, '-shared', ...objects, ...linkOptions, '-o', binary]);
  if (target.platform === 'win32') clearTimestamp(binary);
  for (const file of readdirSync(path.dirname(binary))) {
    // What the linker of Windows lays beside.
    if (!file.endsWith('.node')) rmSync(path.join(path.dirname(binary), file));
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`${path.relative(root, binary)}: ${readFileSync(binary).length} bytes, ${seconds} s`);
}

/** The time of linking is all that would differ between two builds of the same sources. */
function clearTimestamp(file) {
  const bytes = readFileSync(file);
  bytes.writeUInt32LE(0, bytes.readUInt32LE(0x3c) + 8); // in the header that the offset at 0x3c leads to
  writeFileSync(file, bytes);
}

/**
 * Zig's linker for macOS takes no list of symbols to export, and its C++ library shows operator new to the process. So the
 * addon has its own, hidden. Out of memory ends the process, as it would without exceptions anyway.
 */
function hiddenNew() {
  return `#include <cstdlib>
namespace std {
enum class align_val_t : size_t;
struct nothrow_t;
}  // namespace std
namespace {
void* checked(void* p) { if (p == nullptr) std::abort(); return p; }
void* allocate(std::size_t n) { return std::malloc(n == 0 ? 1 : n); }
void* allocate(std::size_t n, std::align_val_t alignment) {
  void* p = nullptr;
  const std::size_t a = static_cast<std::size_t>(alignment);
  return posix_memalign(&p, a < sizeof p ? sizeof p : a, n) == 0 ? p : nullptr;
}
}  // namespace
${['', '[]']
  .map(
    (array) => `void* operator new${array}(std::size_t n) { return checked(allocate(n)); }
void* operator new${array}(std::size_t n, std::align_val_t a) { return checked(allocate(n, a)); }
void* operator new${array}(std::size_t n, const std::nothrow_t&) noexcept { return allocate(n); }
void* operator new${array}(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return allocate(n, a); }
void operator delete${array}(void* p) noexcept { std::free(p); }
void operator delete${array}(void* p, std::size_t) noexcept { std::free(p); }
void operator delete${array}(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete${array}(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete${array}(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete${array}(void* p, std::align_val_t, const std::nothrow_t&) noexcept { std::free(p); }`,
  )
  .join('\n')}
`;
}

/**
 * Windows binds an imported function to the name of a file, and the host is not always called node.exe. So instead of an
 * import library this fills in the pointers that calls go through, from the executable of the process, whatever its
 * name, or from Node as a library.
 */
function windowsImports() {
  const { v8 } = require('node-api-headers').symbols;
  const functions = [...v8.js_native_api_symbols, ...v8.node_api_symbols];
  return `#include <windows.h>
extern "C" {
${functions.map((name) => `void* __imp_${name};`).join('\n')}
}
namespace {
int unavailable() { return 9; }  // napi_generic_failure
void* find(const char* name) {
  const HMODULE hosts[] = {GetModuleHandleW(nullptr), GetModuleHandleW(L"libnode.dll"), GetModuleHandleW(L"node.dll")};
  for (const HMODULE host : hosts) {
    if (host == nullptr) continue;
    if (void* function = reinterpret_cast<void*>(GetProcAddress(host, name))) return function;
  }
  return reinterpret_cast<void*>(unavailable);
}
struct Resolver {
  Resolver() {
${functions.map((name) => `    __imp_${name} = find("${name}");`).join('\n')}
  }
} resolver;
}  // namespace
`;
}
