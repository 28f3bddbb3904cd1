// How far the work has come, on standard error: a bar on a terminal, a line now and then elsewhere.

const BAR = 30;
const EVERY = { terminal: 100, elsewhere: 5000 }; // milliseconds

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

export class Progress {
  private done = 0;
  private readonly began = performance.now();
  private printed = performance.now();
  private readonly terminal = process.stderr.isTTY === true;

  /** `total`: in bytes, Infinity where that is unknown. */
  constructor(
    private readonly label: string,
    private readonly total: number,
    private readonly quiet: boolean,
  ) {}

  add(bytes: number): void {
    this.done += bytes;
    const now = performance.now();
    if (this.quiet || now - this.printed < (this.terminal ? EVERY.terminal : EVERY.elsewhere)) return;
    this.printed = now;
    const speed = this.done / (now - this.began);
    const rate = `${gigabytes(speed * 1000)}/s`;
    if (!Number.isFinite(this.total)) {
      this.print(`${this.label}: ${gigabytes(this.done)}, ${rate}`);
      return;
    }
    const fraction = Math.min(this.done / this.total, 1);
    const bar = '#'.repeat(Math.round(BAR * fraction)).padEnd(BAR, '.');
    const left = `${Math.ceil((this.total - this.done) / speed / 1000)} s left`;
    const percent = `${Math.floor(100 * fraction)} %`.padStart(5);
    this.print(
      `${this.label}: ${this.terminal ? `[${bar}] ` : ''}${percent} of ${gigabytes(this.total)}, ${rate}, ${left}`,
    );
  }

  private print(text: string): void {
    process.stderr.write(this.terminal ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Removes the bar; then says `text`. */
  end(text?: string): void {
    if (this.quiet) return;
    if (this.terminal) process.stderr.write('\r\x1b[K');
    if (text !== undefined) process.stderr.write(`${text}\n`);
  }
}
