// Run by every runtime that the package is tried with, as `probe.cjs <project>`: loads the package from that project's
// node_modules both ways, computes each function for numbers of all kinds, and prints the backend and digests of the
// results as a line of JSON. With PROBE_SYNC by require alone, for a process that ends at once; with PROBE_WORKER in a
// Worker, and the process goes on for a while after it.

const { run } = require('./probe-run.cjs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Worker } = require('node:worker_threads');

const project = process.env.PROBE_PROJECT || process.argv[2];
if (process.env.PROBE_WORKER) runInWorker();
else if (process.env.PROBE_SYNC) run(load());
else runBoth();

function load() {
  return createRequire(path.join(project, 'index.js'))('simd-activations');
}

/** Node unloads the addon when the only Worker that has it ends, unless the addon prevents it, as its threads need. */
function runInWorker() {
  const worker = new Worker(__filename, { env: { ...process.env, PROBE_WORKER: '', PROBE_PROJECT: project } });
  worker.on('exit', () => setTimeout(checkLoaded, 200));
}

function checkLoaded() {
  if (process.versions.bun || process.versions.deno) return; // these do not tell what is loaded
  const { sharedObjects } = process.report.getReport();
  if (!sharedObjects.some((file) => /simd-activations[^/\\]*\.node$/.test(file))) throw new Error('it was unloaded');
}

/** ESM and CommonJS have to share one state. */
async function runBoth() {
  const required = load();
  const folder = path.dirname(createRequire(path.join(project, 'index.js')).resolve('simd-activations'));
  const imported = path.join(folder, 'index.mjs');
  const module = await import(pathToFileURL(imported).href);
  for (const name of Object.keys(required)) {
    if (required[name] !== module[name]) throw new Error(`${name} is one thing to require and another to import`);
  }
  run(required);
}
