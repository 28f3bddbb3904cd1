// Numbers and nothing else.

import { sizeOf } from '../bytes.js';
import { FormatError, type Layout, type Start, type Wanted } from './layout.js';

export async function readRaw(start: Start, { dtype }: Wanted): Promise<Layout> {
  if (dtype === undefined) throw new FormatError('has no header, so --dtype must say what its numbers are');
  const size = start.size ?? Number.POSITIVE_INFINITY;
  if (Number.isFinite(size) && size % sizeOf(dtype) !== 0) {
    throw new FormatError(`is truncated: ${size} bytes are not a whole number of ${dtype} numbers`);
  }
  const section = { name: undefined, dtype, shape: undefined, begin: 0, end: size };
  return { size, sections: [section], head: Buffer.alloc(0) };
}
