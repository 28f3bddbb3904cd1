// The platforms that the package has a binary for. lib/native.ts has the same list, as paths that bundlers can see.

import { readFileSync } from 'node:fs';

// The oldest glibc that Node is built for has version 2.17. musl, Windows' UCRT and macOS 11 have no older ones to serve.
export const targets = [
  { name: 'linux-x64-glibc', platform: 'linux', arch: 'x64', libc: 'glibc', zig: 'x86_64-linux-gnu.2.17' },
  { name: 'linux-x64-musl', platform: 'linux', arch: 'x64', libc: 'musl', zig: 'x86_64-linux-musl' },
  { name: 'linux-arm64-glibc', platform: 'linux', arch: 'arm64', libc: 'glibc', zig: 'aarch64-linux-gnu.2.17' },
  { name: 'linux-arm64-musl', platform: 'linux', arch: 'arm64', libc: 'musl', zig: 'aarch64-linux-musl' },
  { name: 'win32-x64', platform: 'win32', arch: 'x64', zig: 'x86_64-windows-gnu' },
  { name: 'win32-arm64', platform: 'win32', arch: 'arm64', zig: 'aarch64-windows-gnu' },
  { name: 'darwin-x64', platform: 'darwin', arch: 'x64', zig: 'x86_64-macos.11.0' },
  { name: 'darwin-arm64', platform: 'darwin', arch: 'arm64', zig: 'aarch64-macos.11.0' },
];

/**
 * Where a target's binary lies in the package.
 * @param {{ platform: string, arch: string, libc?: string }} target
 */
export function binaryPath({ platform, arch, libc }) {
  return `prebuilds/${platform}-${arch}/simd-activations${libc === undefined ? '' : `.${libc}`}.node`;
}

/** The name of the target that this process runs on; it need not be one of the list. */
export function hostTarget() {
  const { platform, arch } = process;
  return platform === 'linux' ? `linux-${arch}-${libc()}` : `${platform}-${arch}`;
}

function libc() {
  try {
    return readFileSync('/proc/self/maps', 'latin1').includes('ld-musl-') ? 'musl' : 'glibc';
  } catch {
    return 'glibc';
  }
}
