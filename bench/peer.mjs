// The contenders, each in a process of its own, which is asked in lines of JSON and answers in lines of JSON:
//
//   describe                             → what it is, and what it takes: name, version, note; forms and dtypes (all if
//                                          there is no list); threaded: more than one thread; inPlace: 'never' or 'only';
//                                          ceiling: what memory can do
//   apply { form, dtype, input, output }           reads numbers from a file, writes results to a file
//   prepare { form, dtype, input, bytes, threads, inPlace, allocate }   reads numbers and warms up
//   measure { seconds }                  → seconds: of one call, over that long; cores: how many were busy
//
// One that is not installed is left out.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = (name) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

/** How each of the other libraries is started. PYTHON names a python3 that has torch. */
export const LIBRARIES = {
  torch: [process.env.PYTHON ?? 'python3', script('pytorch.py')],
  ort: [process.execPath, script('ort.mjs')],
  tfjs: [process.execPath, script('tfjs.mjs')],
};

/** This package on an instruction set or in JavaScript, the plain loop, or a copy. */
export const own = (name) => [process.execPath, script('own.mjs'), name];

/** A running contender: `ask(what, request)` resolves to its answer. */
async function start(key, [command, ...args]) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const gone = Promise.race([once(child, 'error'), once(child, 'exit')]).then(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (what, request = {}) => {
    child.stdin.write(`${JSON.stringify({ do: what, ...request })}\n`);
    // TensorFlow.js greets on standard output.
    for (;;) {
      const line = await Promise.race([lines.next(), gone]);
      if (line === undefined || line.done) throw new Error(`${key} ended`);
      if (line.value.startsWith('{')) return JSON.parse(line.value);
    }
  };
  child.stdin.on('error', () => {}); // told by `gone`
  try {
    return { key, ask, ...(await ask('describe')), stop: () => child.kill() };
  } catch {
    child.kill();
    return undefined;
  }
}

/** Those of the contenders that can be started here, of an object from their keys to their commands. */
export async function startPeers(commands = LIBRARIES) {
  const started = await Promise.all(Object.entries(commands).map(([key, command]) => start(key, command)));
  return started.filter((peer) => peer !== undefined);
}
