// What can be said of the package in a clone, where not all binaries need be there. scripts/check-package.mjs and
// test/package/ try the packed tarball.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { binaryPath, targets } from '../scripts/targets.mjs';
import { root, runNode } from './support.js';

const require = createRequire(import.meta.url);
const manifest = require('../package.json');
const entries = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .map((key) => key.replace(/^\./, manifest.name));

describe('package.json', () => {
  it('asks for nothing at run time or at installation', () => {
    for (const key of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies', 'gypfile']) {
      expect(manifest[key], key).toBeUndefined();
    }
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']) {
      expect(manifest.scripts[script], script).toBeUndefined();
    }
    expect(existsSync(path.join(root, 'binding.gyp'))).toBe(false);
  });

  it('has exact versions of what development needs, and a lockfile of no particular registry', () => {
    for (const version of Object.values(manifest.devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });

  it('exports files that are there, types first', () => {
    for (const conditions of Object.values<Record<string, Record<string, string>> | string>(manifest.exports)) {
      const files = typeof conditions === 'string' ? [conditions] : Object.values(conditions).flatMap(Object.values);
      for (const file of files) expect(existsSync(path.join(root, file)), file).toBe(true);
      if (typeof conditions === 'string') continue;
      for (const condition of Object.values(conditions)) expect(Object.keys(condition)).toEqual(['types', 'default']);
    }
  });
});

describe('the entry points', () => {
  it.each(entries)('%s is one thing to import and to require', (entry) => {
    const { stdout, stderr } = runNode(`
      const required = require('${entry}');
      import('${entry}').then((imported) => {
        const names = Object.keys(required).sort();
        console.log(JSON.stringify([names, Object.keys(imported).sort(), names.every((n) => required[n] === imported[n])]));
      });`);
    expect(stderr).toBe('');
    const [required, imported, same] = JSON.parse(stdout);
    expect(required.length).toBeGreaterThan(0);
    expect(imported).toEqual(required);
    expect(same).toBe(true);
  });

  it('are not more than exports says', () => {
    expect(() => require('simd-activations/dist/backend.js')).toThrow(/not defined by "exports"|ERR_PACKAGE_PATH/);
  });
});

describe('the binaries', () => {
  it('are required by the paths that they are built to, each literally', () => {
    const source = readFileSync(path.join(root, 'lib/native.ts'), 'utf8');
    const cases = [...source.matchAll(/case '([\w-]+)':\s+return require\('\.\.\/(prebuilds\/[^']+)'\)/g)];
    expect(cases.map(([, name, file]) => `${name} ${file}`).toSorted()).toEqual(
      targets.map((target) => `${target.name} ${binaryPath(target)}`).toSorted(),
    );
  });
});

describe('the tarball', () => {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const printed = execFileSync(npm, ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  const files: string[] = JSON.parse(printed)[0].files.map((file: { path: string }) => file.path);

  it('has the code, the sources of the addon and no more', () => {
    expect(files).toContain('dist/index.js');
    expect(files).toContain('dist/index.d.mts');
    expect(files).toContain('LICENSE');
    expect(files).toContain('native/addon.cpp');
    const known =
      /^(dist\/(\w+\/)?\w+\.(d\.)?m?[jt]s|native\/.*\.(h|cpp|def|gypi?|map)|prebuilds\/.*\.node|[A-Z]+(\.md)?|package\.json)$/;
    expect(files.filter((file) => !known.test(file))).toEqual([]);
  });

  it('has no binding.gyp at its root, which npm would build', () => {
    expect(files).not.toContain('binding.gyp');
    expect(files.filter((file) => /^native\/build/.test(file))).toEqual([]);
  });
});
