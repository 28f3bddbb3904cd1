// The JavaScript contenders' side of the protocol in ../peer.mjs.

import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const ARRAYS = { float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array };

// Before anything is measured, for compilers and clocks; and how long calls are to take between two looks at the clock.
const WARM_UP = 0.02;
const BATCH = 5e-5;

/** Runs `call`, `batch` times for each look at the clock, for at least so many seconds. */
async function repeat({ call, restore, batch }, seconds) {
  let [calls, spent] = [0, 0];
  const [begin, { user, system }] = [performance.now(), process.cpuUsage()];
  do {
    restore?.();
    const start = performance.now();
    for (let i = 0; i < batch; i++) {
      const result = call();
      // Not where there is nothing to wait for: that takes longer than a call on few elements.
      if (result instanceof Promise) await result;
    }
    spent += (performance.now() - start) / 1000;
    calls += batch;
  } while (spent < seconds);
  const cpu = process.cpuUsage();
  const busy = (cpu.user + cpu.system - user - system) / 1e6;
  return { seconds: spent / calls, cores: (1000 * busy) / (performance.now() - begin) };
}

/**
 * Answers requests on standard input. `peer` has `describe()` and `call(request, x)`, which returns or resolves to a
 * function that computes the request's form over x and returns or resolves to the result.
 */
export async function serve(peer) {
  let prepared;
  const read = ({ input, dtype }) => {
    const bytes = readFileSync(input);
    return new ARRAYS[dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  };
  const answers = {
    describe: () => peer.describe(),
    async apply(request) {
      const y = await (await peer.call({ ...request, threads: 1 }, read(request)))();
      writeFileSync(request.output, new Uint8Array(y.buffer, y.byteOffset, y.byteLength));
      return {};
    },
    async prepare(request) {
      prepared = undefined; // for the garbage collector
      const x = read(request);
      prepared = { call: await peer.call(request, x), batch: 1 };
      if (request.inPlace) {
        // Each call finds the same numbers: results of results would be others, and other work.
        const numbers = x.slice();
        prepared.restore = () => x.set(numbers);
      }
      const { seconds } = await repeat(prepared, WARM_UP);
      if (!request.inPlace) prepared.batch = Math.ceil(BATCH / seconds);
      return {};
    },
    measure: ({ seconds }) => repeat(prepared, seconds),
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    console.log(JSON.stringify(await answers[request.do](request)));
  }
}
