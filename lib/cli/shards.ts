// One file computed by several processes, each its shard, in any order, on any machine that sees the folder. The shards
// are files beside the output; who finds all of them there makes the output of them.

import { access, open, unlink } from 'node:fs/promises';
import { sizeOf } from '../bytes.js';
import type { Layout } from '../formats/layout.js';
import { codeOf } from './errors.js';
import { beside, type Output, outputTo, produce } from './output.js';

/** Shard `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The bytes of the file that a shard computes: the shards have about as many each, and none cuts a number. */
export function rangeOf({ index, count }: Shard, layout: Layout): { from: number; to: number } {
  return { from: cut(layout, (index - 1) / count), to: cut(layout, index / count) };
}

function cut({ size, sections }: Layout, fraction: number): number {
  if (fraction === 1) return size;
  const at = Math.floor(size * fraction);
  const section = sections.find(({ begin, end }) => begin < at && at < end);
  return section === undefined ? at : at - ((at - section.begin) % sizeOf(section.dtype));
}

/** The file of a shard. `key` tells apart what other inputs and options would give. */
export const shardFile = (file: string, key: string, { index, count }: Shard): string =>
  beside(file, `${key}.${index}-of-${count}`);

export const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** Makes the file of its shards, if all are there. Returns how many are missing. */
export async function join(file: string, key: string, count: number, block: Buffer): Promise<number> {
  const shards = Array.from({ length: count }, (_, i) => shardFile(file, key, { index: i + 1, count }));
  const there = await Promise.all(shards.map(exists));
  const missing = there.filter((is) => !is).length;
  if (missing > 0) return missing;
  const output = await outputTo(file);
  try {
    await produce(output, () => concatenate(shards, output, block));
  } catch (error) {
    // Another process found all shards too, was faster, and has removed them.
    if (codeOf(error) === 'ENOENT' && (await exists(file))) return 0;
    throw error;
  }
  await Promise.all(
    shards.map((shard) =>
      unlink(shard).catch((error) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      }),
    ),
  );
  return 0;
}

async function concatenate(files: readonly string[], output: Output, block: Buffer): Promise<void> {
  for (const file of files) {
    const handle = await open(file, 'r');
    try {
      for (let bytes = -1; bytes !== 0; ) {
        bytes = (await handle.read(block, 0, block.length)).bytesRead;
        await output.write(block.subarray(0, bytes));
      }
    } finally {
      await handle.close();
    }
  }
}
