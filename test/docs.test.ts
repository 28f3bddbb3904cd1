// The documentation: every example runs and prints what its comments say, the pictures are those of the package, and links
// lead somewhere.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './support.js';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md'].filter((file) =>
    existsSync(path.join(root, file)),
  ),
  ...(readdirSync(path.join(root, 'docs'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file.replaceAll('\\', '/')}`),
].toSorted();
const read = (page: string): string => readFileSync(path.join(root, page), 'utf8');

const examples = pages.flatMap((page) =>
  [...read(page).matchAll(/^```js\n([\s\S]*?)^```$/gm)].map((match) => ({
    name: `${page}:${read(page).slice(0, match.index).split('\n').length + 1}`,
    code: match[1] as string,
  })),
);

describe('the examples', () => {
  it('are there', () => expect(examples.length).toBeGreaterThan(5));

  it.each(examples)('$name', ({ code }) => {
    // From the root, whose package.json makes the package's own name lead to it.
    const type = /\brequire\(/.test(code) ? 'commonjs' : 'module';
    const { status, stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, '-e', code], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr.replace(/^.*(Warning|--trace).*\n/gm, '')).toBe('');
    expect(status).toBe(0);
    const promised = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
    if (promised.length > 0) expect(stdout.trimEnd().split('\n')).toEqual(promised);
  });
});

it('the pictures are what docs/graphs.mjs draws', () => {
  const { stderr, status } = spawnSync(process.execPath, ['docs/graphs.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

it.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1] as string);
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(local.filter((link) => !existsSync(path.join(root, path.dirname(page), link)))).toEqual([]);
});
