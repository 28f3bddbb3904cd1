// An output that a later call with the same arguments can go on with.

import { readFileSync } from 'node:fs';
import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import { codeOf, UsageError } from './errors.js';
import { modeOf, type Output, removeIfThere, replace, writeAll } from './output.js';

// Milliseconds of work that may be lost.
const SAVE_EVERY = 100;

/** What is written beside the partial file. */
interface Journal {
  /** Bytes of the partial file that are on the disk. */
  readonly done: number;
  /** The process that writes it. */
  readonly pid: number;
}

export class ResumableOutput implements Output {
  private position: number;
  private saved = 0;

  private constructor(
    private readonly file: string,
    private readonly partial: string,
    private readonly handle: FileHandle,
    readonly done: number,
  ) {
    this.position = done;
  }

  /** `partial`: a name that no call with other arguments uses. */
  static async open(file: string, partial: string): Promise<ResumableOutput> {
    const { done, pid } = readJournal(journalOf(partial));
    if (pid !== process.pid && isAlive(pid)) {
      throw new UsageError(`process ${pid} is writing ${file}; if it is not, remove ${journalOf(partial)}`);
    }
    const handle = await open(partial, 'r+').catch(() => undefined);
    const { size } = (await handle?.stat()) ?? { size: 0 };
    const start = size >= done ? done : 0;
    const usable = handle ?? (await open(partial, 'w+', await modeOf(file)));
    await usable.truncate(start);
    const output = new ResumableOutput(file, partial, usable, start);
    await output.save();
    return output;
  }

  async write(bytes: Buffer): Promise<void> {
    await writeAll(this.handle, bytes, this.position);
    this.position += bytes.length;
    if (performance.now() - this.saved > SAVE_EVERY) await this.save();
  }

  private async save(): Promise<void> {
    await this.handle.datasync(); // before the journal says so
    const journal: Journal = { done: this.position, pid: process.pid };
    const file = journalOf(this.partial);
    await writeFile(`${file}.new`, JSON.stringify(journal));
    await rename(`${file}.new`, file);
    this.saved = performance.now();
  }

  async commit(): Promise<void> {
    await replace(this.handle, this.partial, this.file);
    removeIfThere(journalOf(this.partial));
  }

  /** What was done stays. */
  abandon(): void {}
}

const journalOf = (partial: string): string => `${partial}.json`;

function readJournal(file: string): Journal {
  try {
    const { done, pid } = JSON.parse(readFileSync(file, 'utf8')) as Journal;
    if (Number.isSafeInteger(done) && done >= 0 && Number.isSafeInteger(pid)) return { done, pid };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && !(error instanceof SyntaxError)) throw error;
  }
  return { done: 0, pid: process.pid };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
