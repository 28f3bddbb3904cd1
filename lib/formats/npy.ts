// NumPy's .npy, versions 1 to 3.

import { sizeOf } from '../bytes.js';
import type { DType } from '../validate.js';
import { assertSize, elementsOf, FormatError, type Layout, need, type Start, type Wanted } from './layout.js';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const LONGEST_HEADER = 2 ** 20; // NumPy itself refuses more than 10000 bytes unless told to trust the file

const FLOATS: ReadonlyMap<string, DType> = new Map([
  ['<f2', 'float16'],
  ['<f4', 'float32'],
  ['<f8', 'float64'],
]);
// As which the 16-bit types are stored where NumPy does not know them.
const OPAQUE = ['<u2', '<V2', '|V2'];

export async function readNpy(start: Start, wanted: Wanted): Promise<Layout> {
  const prefix = await start.take(8);
  if (prefix.length < 8 || !prefix.subarray(0, 6).equals(MAGIC)) throw new FormatError('is not a .npy file');
  const version = prefix[6] as number;
  if (version < 1 || version > 3) throw new FormatError(`has version ${version} of .npy, not 1, 2 or 3`);
  const lengthBytes = await need(start, version === 1 ? 2 : 4, 'its header');
  const length = version === 1 ? lengthBytes.readUInt16LE() : lengthBytes.readUInt32LE();
  if (length > LONGEST_HEADER) throw new FormatError(`says that its header has ${length} bytes, which is too much`);
  const text = await need(start, length, 'its header');
  const { descr, shape } = parseHeader(text.toString(version === 3 ? 'utf8' : 'latin1'));
  const dtype = dtypeOf(descr, wanted.dtype);
  const begin = prefix.length + lengthBytes.length + length;
  const end = begin + elementsOf(shape, 'the array') * sizeOf(dtype);
  assertSize(start, end);
  const section = { name: undefined, dtype, shape, begin, end };
  return { size: end, sections: [section], head: Buffer.concat([prefix, lengthBytes, text]) };
}

/** The header is a Python dictionary of three entries. */
function parseHeader(header: string): { descr: string; shape: number[] } {
  const text = header.trim();
  const field = (pattern: RegExp): string | undefined => text.match(pattern)?.[1];
  const descr = field(/'descr'\s*:\s*'([^']*)'/);
  const order = field(/'fortran_order'\s*:\s*(True|False)\b/);
  const shape = field(/'shape'\s*:\s*\(([\d\s,L]*)\)/);
  if (/'descr'\s*:\s*\[/.test(text)) throw new FormatError('has records, not numbers of one type');
  if (!/^\{.*\}$/s.test(text) || descr === undefined || order === undefined || shape === undefined) {
    throw new FormatError('has a header that cannot be read');
  }
  if (order === 'True') throw new FormatError("is in Fortran order: save numpy.ascontiguousarray(x) instead of 'x'");
  const sizes = shape.split(',').map((n) => n.trim().replace(/L$/, ''));
  if (sizes.at(-1) === '') sizes.pop();
  if (!sizes.every((n) => /^\d+$/.test(n))) throw new FormatError('has a header that cannot be read');
  return { descr, shape: sizes.map(Number) };
}

function dtypeOf(descr: string, wanted: DType | undefined): DType {
  if (OPAQUE.includes(descr)) {
    if (wanted === 'float16' || wanted === 'bfloat16') return wanted;
    throw new FormatError(`has elements of type '${descr}', of which --dtype must say 'float16' or 'bfloat16'`);
  }
  const dtype = FLOATS.get(descr);
  if (descr[0] === '>' && FLOATS.has(`<${descr.slice(1)}`)) {
    throw new FormatError(`is big-endian ('${descr}'): save x.astype('<${descr.slice(1)}') instead`);
  }
  if (dtype === undefined) throw new FormatError(`has elements of type '${descr}', not '<f2', '<f4' or '<f8'`);
  if (wanted !== undefined && wanted !== dtype) throw new FormatError(`has ${dtype} numbers, not ${wanted}`);
  return dtype;
}
