// The packed package with musl as the C library: in Bun's and in a Node built for it. `node test/package/musl.mjs`, on
// linux-x64 with Debian's package musl, and with the two GNU libraries that both programs need, built for musl, in the
// folder $MUSL_CXX_LIBRARIES (libstdc++.so.6, libgcc_s.so.1; Alpine has them as packages). The addon needs neither.
//
// The Node is the one inside pnpm's static executable: a module that NODE_OPTIONS preloads runs before pnpm does.

import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { check, expectResult, installed, manifest, probe, runProbe, tool } from './support.mjs';

const libraries = process.env.MUSL_CXX_LIBRARIES;
for (const file of ['/lib/ld-musl-x86_64.so.1', `${libraries}/libstdc++.so.6`]) {
  if (!existsSync(file)) throw new Error(`${file} is not there; the comment in this file says what is needed`);
}

const project = installed('musl');
for (const arch of ['x64', 'arm64']) {
  rmSync(path.join(project, 'node_modules', manifest.name, `prebuilds/linux-${arch}/${manifest.name}.glibc.node`));
}
const env = { LD_LIBRARY_PATH: libraries };

check('Bun', () => {
  const bun = path.join(tool('@oven/bun-linux-x64-musl@1.4.5'), 'bin/bun');
  return expectResult(runProbe([bun, probe, project], { cwd: project, env }), { kind: 'native' });
});

const preload = path.join(project, 'preload.cjs');
writeFileSync(
  preload,
  `require('node:module').createRequire(${JSON.stringify(probe)})('./probe.cjs'); process.exit();`,
);
const node = path.join(tool('@pnpm/linuxstatic-x64@11.21.0'), 'pnpm');
chmodSync(node, 0o755);
const nodeEnv = { ...env, NODE_OPTIONS: `--require ${preload}`, PROBE_PROJECT: project, PROBE_SYNC: '1' };
check('Node', () => expectResult(runProbe([node], { cwd: project, env: nodeEnv }), { kind: 'native' }));
check('Node, JavaScript', () =>
  expectResult(runProbe([node], { cwd: project, env: { ...nodeEnv, SIMD_ACTIVATIONS_BACKEND: 'js' } }), { kind: 'js' }),
);
