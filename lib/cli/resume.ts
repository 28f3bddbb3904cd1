// An output that a later call with the same arguments can go on with.

import { readFileSync } from 'node:fs';
import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import { codeOf, UsageError } from './errors.js';
import { type Output, openLike, removeIfThere, replace, writeAll } from './output.js';

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
  private handle!: FileHandle;
  private position = 0;
  private saved = 0;

  /** `partial`: a name that no call with other arguments uses. */
  constructor(
    private readonly file: string,
    private readonly partial: string,
  ) {}

  async open(): Promise<number> {
    const { done, pid } = readJournal(journalOf(this.partial));
    if (pid !== process.pid && isAlive(pid)) {
      throw new UsageError(`process ${pid} is writing ${this.file}; if it is not, remove ${journalOf(this.partial)}`);
    }
    const existing = await open(this.partial, 'r+').catch(() => undefined);
    this.handle = existing ?? (await openLike(this.file, this.partial, 'w+'));
    const { size } = await this.handle.stat();
    // What is beyond stays until it is written over: where a process cannot see the one that writes, on another machine
    // or in another container, both write the same bytes, and cutting the file would leave a hole of zeros in it.
    this.position = size >= done ? done : 0;
    await this.save();
    return this.position;
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
    await this.handle.truncate(this.position);
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
