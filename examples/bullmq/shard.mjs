// What a worker does with a shard: a range of bytes of one file, to the same range of another.
//
// The job refers to the data; the data never passes through Redis. Doing a shard twice writes the same bytes to the same
// place, so a shard that a worker did not finish is simply done again by another.

import { open } from 'node:fs/promises';
import { gelu } from 'simd-activations/promises';

/** @param {{ input: string, output: string, begin: number, end: number }} data Of float64 numbers; bytes. */
export async function computeShard({ input, output, begin, end }, onProgress) {
  const numbers = new Float64Array((end - begin) / 8);
  const bytes = Buffer.from(numbers.buffer);
  const from = await open(input, 'r');
  try {
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await from.read(bytes, at, bytes.length - at, begin + at);
      if (bytesRead === 0) throw new Error(`${input} is shorter than this shard says`);
      at += bytesRead;
    }
  } finally {
    await from.close();
  }
  // Seconds of work, but the event loop is free: BullMQ renews the job's lock meanwhile.
  await gelu(numbers, { out: numbers, onProgress });
  const to = await open(output, 'r+');
  try {
    for (let at = 0; at < bytes.length; ) at += (await to.write(bytes, at, bytes.length - at, begin + at)).bytesWritten;
    await to.sync();
  } finally {
    await to.close();
  }
  return { elements: numbers.length };
}
