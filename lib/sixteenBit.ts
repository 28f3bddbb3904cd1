// float16 and bfloat16 numbers as bits, for the JavaScript fallback.

import type { Kernel, Parameters } from './kernel.js';

/** The 16-bit types. */
export type SixteenBit = 'float16' | 'bfloat16';

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);
// Which of a double's words has the exponent.
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** All 65536 values of each type, made when first needed. */
const values: Partial<Record<SixteenBit, Float32Array>> = {};

/** The value of each bit pattern. */
export function valuesOf(dtype: SixteenBit): Float32Array {
  values[dtype] ??= Float32Array.from({ length: 65536 }, (_, bits) =>
    dtype === 'float16' ? float16Value(bits) : bfloat16Value(bits),
  );
  return values[dtype];
}

function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function bfloat16Value(bits: number): number {
  floatBits[0] = bits << 16;
  return float[0];
}

/**
 * `value` as a float32 number of 16 bits of precision: its upper bits, the last of which is set if any other was.
 * Rounding that to a type of 14 bits or fewer is rounding `value` itself, and not twice. Leaves the bits in floatBits.
 */
function roundToOdd(value: number): void {
  double[0] = value;
  const high = words[HIGH];
  words[HIGH] = (high & ~31) | ((high & 31) !== 0 || words[1 - HIGH] !== 0 ? 32 : 0);
  words[1 - HIGH] = 0;
  float[0] = double[0];
}

/** The bits of the float16 number nearest to `value`, ties to even; the one NaN. */
export function toFloat16(value: number): number {
  if (value !== value) return 0x7e00;
  roundToOdd(value);
  const sign = (floatBits[0] >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  const bits = floatBits[0] & 0x7fffffff;
  return sign | (((bits + 0xfff + ((bits >>> 13) & 1)) >>> 13) - (112 << 10));
}

const roundToEven = (x: number): number => x + 2 ** 52 - 2 ** 52;

/** The bits of the bfloat16 number nearest to `value`, ties to even; the one NaN. */
export function toBFloat16(value: number): number {
  if (value !== value) return 0x7fc0;
  roundToOdd(value);
  const bits = floatBits[0];
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

// How many elements each kernel has computed in a type, and its values for all arguments, by `dtype name`.
const computed = new Map<string, number>();
const tables = new Map<string, { parameters: Parameters; of: Uint16Array | Float64Array }>();

/**
 * What to look `n` elements up in, or undefined if they are to be computed: see native/sixteen_bit.h. `tabulate` makes
 * the table, given all arguments.
 */
export function tableFor(
  { name }: Kernel,
  dtype: SixteenBit,
  n: number,
  parameters: Parameters,
  tabulate: (all: Uint16Array) => Uint16Array | Float64Array,
): Uint16Array | Float64Array | undefined {
  const key = `${dtype} ${name}`;
  let table = tables.get(key);
  if (table === undefined) {
    const count = (computed.get(key) ?? 0) + n;
    computed.set(key, count);
    if (count < 65536) return undefined;
    const all = new Uint16Array(65536);
    for (let bits = 0; bits < 65536; bits++) all[bits] = bits;
    table = { parameters, of: tabulate(all) };
    tables.set(key, table);
  }
  const { beta, threshold } = table.parameters;
  return Object.is(beta, parameters.beta) && Object.is(threshold, parameters.threshold) ? table.of : undefined;
}
