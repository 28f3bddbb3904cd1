// What attw (are the types wrong?) and publint say of the tarball: nothing. `node test/package/lint.mjs`

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { check, tarball, tool } from './support.mjs';

const run = (...command) => {
  try {
    return execFileSync(process.execPath, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${error.stdout}\n${error.stderr}`);
  }
};
check('attw', () => {
  const printed = run(
    path.join(tool('@arethetypeswrong/cli@0.18.5'), 'dist/index.js'),
    tarball(),
    '--no-emoji',
    '--no-color',
  );
  if (!printed.includes('No problems found')) throw new Error(printed);
  return 'no problems found';
});
check('publint --strict', () => {
  const printed = run(path.join(tool('publint@0.3.25'), 'src/cli.js'), 'run', tarball(), '--strict');
  if (!/All good/.test(printed)) throw new Error(printed);
  return 'all good';
});
