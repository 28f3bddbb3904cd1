// Elements as bytes: what streams and files hold, little-endian, a 16-bit type as the bits of its numbers.

import { endianness } from 'node:os';
import type { DType } from './validate.js';

/** The types of elements. */
export const DTYPES: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16'];

/** The bytes of an element. */
export const sizeOf = (dtype: DType): number => (dtype === 'float64' ? 8 : dtype === 'float32' ? 4 : 2);

/** The elements that start at byte `offset`, which must be aligned, of a buffer. */
export function elementsAt(
  dtype: DType,
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
): Float32Array | Float64Array | Uint16Array {
  if (dtype === 'float32') return new Float32Array(buffer, offset, length);
  return dtype === 'float64' ? new Float64Array(buffer, offset, length) : new Uint16Array(buffer, offset, length);
}

/** Throws on a machine whose numbers are not as in files. Nothing here was ever run on one. */
export function assertLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('Streams and files of numbers need a little-endian machine');
}
