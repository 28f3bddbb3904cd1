// Streams of bytes: every way of cutting them, backpressure, ends and errors.

import { createRequire } from 'node:module';
import { Duplex, Readable, Writable } from 'node:stream';
import { buffer as collect } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { gelu, softplus } from '../dist/index.mjs';
import { activation } from '../dist/stream.mjs';
import { hostile, random, runNode } from './support.js';

// biome-ignore lint/suspicious/noExplicitAny: tests call with arguments that the types forbid
type Any = any;

const bytesOf = (x: ArrayBufferView): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

/** `bytes` in chunks of random lengths up to `longest`, at unaligned addresses. */
function* cut(bytes: Buffer, longest: number, seed = 1): Generator<Buffer> {
  const next = random(seed);
  for (let at = 0; at < bytes.length; ) {
    const length = Math.floor(next() * (longest + 1));
    const unaligned = Buffer.from(new ArrayBuffer(length + 1), 1, length);
    yield unaligned.subarray(0, bytes.copy(unaligned, 0, at, at + length));
    at += length;
  }
}

describe('activation()', () => {
  it('can be had with require', () => {
    expect(createRequire(import.meta.url)('simd-activations/stream').activation).toBe(activation);
  });

  it.each([1, 3, 7, 100, 5000, 1_000_000])('gives the bits of the function for chunks of up to %i bytes', async (n) => {
    const length = n < 100 ? 1001 : 500_003;
    const narrow = hostile(new Float32Array(length));
    const wide = hostile(new Float64Array(length));
    const bits = Uint16Array.from({ length }, (_, i) => i * 7);
    const read = async (x: ArrayBufferView, ...args: Parameters<typeof activation>) =>
      collect(Readable.from(cut(bytesOf(x), n)).pipe(activation(...args)));
    expect(bytesOf(gelu(narrow)).equals(await read(narrow, 'gelu'))).toBe(true);
    const softplusOptions = { dtype: 'float64', beta: 2, threshold: 5 } as const;
    expect(bytesOf(softplus(wide, softplusOptions)).equals(await read(wide, 'softplus', softplusOptions))).toBe(true);
    const tanh = { dtype: 'bfloat16', approximate: 'tanh' } as const;
    expect(bytesOf(gelu(bits, tanh)).equals(await read(bits, 'gelu', tanh))).toBe(true);
  });

  it('leaves the chunks alone', async () => {
    const x = hostile(new Float32Array(1000));
    const copy = x.slice();
    await pipeline(Readable.from([bytesOf(x)]), activation('gelu'), new Writable({ write: (_c, _e, done) => done() }));
    expect(bytesOf(x).equals(bytesOf(copy))).toBe(true);
  });

  it('says where an input ends in the middle of a number', async () => {
    const run = (n: number) => collect(Readable.from(cut(Buffer.alloc(n), 5)).pipe(activation('gelu')));
    expect(await run(0)).toHaveLength(0);
    expect(await run(4096)).toHaveLength(4096);
    const source = Readable.from(cut(Buffer.alloc(4099), 5));
    const end = pipeline(source, activation('gelu'), new Writable({ write: (_c, _e, done) => done() }));
    await expect(end).rejects.toMatchObject({
      code: 'ERR_TRUNCATED_INPUT',
      message: 'The input ends at byte 4099, in the middle of the float32 number at byte 4096',
    });
  });

  it('waits for a slow reader', async () => {
    let produced = 0;
    let consumed = 0;
    let most = 0;
    const chunk = Buffer.alloc(65_536);
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 200; i++) {
          produced += chunk.length;
          yield chunk;
        }
      })(),
      { objectMode: false },
    );
    const sink = new Writable({
      write(c, _encoding, done) {
        consumed += c.length;
        most = Math.max(most, produced - consumed);
        setImmediate(done);
      },
    });
    await pipeline(source, activation('silu', { highWaterMark: 65_536 }), sink);
    expect(consumed).toBe(200 * chunk.length);
    expect(most).toBeLessThan(10 * chunk.length);
  });

  it('ends with its pipeline, in the middle of a large chunk too', async () => {
    const controller = new AbortController();
    const source = new Readable({ read() {} });
    source.push(Buffer.alloc(2 ** 26));
    setTimeout(() => controller.abort(), 5);
    const sink = new Writable({ write: (_c, _e, done) => done() });
    const end = pipeline(source, activation('gelu'), sink, { signal: controller.signal });
    await expect(end).rejects.toMatchObject({ name: 'AbortError' });
    const stream = activation('gelu', { signal: AbortSignal.timeout(5) });
    await expect(collect(stream)).rejects.toMatchObject({ name: 'AbortError' });
    const aborted = activation('gelu', { signal: AbortSignal.abort() });
    await expect(collect(aborted)).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
  });

  it('leaves the event loop free in a large chunk, and computes no more of it once it is destroyed', () => {
    const { stdout, stderr } = runNode(
      `const { gelu } = require('./dist/index.js');
       const { activation } = require('./dist/stream.js');
       const part = new Float64Array(2 ** 20);
       gelu(part);
       const before = performance.now();
       gelu(part);
       const whole = 32 * (performance.now() - before);
       const stream = activation('gelu', { dtype: 'float64' });
       const began = performance.now();
       stream.write(Buffer.alloc(2 ** 28));
       let fired;
       setTimeout(() => { fired = performance.now() - began; stream.destroy(); }, whole / 16);
       process.on('exit', () => console.log(fired / whole, (performance.now() - began) / whole));`,
      { SIMD_ACTIVATIONS_BACKEND: 'js' },
    );
    const [fired, ended] = stdout.split(' ').map(Number);
    expect(fired, stderr).toBeLessThan(0.5);
    expect(ended).toBeLessThan(0.75);
  });

  it('is a pair of web streams where wanted', async () => {
    const x = hostile(new Float32Array(50_001));
    const source = new ReadableStream({
      start(controller) {
        for (const chunk of cut(bytesOf(x), 9999)) controller.enqueue(new Uint8Array(chunk));
        controller.close();
      },
    });
    const pair = Duplex.toWeb(activation('gelu')) as Any;
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.pipeThrough(pair) as Any) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytesOf(gelu(x)))).toBe(true);
  });

  it('takes bytes only', async () => {
    const stream = activation('gelu');
    stream.write('text');
    await expect(collect(stream)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('refuses wrong arguments at once', () => {
    const wrong: [Any[], string][] = [
      [[], 'ERR_INVALID_ARG_TYPE'],
      [['relu'], 'ERR_INVALID_ARG_VALUE'],
      [['toString'], 'ERR_INVALID_ARG_VALUE'],
      [['gelu', null], 'ERR_INVALID_ARG_TYPE'],
      [['gelu', { dtype: 'int8' }], 'ERR_INVALID_ARG_VALUE'],
      [['gelu', { approximate: 'erf' }], 'ERR_INVALID_ARG_VALUE'],
      [['softplus', { beta: '1' }], 'ERR_INVALID_ARG_TYPE'],
    ];
    for (const [args, code] of wrong) {
      let error: Any;
      try {
        (activation as Any)(...args);
      } catch (e) {
        error = e;
      }
      expect(error?.code).toBe(code);
    }
  });
});
