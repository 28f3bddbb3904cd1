// The command line.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { DTYPES } from '../bytes.js';
import { FUNCTION_NAMES, type FunctionName } from '../functions.js';
import type { DType } from '../validate.js';
import { codeOf, UsageError } from './errors.js';
import type { Shard } from './shards.js';

const APPROXIMATE = ['none', 'tanh'] as const;
const FORMATS = ['npy', 'safetensors', 'raw'] as const;

export type Format = (typeof FORMATS)[number];

/** What the functions take from the command line. */
export interface Parameters {
  readonly approximate: 'none' | 'tanh' | undefined;
  readonly beta: number | undefined;
  readonly threshold: number | undefined;
}

/** A function to be applied to a file. */
export interface ApplyCommand {
  readonly name: FunctionName;
  readonly input: string;
  readonly output: string;
  readonly parameters: Parameters;
  readonly format: Format;
  readonly dtype: DType | undefined;
  readonly tensors: readonly string[] | undefined;
  readonly backward: string | undefined;
  readonly threads: number | undefined;
  readonly shard: Shard | undefined;
  readonly resume: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

export type Command =
  | { readonly kind: 'apply'; readonly command: ApplyCommand }
  | { readonly kind: 'info'; readonly json: boolean }
  | { readonly kind: 'bench' | 'help' | 'version' };

const OPTIONS = {
  approximate: { type: 'string' },
  beta: { type: 'string' },
  threshold: { type: 'string' },
  dtype: { type: 'string' },
  format: { type: 'string' },
  tensor: { type: 'string', multiple: true },
  backward: { type: 'string' },
  threads: { type: 'string' },
  shard: { type: 'string' },
  resume: { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (!codeOf(error)?.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UsageError((error as Error).message.replace(/\s+/g, ' ').replace(/\.? To specify a positional.*/, ''));
  }
}

type Values = ReturnType<typeof parse>['values'];

/** What the arguments ask for. Throws a UsageError. */
export function commandOf(args: string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [name, input, output, ...more] = positionals;
  if (name === undefined) throw new UsageError('nothing to do: name a function, such as gelu');
  if (name === 'help') return { kind: 'help' };
  if (name === 'info' || name === 'bench') {
    if (input !== undefined) throw new UsageError(`${name} takes no files`);
    return name === 'info' ? { kind: 'info', json: values.json ?? false } : { kind: 'bench' };
  }
  const f = oneOf('the first argument', name, [...FUNCTION_NAMES, 'info', 'bench', 'help'] as const) as FunctionName;
  if (input === undefined || output === undefined) throw new UsageError(`${name} needs an input and an output file`);
  if (more.length > 0) throw new UsageError(`${name} takes two files, not ${positionals.length - 1}`);
  return { kind: 'apply', command: applyCommand(f, input, output, values) };
}

function applyCommand(name: FunctionName, input: string, output: string, values: Values): ApplyCommand {
  const only = (option: 'approximate' | 'beta' | 'threshold', owner: FunctionName) => {
    if (values[option] !== undefined && name !== owner) throw new UsageError(`--${option} is an option of ${owner}`);
  };
  only('approximate', 'gelu');
  only('beta', 'softplus');
  only('threshold', 'softplus');
  const dtype = values.dtype === undefined ? undefined : oneOf('--dtype', values.dtype, DTYPES);
  const format = formatOf(input, output, values.format, dtype);
  const shard = values.shard === undefined ? undefined : parseShard(values.shard);
  const { resume = false, json = false, quiet = false } = values;
  if (values.tensor !== undefined && format !== 'safetensors')
    throw new UsageError('--tensor is for .safetensors files');
  if ((shard || resume) && (input === '-' || output === '-')) {
    throw new UsageError(`--${shard ? 'shard' : 'resume'} needs files, not '-'`);
  }
  if (json && output === '-') throw new UsageError("--json and an output to '-' would both go to standard output");
  return {
    name,
    input,
    output,
    format,
    dtype,
    shard,
    resume,
    json,
    quiet,
    parameters: {
      approximate:
        values.approximate === undefined ? undefined : oneOf('--approximate', values.approximate, APPROXIMATE),
      beta: number('--beta', values.beta),
      threshold: number('--threshold', values.threshold),
    },
    tensors: values.tensor,
    backward: values.backward,
    threads: values.threads === undefined ? undefined : integer('--threads', values.threads, 1024),
  };
}

function oneOf<T extends string>(what: string, value: string, values: readonly T[]): T {
  if (values.includes(value as T)) return value as T;
  throw new UsageError(`${what} must be one of ${values.join(', ')}, not '${value}'`);
}

function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text.replace(/^([+-]?)inf(inity)?$/i, '$1Infinity'));
  if (text.trim() === '' || Number.isNaN(value)) throw new UsageError(`${option} must be a number, not '${text}'`);
  return value;
}

function integer(what: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new UsageError(`${what} must be an integer from 1 to ${max}, not '${text}'`);
}

function parseShard(text: string): Shard {
  const [, index, count] = text.match(/^(\d+)\/(\d+)$/) ?? [];
  if (index === undefined || count === undefined) throw new UsageError(`--shard must be like 1/8, not '${text}'`);
  const n = integer("--shard's count", count, 100_000);
  return { index: integer("--shard's number", index, n), count: n };
}

const formatByName = (file: string): Format | undefined =>
  FORMATS.find((format) => format !== 'raw' && path.extname(file) === `.${format}`);

function formatOf(input: string, output: string, named: string | undefined, dtype: DType | undefined): Format {
  if (named !== undefined) return oneOf('--format', named, FORMATS);
  const [from, to] = [formatByName(input), formatByName(output)];
  if (from !== undefined && to !== undefined && from !== to) {
    throw new UsageError(`the output has the format of the input: .${from} does not become .${to}`);
  }
  const format = from ?? to;
  if (format !== undefined) return format;
  if (dtype === undefined) {
    throw new UsageError(`${input} is neither .npy nor .safetensors: give --format, or --dtype for raw numbers`);
  }
  return 'raw';
}
