// The JavaScript peers' side of the protocol in ../peer.mjs.

import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const ARRAYS = { float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array };

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
      prepared = await peer.call(request, read(request));
      await prepared();
      return {};
    },
    async measure({ seconds }) {
      const start = performance.now();
      let calls = 0;
      let elapsed;
      do {
        await prepared();
        calls++;
        elapsed = (performance.now() - start) / 1000;
      } while (elapsed < seconds);
      return { seconds: elapsed / calls };
    },
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    console.log(JSON.stringify(await answers[request.do](request)));
  }
}
