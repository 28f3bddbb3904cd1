// Where results go. A file appears whole or not at all: the bytes go to a temporary file beside it, which is renamed when
// they are on the disk. So the file that was there, which may be the input, is there until then, whatever happens.

import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { type FileHandle, open, readlink, realpath, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './errors.js';

/** Takes the bytes in order. */
export interface Output {
  /** Before all else. Returns how many bytes are there already. */
  open(): Promise<number>;
  write(bytes: Buffer): Promise<void>;
  /** Makes the file appear. */
  commit(): Promise<void>;
  /** Removes what must not stay. At once, because a signal may be the reason. */
  abandon(): void;
}

/** The output to `file`; `-`: standard output. A device or a pipe is written to as it is. */
export async function outputTo(file: string): Promise<Output> {
  if (file === '-') return new StandardOutput();
  if (await isDeviceOrPipe(file)) return new DirectOutput(file);
  return new AtomicOutput(await target(file));
}

/** Whether there is something at `file` that cannot be replaced by a file. */
export async function isDeviceOrPipe(file: string): Promise<boolean> {
  const existing = await stat(file).catch(() => undefined);
  return existing !== undefined && !existing.isFile();
}

/** The file itself, where `file` is a symbolic link to it, also if that is not there yet. */
export async function target(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    const link = codeOf(error) === 'ENOENT' ? await readlink(file).catch(() => undefined) : undefined;
    return link === undefined ? file : target(path.resolve(path.dirname(file), link));
  }
}

/** A name beside `file` for something that is not finished. */
export const beside = (file: string, suffix: string): string =>
  path.join(path.dirname(file), `.${path.basename(file)}.${suffix}`);

/** Writes all of `bytes`; `position`: where, or null for what cannot be sought in. */
export async function writeAll(handle: FileHandle, bytes: Buffer, position: number | null): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position === null ? null : position + at);
    at += bytesWritten;
  }
}

/** Opens `temporary`, which will be `file`, with the permissions that this has, if it is there. */
export async function openLike(file: string, temporary: string, flags: string): Promise<FileHandle> {
  const existing = await stat(file).catch(() => undefined);
  if (existing === undefined) return open(temporary, flags);
  const mode = existing.mode & 0o777;
  const handle = await open(temporary, flags, mode);
  await handle.chmod(mode); // the umask may have taken from it
  return handle;
}

/** Puts a finished temporary file in its place, for good. */
export async function replace(handle: FileHandle, temporary: string, file: string): Promise<void> {
  await handle.sync();
  await handle.close();
  await rename(temporary, file);
  await syncDirectory(path.dirname(file));
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return; // which cannot open one
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error; // some network file systems cannot
  } finally {
    await handle.close();
  }
}

export function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) as string)) throw error;
  }
}

class AtomicOutput implements Output {
  private readonly temporary: string;
  private handle: FileHandle | undefined;
  private position = 0;

  constructor(private readonly file: string) {
    this.temporary = beside(file, `${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  }

  async open(): Promise<number> {
    this.handle = await openLike(this.file, this.temporary, 'wx');
    return 0;
  }

  async write(bytes: Buffer): Promise<void> {
    await writeAll(this.handle as FileHandle, bytes, this.position);
    this.position += bytes.length;
  }

  commit(): Promise<void> {
    return replace(this.handle as FileHandle, this.temporary, this.file);
  }

  abandon(): void {
    removeIfThere(this.temporary);
  }
}

class DirectOutput implements Output {
  private handle: FileHandle | undefined;

  constructor(private readonly file: string) {}

  async open(): Promise<number> {
    this.handle = await open(this.file, 'w');
    return 0;
  }

  write(bytes: Buffer): Promise<void> {
    return writeAll(this.handle as FileHandle, bytes, null);
  }

  commit(): Promise<void> {
    return (this.handle as FileHandle).close();
  }

  abandon(): void {}
}

class StandardOutput implements Output {
  async open(): Promise<number> {
    return 0;
  }

  write(bytes: Buffer): Promise<void> {
    // The callback comes when the bytes are no longer needed.
    return new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  async commit(): Promise<void> {}

  abandon(): void {}
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Does the work, given how many bytes the output has already, then makes the output appear. Leaves no trace of it if that
 * fails or a signal ends the process.
 */
export async function produce<T>(output: Output, work: (done: number) => Promise<T>): Promise<T> {
  let opening: Promise<unknown> = Promise.resolve();
  const onSignal = (signal: NodeJS.Signals) => {
    for (const name of SIGNALS) process.removeListener(name, onSignal);
    const end = () => {
      output.abandon();
      process.kill(process.pid, signal); // ends as the signal says
    };
    opening.then(end, end); // what is being opened is not there to be removed yet
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    const opened = output.open();
    opening = opened;
    const result = await work(await opened);
    await output.commit();
    return result;
  } catch (error) {
    output.abandon();
    throw error;
  } finally {
    for (const name of SIGNALS) process.removeListener(name, onSignal);
  }
}
