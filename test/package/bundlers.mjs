// A program that uses the package, bundled as its documentation says (docs/platforms.md), moved elsewhere and run: native.
// Then run once more without the binary: JavaScript, same bits. `node test/package/bundlers.mjs`

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { check, expectResult, installed, newFolder, root, runProbe, tool } from './support.mjs';

const project = installed('bundlers');
cpSync(path.join(root, 'test/package/probe-run.cjs'), path.join(project, 'probe-run.cjs'));
writeFileSync(
  path.join(project, 'main.mjs'),
  `import * as activations from 'simd-activations';\nimport { run } from './probe-run.cjs';\nrun(activations);\n`,
);
writeFileSync(path.join(project, 'main.cjs'), `require('./probe-run.cjs').run(require('simd-activations'));\n`);

const webpack = () => tool('webpack@5.112.2', 'node-loader@2.1.0');
const bundle = (command, ...args) =>
  execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const esbuild = (entry, format, file) => (out) => {
  const options = ['--bundle', '--platform=node', `--format=${format}`, '--loader:.node=copy', '--log-level=error'];
  bundle(path.join(tool('esbuild@0.28.2'), 'bin/esbuild'), entry, ...options, `--outfile=${path.join(out, file)}`);
  return [process.execPath, path.join(out, file)];
};

const bundlers = {
  'esbuild, CommonJS': esbuild('main.cjs', 'cjs', 'bundle.cjs'),
  'esbuild, ESM to CommonJS': esbuild('main.mjs', 'cjs', 'bundle.cjs'),
  webpack: (out) => {
    const configuration = `module.exports = {
      mode: 'production', target: 'node', entry: './main.mjs', context: ${JSON.stringify(project)},
      output: { path: ${JSON.stringify(out)}, filename: 'bundle.cjs' },
      module: { rules: [{ test: /\\.node$/, loader: 'node-loader', options: { name: '[contenthash].node' } }] },
      ignoreWarnings: [/native\\/build/],
      resolveLoader: { modules: [${JSON.stringify(path.dirname(webpack()))}] },
    };`;
    writeFileSync(path.join(out, '../webpack.config.cjs'), configuration);
    writeFileSync(
      path.join(out, '../webpack.cjs'),
      `require(${JSON.stringify(webpack())})(require('./webpack.config.cjs'), (error, stats) => {
        if (error || stats.hasErrors() || stats.hasWarnings()) { console.error(error || stats.toString()); process.exit(1); }
      });`,
    );
    bundle(process.execPath, path.join(out, '../webpack.cjs'));
    return [process.execPath, path.join(out, 'bundle.cjs')];
  },
  'rollup, the package external': (out) => {
    writeFileSync(
      path.join(out, '../rollup.mjs'),
      `import { rollup } from ${JSON.stringify(path.join(tool('rollup@4.68.8'), 'dist/es/rollup.js'))};
      const bundle = await rollup({ input: ${JSON.stringify(path.join(project, 'entry.mjs'))}, external: /^[^./]/ });
      await bundle.write({ file: ${JSON.stringify(path.join(out, 'bundle.mjs'))}, format: 'es' });`,
    );
    const cjs = `import { createRequire } from 'node:module';\nimport * as activations from 'simd-activations';
      createRequire(import.meta.url)(${JSON.stringify(path.join(root, 'test/package/probe-run.cjs'))}).run(activations);\n`;
    writeFileSync(path.join(project, 'entry.mjs'), cjs);
    bundle(process.execPath, path.join(out, '../rollup.mjs'));
    cpSync(path.join(project, 'node_modules'), path.join(out, 'node_modules'), { recursive: true });
    return [process.execPath, path.join(out, 'bundle.mjs')];
  },
  'bun build --compile': (out) => {
    bundle(
      path.join(tool('@oven/bun-linux-x64@1.4.5'), 'bin/bun'),
      'build',
      '--compile',
      'main.mjs',
      '--outfile',
      path.join(out, 'program'),
    );
    return [path.join(out, 'program')];
  },
};

for (const [name, build] of Object.entries(bundlers)) {
  let command;
  const out = path.join(newFolder(name), 'out');
  check(`${name}, native`, () => {
    mkdirSync(out);
    command = build(out);
    const moved = newFolder(`${name} moved`);
    rmSync(moved, { recursive: true });
    cpSync(out, moved, { recursive: true });
    command = command.map((part) => part.replace(out, moved));
    return expectResult(runProbe(command, { cwd: moved }), { kind: 'native' });
  });
  if (command === undefined || !existsSync(command.at(-1))) continue;
  const folder = path.dirname(command.at(-1));
  const binaries = readdirSync(folder).filter((file) => file.endsWith('.node'));
  if (binaries.length === 0) continue;
  check(`${name}, without the binaries`, () => {
    for (const file of binaries) rmSync(path.join(folder, file));
    return expectResult(runProbe(command, { cwd: folder }), { kind: 'js' });
  });
}
