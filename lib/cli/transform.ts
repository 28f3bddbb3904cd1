// The loop over the blocks of a file.

import { elementsAt, sizeOf } from '../bytes.js';
import { FormatError, type Layout, type Section } from '../formats/layout.js';
import type { DType } from '../validate.js';
import type { Input } from './input.js';
import type { Output } from './output.js';

/** Bytes that are read, computed and written at a time. A multiple of all elements' sizes. */
export const BLOCK = 4 * 2 ** 20;

type Numbers = Float32Array; // or another of the classes, which the functions take alike

/** What to do. */
export interface Work {
  readonly x: Input;
  readonly layout: Layout;
  /** For a derivative: where the gradients are, section by section. */
  readonly gradOutput: { readonly input: Input; readonly layout: Layout } | undefined;
  /** The bytes of the file that are wanted. */
  readonly from: number;
  readonly to: number;
  /** Puts the results into `x`. */
  compute(x: Numbers, gradOutput: Numbers | undefined, dtype: DType): void;
}

/** A part of the file that is all numbers or all something else. */
interface Piece {
  readonly begin: number;
  readonly end: number;
  /** Which section's numbers. */
  readonly section: number | undefined;
}

function* pieces({ sections, head }: Layout, from: number, to: number): Generator<Piece, undefined> {
  let next = 0;
  for (let at = from; at < to; ) {
    while (next < sections.length && (sections[next] as Section).end <= at) next++;
    const section = sections[next];
    const inside = section !== undefined && at >= section.begin;
    const limit = at < head.length ? head.length : ((inside ? section.end : section?.begin) ?? to);
    const end = Math.min(at + BLOCK, limit, to);
    yield { begin: at, end, section: inside ? next : undefined };
    at = end;
  }
}

interface Block {
  /** The piece's bytes: to be computed, and then written. */
  readonly bytes: Buffer;
  readonly gradOutput: Buffer | undefined;
  readonly dtype: DType | undefined;
  /** Whether the input has ended where only that tells its size. */
  readonly last: boolean;
}

async function load(work: Work, piece: Piece | undefined, into: Buffer, gradInto: Buffer): Promise<Block | undefined> {
  if (piece === undefined) return undefined;
  const { x, layout, gradOutput } = work;
  const { begin, end } = piece;
  const copied = { gradOutput: undefined, dtype: undefined, last: false };
  if (end <= layout.head.length) return { ...copied, bytes: layout.head.subarray(begin, end) };
  const length = await x.read(into.subarray(0, end - begin), begin);
  const section = piece.section === undefined ? undefined : layout.sections[piece.section];
  if (length < end - begin) checkEnd(work, begin + length, section);
  if (length === 0) return undefined;
  const bytes = into.subarray(0, length);
  if (section === undefined) return { ...copied, bytes };
  const block = { bytes, gradOutput: undefined, dtype: section.dtype, last: length < end - begin };
  if (gradOutput === undefined) return block;
  const gradSection = gradOutput.layout.sections[piece.section as number] as Section;
  const gradBytes = gradInto.subarray(0, length);
  const gradLength = await gradOutput.input.read(gradBytes, gradSection.begin + (begin - section.begin));
  if (gradLength < length) throw new FormatError(`has more numbers than ${gradOutput.input.name}`);
  return { ...block, gradOutput: gradBytes };
}

/** Throws unless the input may end at byte `end`. */
function checkEnd({ layout, gradOutput }: Work, end: number, section: Section | undefined): void {
  if (Number.isFinite(layout.size)) throw new FormatError(`is truncated: it ends at byte ${end} of ${layout.size}`);
  const { dtype, begin } = section as Section;
  const rest = (end - begin) % sizeOf(dtype);
  if (rest !== 0) throw new FormatError(`is truncated: it ends at byte ${end}, in the middle of a ${dtype} number`);
  if (gradOutput !== undefined && gradOutput.layout.size !== end) {
    throw new FormatError(`has ${end} bytes, and ${gradOutput.input.name} ${gradOutput.layout.size}`);
  }
}

const numbers = (bytes: Buffer, dtype: DType): Numbers =>
  elementsAt(dtype, bytes.buffer, bytes.byteOffset, bytes.length / sizeOf(dtype)) as Numbers;

/** Writes the work's bytes to `output`. Returns how many elements were computed. */
export async function transform(work: Work, output: Output, onProgress: (bytes: number) => void): Promise<number> {
  const { layout, from, to, compute } = work;
  const rest = pieces(layout, from, to);
  // While one block is computed and written, the next is read.
  const allocate = () => Buffer.from(new ArrayBuffer(BLOCK));
  const x = [allocate(), allocate()] as const;
  const gradOutput = work.gradOutput ? ([allocate(), allocate()] as const) : x;
  const loaded = (i: 0 | 1): Promise<Block | undefined> => {
    const block = load(work, rest.next().value, x[i], gradOutput[i]);
    block.catch(() => {}); // it is awaited in its turn
    return block;
  };
  let elements = 0;
  let next = loaded(0);
  for (let turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
    const block = await next;
    if (block === undefined) break;
    next = block.last ? Promise.resolve(undefined) : loaded(turn === 0 ? 1 : 0);
    const { bytes, dtype } = block;
    if (dtype !== undefined) {
      compute(numbers(bytes, dtype), block.gradOutput && numbers(block.gradOutput, dtype), dtype);
      elements += bytes.length / sizeOf(dtype);
    }
    await output.write(bytes);
    onProgress(bytes.length);
  }
  if (work.x.size === undefined && (await work.x.read(Buffer.alloc(1), to)) > 0) {
    throw new FormatError('has more in it than its header says');
  }
  return elements;
}
