// Hugging Face's .safetensors: a length, a JSON object of tensors, their bytes.

import { sizeOf } from '../bytes.js';
import type { DType } from '../validate.js';
import {
  assertSize,
  elementsOf,
  FormatError,
  type Layout,
  need,
  type Section,
  type Start,
  type Wanted,
} from './layout.js';

const LONGEST_HEADER = 100_000_000; // the format's own limit

const FLOATS: ReadonlyMap<string, DType> = new Map([
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F32', 'float32'],
  ['F64', 'float64'],
]);

interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export async function readSafetensors(start: Start, wanted: Wanted): Promise<Layout> {
  const lengthBytes = await start.take(8);
  const length = lengthBytes.length < 8 ? 0 : Number(lengthBytes.readBigUInt64LE());
  if (length < 2 || length > LONGEST_HEADER) throw new FormatError('is not a .safetensors file');
  if (start.size !== undefined && start.size < 8 + length)
    throw new FormatError('ends within its header: the file is truncated');
  const text = await need(start, length, 'its header');
  const tensors = parseHeader(text, 8 + length);
  const size = tensors.at(-1)?.end ?? 8 + length;
  assertSize(start, size);
  return { size, sections: sectionsOf(tensors, wanted), head: Buffer.concat([lengthBytes, text]) };
}

/** The tensors in the order of the file, which they must fill. */
function parseHeader(text: Buffer, dataBegin: number): Tensor[] {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    throw new FormatError('has a header that is not JSON');
  }
  if (!isObject(header)) throw new FormatError('has a header that is not an object');
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseTensor(name, value, dataBegin))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = dataBegin;
  for (const { name, begin, end } of tensors) {
    if (begin !== at) throw new FormatError(`has tensors that overlap or leave gaps, at '${name}'`);
    at = end;
  }
  return tensors;
}

function parseTensor(name: string, value: unknown, dataBegin: number): Tensor {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new FormatError(`has a header that does not describe the tensor '${name}'`);
  }
  const [begin, end] = offsets as [number, number];
  const float = FLOATS.get(dtype);
  const bytes = float && elementsOf(shape, `'${name}'`) * sizeOf(float);
  if (end < begin || (bytes !== undefined && end - begin !== bytes)) {
    throw new FormatError(`says that '${name}', ${dtype} [${shape}], has ${end - begin} bytes`);
  }
  return { name, dtype, shape, begin: dataBegin + begin, end: dataBegin + end };
}

function sectionsOf(tensors: readonly Tensor[], { tensors: names, dtype: only }: Wanted): Section[] {
  for (const name of names ?? []) {
    const tensor = tensors.find((t) => t.name === name);
    if (tensor === undefined) throw new FormatError(`has no tensor '${name}'`);
    if (!FLOATS.has(tensor.dtype)) {
      throw new FormatError(`has ${tensor.dtype} elements in '${name}', not F16, BF16, F32 or F64`);
    }
  }
  const sections = tensors.flatMap(({ name, dtype, shape, begin, end }) => {
    const float = FLOATS.get(dtype);
    const chosen = float !== undefined && (names === undefined || names.includes(name));
    return chosen ? [{ name, dtype: float, shape, begin, end }] : [];
  });
  const other = sections.find(({ dtype }) => only !== undefined && dtype !== only);
  if (other !== undefined) throw new FormatError(`has ${other.dtype} numbers in '${other.name}', not ${only}`);
  if (sections.length === 0) throw new FormatError('has no tensor of F16, BF16, F32 or F64');
  return sections;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
