// What the formats have in common: a file is bytes, some pieces of which are the numbers to compute. The output is the
// input with other numbers in these places; all else is copied. So memory never depends on the size of a file.

import type { DType } from '../validate.js';

/** Numbers to compute, from byte `begin` to `end` of the file. */
export interface Section {
  /** A tensor's name. */
  readonly name: string | undefined;
  readonly dtype: DType;
  readonly shape: readonly number[] | undefined;
  readonly begin: number;
  readonly end: number;
}

/** Where the numbers of a file are. */
export interface Layout {
  /** Bytes of the whole file; Infinity where only its end will tell. */
  readonly size: number;
  /** In the order of the file. */
  readonly sections: readonly Section[];
  /** The file's first bytes, which have been read to know this. */
  readonly head: Buffer;
}

/** What a format's reader needs to know. */
export interface Wanted {
  /** The type of the numbers, where the file does not say. */
  readonly dtype: DType | undefined;
  /** Tensors by name. Undefined: all that can be computed. */
  readonly tensors: readonly string[] | undefined;
}

/** A file from its beginning. */
export interface Start {
  /** Its size, where that is known. */
  readonly size: number | undefined;
  /** The next `count` bytes, or as many as there are. */
  take(count: number): Promise<Buffer>;
}

/** A file is not what it should be. The message goes on after the file's name. */
export class FormatError extends Error {}

/** The next `count` bytes, which must exist. */
export async function need(start: Start, count: number, what: string): Promise<Buffer> {
  const bytes = await start.take(count);
  if (bytes.length < count) throw new FormatError(`ends within ${what}: the file is truncated`);
  return bytes;
}

/** The number of elements of a shape, exactly. */
export function elementsOf(shape: readonly number[], what: string): number {
  let count = 1;
  for (const n of shape) {
    if (n === 0) return 0;
    count *= n;
    // A double's integers are exact up to here, which leaves room for the bytes of an element.
    if (!(count <= 2 ** 49)) throw new FormatError(`says that ${what} has the shape [${shape}], which is too large`);
  }
  return count;
}

/** Throws unless the file, if that is known, has `size` bytes. */
export function assertSize(start: Start, size: number): void {
  if (start.size === undefined || start.size === size) return;
  const fault = start.size < size ? 'is truncated' : 'has more in it than its header says';
  throw new FormatError(`${fault}: ${start.size} bytes, not ${size}`);
}
