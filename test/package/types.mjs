// Type-checks a user's files against the tarball with TypeScript 5.0 to 7.0, for each way of resolving modules, as ESM and
// as CommonJS: every entry point of package.json's exports, and types.ts. `node test/package/types.mjs [tarball]`

import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { check, entries, installed, root, tool } from './support.mjs';

const compilers = ['5.0.4', '5.9.3', '6.0.3', '7.0.2'];
const modes = [
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
];

const project = installed('types');
// The streams' types are Node's.
cpSync(path.join(root, 'node_modules/@types/node'), path.join(project, 'node_modules/@types/node'), {
  recursive: true,
});
cpSync(path.join(root, 'node_modules/undici-types'), path.join(project, 'node_modules/undici-types'), {
  recursive: true,
});
const source = readFileSync(path.join(root, 'test/package/types.ts'), 'utf8');
const every = entries.map((entry, i) => `import * as entry${i} from '${entry}';\nvoid entry${i};\n`).join('');
const required = entries.map((entry, i) => `import required${i} = require('${entry}');\nvoid required${i};\n`).join('');
writeFileSync(path.join(project, 'esm.mts'), source + every);
writeFileSync(path.join(project, 'cjs.cts'), source + required);
writeFileSync(path.join(project, 'plain.ts'), source + every);

for (const version of compilers) {
  for (const mode of modes) {
    const bundler = mode.moduleResolution === 'bundler';
    check(`TypeScript ${version}, ${mode.moduleResolution}`, () => {
      const config = path.join(project, 'tsconfig.json');
      writeFileSync(
        config,
        JSON.stringify({
          compilerOptions: {
            ...mode,
            ...{ target: 'es2022', lib: ['es2022'], types: ['node'], strict: true, exactOptionalPropertyTypes: true },
            ...{ noEmit: true, skipLibCheck: false, noUncheckedIndexedAccess: true },
          },
          files: ['esm.mts', 'plain.ts', ...(bundler ? [] : ['cjs.cts'])],
        }),
      );
      const compiler = tool(`typescript@${version}`);
      const tsc = path.join(compiler, 'bin/tsc');
      const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stdout + stderr);
      return bundler ? 'ESM' : 'ESM and CommonJS';
    });
  }
}
