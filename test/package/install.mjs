// The ways of installing: `npm ci` from a lockfile, with scripts allowed and no compiler. `node test/package/install.mjs`

import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { check, expectResult, installed, probe, runProbe } from './support.mjs';

const project = installed('install');
// npm needs Node and a shell; anything that would compile needs more.
const bin = path.dirname(process.execPath);
const npm = path.join(bin, '../lib/node_modules/npm/bin/npm-cli.js');
const env = { ...process.env, PATH: `${bin}:/bin`, CC: 'false', CXX: 'false', npm_config_nodedir: '/nonexistent' };

check('npm ci from the lockfile, with scripts, runs none', () => {
  if (!existsSync(path.join(project, 'package-lock.json'))) throw new Error('there is no lockfile');
  rmSync(path.join(project, 'node_modules'), { recursive: true });
  const printed = execFileSync(process.execPath, [npm, 'ci', '--offline', '--no-audit', '--foreground-scripts'], {
    cwd: project,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (/node-gyp|install$/m.test(printed)) throw new Error(printed);
  return printed.trim().split('\n').at(-1);
});
check('and it is native', () =>
  expectResult(runProbe([process.execPath, probe, project], { cwd: project }), { kind: 'native' }),
);
