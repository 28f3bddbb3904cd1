// Finds and loads the native addon.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Elements } from './kernel.js';

/** `dtype` is an index into the binding's `dtypes`; `isNew`: nobody has written to `out` yet. */
type Settings = [dtype: number, beta: number, threshold: number, isNew: boolean];

/** `out[i] = f(x[i])`. */
export type Forward = (x: Elements, out: Elements, ...settings: Settings) => void;

/** `out[i] = gradOutput[i] * f'(x[i])`. */
export type Backward = (gradOutput: Elements, x: Elements, out: Elements, ...settings: Settings) => void;

/** The kernels of an instruction set: the functions' by their names, the derivatives' as `geluBackward`. */
export type NativeKernels = Readonly<Record<string, Forward | Backward>>;

/** What native/addon.cpp exports. */
export interface Binding {
  readonly version: string;
  /** The instruction sets that this CPU runs, best first. */
  readonly isas: readonly string[];
  readonly dtypes: readonly string[];
  readonly kernels: Readonly<Record<string, NativeKernels>>;
  threads(): number;
  /** 0: as many as the process may use. `ifUnset`: only if nobody has set it, in any Worker. */
  setThreads(count: number, ifUnset?: boolean): void;
  /** Says that all of a new array's memory will be written. */
  willFill(buffer: ArrayBuffer): void;
  /** The instruction set whose code ran last, as that code reported it. */
  lastIsa(): string;
}

/** The binding, or the reason why there is none. */
export type Loaded = { binding: Binding; reason?: undefined } | { binding?: undefined; reason: string };

const { version } = require('../package.json') as { version: string };

export function loadNative(): Loaded {
  const path = process.env['SIMD_ACTIVATIONS_BINARY'];
  try {
    const binding = path ? requirePath(resolve(path)) : (requireBuild() ?? requirePrebuild());
    if (binding === undefined) return { reason: `there is no binary for ${platform()}` };
    if (binding.version !== version) {
      return { reason: `the binary is of version ${binding.version}, and this package of ${version}` };
    }
    if (typeof binding.setThreads !== 'function') return { reason: 'what was loaded is no binary of this package' };
    return { binding };
  } catch (error) {
    const [message] = String(error instanceof Error ? error.message : error).split('\n');
    return { reason: `the binary cannot be loaded: ${message}` };
  }
}

/** Not by this module's own `require`, of which a bundler would make something that knows only what is in the bundle. */
const requirePath = (path: string): Binding => createRequire(path)(path);

// Each path below is literal, so that bundlers and file tracers see it, and directly in a `try`, so that to them a file
// that is not there is no error.

/** A clone's own build. */
function requireBuild(): Binding | undefined {
  try {
    return require('../native/build/Release/simd_activations.node');
  } catch (error) {
    return undefinedIfNotFound(error);
  }
}

function requirePrebuild(): Binding | undefined {
  try {
    switch (platform()) {
      case 'linux-x64-glibc':
        return require('../prebuilds/linux-x64/simd-activations.glibc.node');
      case 'linux-x64-musl':
        return require('../prebuilds/linux-x64/simd-activations.musl.node');
      case 'linux-arm64-glibc':
        return require('../prebuilds/linux-arm64/simd-activations.glibc.node');
      case 'linux-arm64-musl':
        return require('../prebuilds/linux-arm64/simd-activations.musl.node');
      case 'darwin-x64':
        return require('../prebuilds/darwin-x64/simd-activations.node');
      case 'darwin-arm64':
        return require('../prebuilds/darwin-arm64/simd-activations.node');
      case 'win32-x64':
        return require('../prebuilds/win32-x64/simd-activations.node');
      case 'win32-arm64':
        return require('../prebuilds/win32-arm64/simd-activations.node');
      default:
        return undefined;
    }
  } catch (error) {
    return undefinedIfNotFound(error);
  }
}

/** Whatever else is wrong with a binary is the caller's. */
function undefinedIfNotFound(error: unknown): undefined {
  const { code, message } = error as { code?: string; message?: string };
  // In a program that Bun has compiled the error has no code.
  if (code !== 'MODULE_NOT_FOUND' && !message?.startsWith('Cannot require module')) throw error;
}

function platform(): string {
  const { platform, arch } = process;
  return platform === 'linux' ? `linux-${arch}-${libc()}` : `${platform}-${arch}`;
}

function libc(): 'glibc' | 'musl' {
  const report = process.report as (typeof process.report & { excludeNetwork?: boolean }) | undefined;
  if (report?.getReport === undefined) return 'glibc';
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // looking up names of peers can take seconds
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork;
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}
