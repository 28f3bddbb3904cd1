// Files and standard input, read block by block.

import { type FileHandle, open } from 'node:fs/promises';
import type { Start } from '../formats/layout.js';
import { UsageError } from './errors.js';

/** An input. What is read is read in the order of the file. */
export interface Input {
  /** For messages. */
  readonly name: string;
  /** Bytes, where that is known. */
  readonly size: number | undefined;
  /** What tells the content from another's, where that is known. */
  readonly identity: string | undefined;
  /** Fills `into` with the bytes at `position`; returns fewer than it holds at the end only. */
  read(into: Buffer, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens the file at `path`; `-`: standard input. */
export async function openInput(path: string): Promise<Input> {
  if (path === '-') return new StandardInput();
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stats = await handle.stat({ bigint: true });
    if (stats.isDirectory()) throw new UsageError(`${path} is a directory`);
    if (!stats.isFile()) return new StreamInput(path, handle);
    // Without the device, which is each machine's own number for a shared folder.
    return new FileInput(path, handle, Number(stats.size), `${stats.ino} ${stats.size} ${stats.mtimeNs}`);
  } catch (error) {
    await handle?.close();
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot open ${path}: ${(error as Error).message}`);
  }
}

class FileInput implements Input {
  constructor(
    readonly name: string,
    private readonly handle: FileHandle,
    readonly size: number,
    readonly identity: string,
  ) {}

  async read(into: Buffer, position: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const { bytesRead } = await this.handle.read(into, filled, into.length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Anything that can only be read from its beginning to its end. */
abstract class Sequential implements Input {
  readonly size = undefined;
  readonly identity = undefined;
  private rest: Buffer = Buffer.alloc(0);
  private chunks: AsyncIterator<Buffer> | undefined;

  constructor(readonly name: string) {}

  protected abstract source(): AsyncIterable<Buffer>;

  async read(into: Buffer): Promise<number> {
    this.chunks ??= this.source()[Symbol.asyncIterator]();
    let filled = 0;
    while (filled < into.length) {
      if (this.rest.length === 0) {
        const { value, done } = await this.chunks.next();
        if (done) break;
        this.rest = value;
      }
      const copied = this.rest.copy(into, filled);
      filled += copied;
      this.rest = this.rest.subarray(copied);
    }
    return filled;
  }

  abstract close(): Promise<void>;
}

class StandardInput extends Sequential {
  constructor() {
    super('standard input');
  }

  protected source(): AsyncIterable<Buffer> {
    return process.stdin;
  }

  async close(): Promise<void> {
    process.stdin.destroy();
  }
}

/** A pipe or a device with a name. */
class StreamInput extends Sequential {
  constructor(
    name: string,
    private readonly handle: FileHandle,
  ) {
    super(name);
  }

  protected source(): AsyncIterable<Buffer> {
    return this.handle.createReadStream({ autoClose: false });
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** `input` as the formats read it. */
export function startOf(input: Input): Start {
  let position = 0;
  return {
    size: input.size,
    async take(count) {
      const bytes = Buffer.alloc(count);
      const length = await input.read(bytes, position);
      position += length;
      return bytes.subarray(0, length);
    },
  };
}
