// `simd-activations FUNCTION INPUT OUTPUT`.

import { createHash } from 'node:crypto';
import { backend, setNumThreads } from '../backend.js';
import { assertLittleEndian } from '../bytes.js';
import { FormatError, type Layout, type Section, type Start, type Wanted } from '../formats/layout.js';
import { readNpy } from '../formats/npy.js';
import { readRaw } from '../formats/raw.js';
import { readSafetensors } from '../formats/safetensors.js';
import { DERIVATIVES, FUNCTIONS } from '../functions.js';
import type { ApplyCommand } from './arguments.js';
import { UsageError } from './errors.js';
import { type Input, openInput, startOf } from './input.js';
import { beside, isDeviceOrPipe, outputTo, produce, target } from './output.js';
import { Progress } from './progress.js';
import { ResumableOutput } from './resume.js';
import { exists, join, rangeOf, shardFile } from './shards.js';
import { BLOCK, transform, type Work } from './transform.js';

const READERS = { npy: readNpy, safetensors: readSafetensors, raw: readRaw };

/** A message about a file, with its name. */
async function about<T>(name: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof FormatError) throw new UsageError(`${name} ${error.message}`);
    throw error;
  }
}

/** Applies a function to a file. Throws a UsageError for what is wrong with the command or the files. */
export async function applyToFile(command: ApplyCommand): Promise<void> {
  assertLittleEndian();
  if (command.threads !== undefined) setNumThreads(command.threads);
  const x = await openInput(command.input);
  try {
    const layout = await layoutOf(command, x);
    const gradient = command.backward === undefined ? undefined : await openInput(command.backward);
    try {
      await applyToInput(command, x, layout, gradient && (await gradientOf(command, gradient, layout)));
    } finally {
      await gradient?.close();
    }
  } finally {
    await x.close();
  }
}

const layoutOf = ({ format, ...command }: ApplyCommand, input: Input): Promise<Layout> => {
  const read: (start: Start, wanted: Wanted) => Promise<Layout> = READERS[format];
  return about(input.name, read(startOf(input), command));
};

type Gradient = NonNullable<Work['gradOutput']>;

/** The gradients, which must be of the same types and shapes as the numbers. */
async function gradientOf(command: ApplyCommand, input: Input, layout: Layout): Promise<Gradient> {
  if (input.size === undefined) throw new UsageError(`--backward needs a file, which ${input.name} is not`);
  const other = await layoutOf(command, input);
  const describe = ({ name, dtype, shape, begin, end }: Section): string =>
    `${name === undefined ? '' : `'${name}', `}${dtype} [${shape ?? (Number.isFinite(end) ? end - begin : 'any')}]`;
  const named = new Map(other.sections.map((section) => [section.name, section]));
  const sections = layout.sections.map((section) => {
    const match = named.get(section.name);
    if (match === undefined) throw new UsageError(`${input.name} has no tensor '${section.name}'`);
    if (Number.isFinite(section.end) && describe(match) !== describe(section)) {
      throw new UsageError(`${input.name} has ${describe(match)} where ${command.input} has ${describe(section)}`);
    }
    return match;
  });
  return { input, layout: { ...other, sections } };
}

async function applyToInput(command: ApplyCommand, x: Input, layout: Layout, gradOutput?: Gradient): Promise<void> {
  const { name, parameters, shard, resume } = command;
  const began = performance.now();
  const file = command.output === '-' ? '-' : await target(command.output);
  if (shard !== undefined && file === (await target(command.input))) {
    throw new UsageError('--shard needs another output than the input, which all shards must find as it is');
  }
  if (shard !== undefined || resume) {
    const wrong = x.identity === undefined ? x.name : (await isDeviceOrPipe(file)) ? command.output : undefined;
    if (wrong !== undefined)
      throw new UsageError(`--${shard ? 'shard' : 'resume'} needs a file, which ${wrong} is not`);
  }
  // What the result depends on: no two commands share their unfinished files.
  const identities = [x.identity, gradOutput?.input.identity];
  const question = [name, parameters, command.format, command.dtype, command.tensors, identities];
  const key = createHash('sha256').update(JSON.stringify(question, exactly)).digest('hex').slice(0, 16);
  const { from, to } = shard === undefined ? { from: 0, to: layout.size } : rangeOf(shard, layout);
  const part = shard === undefined ? file : shardFile(file, key, shard);
  const options = { ...parameters };
  const work: Work = {
    x,
    layout,
    gradOutput,
    from,
    to,
    compute: (numbers, grad, dtype) => {
      const own = { ...options, out: numbers, dtype };
      if (grad === undefined) FUNCTIONS[name](numbers, own);
      else DERIVATIVES[name](grad, numbers, own);
    },
  };
  const summary = {
    function: name + (gradOutput ? 'Backward' : ''),
    input: command.input,
    output: command.output,
    format: command.format,
    dtypes: [...new Set(layout.sections.map(({ dtype }) => dtype))],
    ...(shard && { shard: `${shard.index}/${shard.count}` }),
  };

  let elements = 0;
  let resumedAt = 0;
  const label = `${summary.function}${shard ? ` ${summary.shard}` : ''}`;
  const progress = new Progress(label, to - from, command.quiet);
  if (!(shard && resume && (await exists(part)))) {
    const output = resume ? new ResumableOutput(part, beside(part, `${key}.partial`)) : await outputTo(part);
    const produced = produce(output, (done) => {
      resumedAt = done;
      progress.add(done);
      return transform({ ...work, from: from + done }, output, (bytes) => progress.add(bytes));
    });
    elements = await about(x.name, produced);
  }
  const missing = shard ? await join(file, key, shard.count, Buffer.alloc(BLOCK)) : 0;
  const seconds = (performance.now() - began) / 1000;
  const whole = file === '-' ? 'standard output' : command.output;
  const where = missing === 0 ? whole : `a part of ${command.output}, which waits for ${missing} more`;
  progress.end(`${label}: ${elements} ${summary.dtypes.join(', ')} numbers in ${seconds.toFixed(2)} s -> ${where}`);
  if (command.json) {
    const { isa, threads } = backend;
    const result = { ...summary, elements, seconds, resumedAt, complete: missing === 0, isa, threads };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

/** JSON has no infinities. */
const exactly = (_key: string, value: unknown): unknown =>
  typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value;
