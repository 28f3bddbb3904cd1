// Run by every runtime that the package is tried with, as `probe.cjs <project>`: loads the package from that project's
// node_modules both ways, computes each function for numbers of all kinds, and prints the backend and digests of the
// results as a line of JSON. With PROBE_SYNC by require alone, for a process that ends at once.

const { run } = require('./probe-run.cjs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const project = process.env.PROBE_PROJECT || process.argv[2];
const projectRequire = createRequire(path.join(project, 'index.js'));
const required = projectRequire('simd-activations');
if (process.env.PROBE_SYNC) run(required);
else runBoth();

/** ESM and CommonJS have to share one state. */
async function runBoth() {
  const imported = path.join(path.dirname(projectRequire.resolve('simd-activations')), 'index.mjs');
  const module = await import(pathToFileURL(imported).href);
  for (const name of Object.keys(required)) {
    if (required[name] !== module[name]) throw new Error(`${name} is one thing to require and another to import`);
  }
  run(required);
}
