// The functions with promises: the same bits and errors, fairness, abort, and memory that goes away meanwhile.

import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import * as syncModule from '../dist/index.mjs';
import * as promisesModule from '../dist/promises.mjs';
import { expectSameBits, hostile, onEachIsa, runNode } from './support.js';

// Tests call with arguments that the types forbid.
// biome-ignore lint/suspicious/noExplicitAny: that is the point
type Any = any;

const sync = { ...syncModule };
const promises = { ...promisesModule };

const LENGTH = 300_007; // several slices
const forward = ['gelu', 'silu', 'swish', 'mish', 'softplus'] as const;
const backward = ['geluBackward', 'siluBackward', 'swishBackward', 'mishBackward', 'softplusBackward'] as const;

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> => {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return (error as Any).code;
  }
};

function transfer(x: { buffer: ArrayBufferLike }): void {
  structuredClone(x.buffer, { transfer: [x.buffer as ArrayBuffer] });
}

describe('promises', () => {
  it('has the functions of the main entry, for require too', () => {
    const names = Object.keys(sync).filter((name) => !/^(backend|getNumThreads|setNumThreads)$/.test(name));
    expect(Object.keys(promises).toSorted()).toEqual(names.toSorted());
    const required = createRequire(import.meta.url)('simd-activations/promises');
    expect(required.gelu).toBe(promises.gelu);
  });

  onEachIsa(() => {
    it.each(forward)('%s gives the bits of the synchronous function', async (name) => {
      const options = { approximate: 'tanh', beta: 1.5, threshold: 3 } as Any;
      for (const type of [Float32Array, Float64Array]) {
        const x = hostile(new type(LENGTH)) as Float32Array;
        expectSameBits(await promises[name](x, options), sync[name](x, options));
        const expected = sync[name](x);
        expect(await promises[name](x, { out: x })).toBe(x);
        expectSameBits(x, expected);
      }
      const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
      for (const dtype of ['float16', 'bfloat16'] as const) {
        expect(await promises[name](bits, { dtype })).toEqual(sync[name](bits, { dtype }));
      }
    });

    it.each(backward)('%s gives the bits of the synchronous function', async (name) => {
      for (const type of [Float32Array, Float64Array]) {
        const [x, grad] = [hostile(new type(LENGTH)), hostile(new type(LENGTH), 2)] as [Float32Array, Float32Array];
        const expected = sync[name](grad, x);
        expectSameBits(await promises[name](grad, x), expected);
        expect(await promises[name](grad, x, { out: grad })).toBe(grad);
        expectSameBits(grad, expected);
      }
    });
  });

  it('takes empty, shared and length-tracking arrays, and subclasses', async () => {
    expect(await promises.gelu(new Float32Array(0))).toHaveLength(0);
    const x = hostile(new Float32Array(new SharedArrayBuffer(4 * LENGTH)));
    expectSameBits(await promises.gelu(x), sync.gelu(x));
    const tracking = new Float32Array(new (ArrayBuffer as Any)(80, { maxByteLength: 160 }));
    expectSameBits(await promises.gelu(tracking.fill(1)), sync.gelu(tracking));
    class Tensor extends Float32Array {
      constructor(...args: Any) {
        super(...(args as [number]));
        if (typeof args[0] === 'number' && args.length > 1) throw new Error('a slice is not a tensor');
      }
    }
    const tensor = hostile(new Tensor(LENGTH));
    expectSameBits(await promises.gelu(tensor as Float32Array), sync.gelu(new Float32Array(tensor)));
  });

  it('rejects with what the synchronous function throws', async () => {
    const x = new Float32Array(8);
    const gone = new Float32Array(8);
    transfer(gone);
    const wrong: Any[][] = [
      [],
      [[1]],
      [new Int32Array(2)],
      [new Uint16Array(2)],
      [gone],
      [x, null],
      [x, { approximate: 'erf' }],
      [x, { out: new Float64Array(8) }],
      [x, { out: new Float32Array(7) }],
      [x.subarray(0, 6), { out: x.subarray(1, 7) }],
    ];
    for (const args of wrong) {
      let thrown: Any;
      try {
        (sync.gelu as Any)(...args);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeDefined();
      await expect((promises.gelu as Any)(...args)).rejects.toThrow(thrown);
      expect(await codeOf((promises.gelu as Any)(...args))).toBe(thrown.code);
    }
    expect(await codeOf(promises.gelu(x, { signal: {} as Any }))).toBe('ERR_INVALID_ARG_TYPE');
    expect(await codeOf(promises.gelu(x, { signal: null as Any }))).toBe('ERR_INVALID_ARG_TYPE');
    expect(await codeOf(promises.gelu(x, { onProgress: 1 as Any }))).toBe('ERR_INVALID_ARG_TYPE');
    expectSameBits(sync.gelu(x), x); // the next synchronous call computes again
  });

  it('checks at once and computes later', async () => {
    const x = Float32Array.of(1);
    const out = new Float32Array(1);
    const promise = promises.gelu(x, { out });
    expect(out[0]).toBe(0);
    await promise;
    expectSameBits(out, sync.gelu(x));
  });

  it('reports progress in the context of the call', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const call = (name: string) =>
      storage.run(name, async () => {
        let last = 0;
        const onProgress = ({ done, total }: promisesModule.Progress) => {
          expect(total).toBe(LENGTH);
          expect(done).toBeGreaterThan(last);
          last = done;
          seen.push(`${name}${storage.getStore()}`);
        };
        await promises.gelu(new Float32Array(LENGTH), {
          onProgress(this: unknown, progress) {
            expect(this).toBeUndefined();
            onProgress(progress);
          },
        });
        expect(last).toBe(LENGTH);
      });
    await Promise.all([call('a'), call('b')]);
    expect(new Set(seen)).toEqual(new Set(['aa', 'bb']));
    expect(seen.slice(0, 4).toSorted()).toEqual(['aa', 'aa', 'bb', 'bb']); // in turn
  });

  it('rejects with what onProgress throws, and goes on with other calls', async () => {
    const boom = new Error('boom');
    const onProgress = () => {
      throw boom;
    };
    const other = promises.gelu(new Float32Array(LENGTH));
    await expect(promises.gelu(new Float32Array(LENGTH), { onProgress })).rejects.toBe(boom);
    expect(await other).toHaveLength(LENGTH);
  });

  it('starts calls from onProgress', async () => {
    let inner: Promise<Float32Array> | undefined;
    const onProgress = () => {
      inner ??= promises.silu(new Float32Array(LENGTH));
    };
    await promises.gelu(new Float32Array(LENGTH), { onProgress });
    expect(await inner).toHaveLength(LENGTH);
  });

  it('ends when its signal says so', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const x = new Float32Array(2 ** 22).fill(1);
    const out = new Float32Array(x.length);
    const onProgress = () => controller.abort(reason);
    const error: Any = await promises.gelu(x, { out, signal: controller.signal, onProgress }).catch((e) => e);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', message: 'The operation was aborted' });
    expect(error.cause).toBe(reason);
    expect([out[0], out.at(-1)]).toEqual([sync.gelu(x.subarray(0, 1))[0], 0]);
    out.fill(0);
    expect(await codeOf(promises.gelu(x, { out, signal: AbortSignal.abort() }))).toBe('ABORT_ERR');
    expect(out[0]).toBe(0);
    expect(await codeOf(promises.gelu(x, { out, signal: AbortSignal.timeout(0) }))).toBe('ABORT_ERR');
  });

  it('rejects when an array goes away, and no other call', async () => {
    const arrays = () => [new Float32Array(LENGTH), new Float32Array(LENGTH), new Float32Array(LENGTH)] as const;
    const other = promises.mish(new Float32Array(LENGTH));
    for (const [i, name] of ['gradOutput', 'x', 'options.out'].entries()) {
      for (const when of ['at once', 'between']) {
        const all = arrays();
        const gone = () => transfer(all[i] as Float32Array);
        const promise = promises.geluBackward(all[0], all[1], {
          out: all[2],
          ...(when === 'between' && { onProgress: () => all[i]?.length && gone() }),
        });
        if (when === 'at once') gone();
        await expect(promise).rejects.toThrow(`${name} must not be detached`);
        expect(await codeOf(promise)).toBe('ERR_INVALID_ARG_VALUE');
      }
    }
    const none = new Float32Array(0);
    const ofNone = promises.gelu(none);
    transfer(none);
    expect(await codeOf(ofNone)).toBe('ERR_INVALID_ARG_VALUE');
    for (const size of [0, 4 * LENGTH - 4, 8 * LENGTH]) {
      const buffer = new (ArrayBuffer as Any)(4 * LENGTH, { maxByteLength: 8 * LENGTH });
      const promise = promises.gelu(new Float32Array(buffer));
      buffer.resize(size);
      expect(await codeOf(promise)).toBe('ERR_INVALID_ARG_VALUE');
    }
    expect(await other).toHaveLength(LENGTH);
  });

  it('survives thousands of resizes, transfers and collections', () => {
    const { status, stdout, stderr } = runNode(
      `
      const { gelu, siluBackward } = require('simd-activations/promises');
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      (async () => {
        let settled = 0;
        for (let i = 0; i < 4000; i++) {
          const buffer = new ArrayBuffer(1 << 20, { maxByteLength: 1 << 21 });
          let x = new Float32Array(i % 2 ? buffer : buffer.slice());
          const done = (i % 3 ? gelu(x, i % 5 ? {} : { out: x }) : siluBackward(x, x))
            .then(() => 0, (e) => { if (e.code !== 'ERR_INVALID_ARG_VALUE') throw e; }).then(() => settled++);
          if (i % 4 !== 0) await turn();
          if (i % 2) buffer.resize(i % 7 ? 0 : 1 << 21);
          else structuredClone(x.buffer, { transfer: [x.buffer] });
          x = undefined;
          if (i % 10 === 0) gc();
          if (i % 50 === 0) await done;
        }
        while (settled < 4000) await turn();
        console.log('settled', settled);
      })();`,
      {},
      ['--expose-gc'],
    );
    expect([status, stdout, stderr]).toEqual([0, 'settled 4000\n', '']);
  });

  it('survives the termination of a worker', () => {
    const { status, stdout, stderr } = runNode(`
      const { Worker } = require('node:worker_threads');
      const code = "const { gelu } = require('simd-activations/promises');" +
        "gelu(new Float32Array(1 << 26)); setTimeout(() => require('node:worker_threads').parentPort.postMessage(1), 2)";
      (async () => {
        for (let i = 0; i < 20; i++) {
          const worker = new Worker(code, { eval: true });
          await new Promise((resolve) => worker.once('message', resolve));
          await worker.terminate();
        }
        console.log('done');
      })();`);
    expect([status, stdout, stderr]).toEqual([0, 'done\n', '']);
  });

  it('keeps the process alive until it settles, and not after', () => {
    const { status, stdout } = runNode(
      `require('simd-activations/promises').gelu(new Float32Array(1 << 22)).then(() => console.log('settled'));`,
    );
    expect([status, stdout]).toEqual([0, 'settled\n']);
  });

  it('leaves the event loop free', async () => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    let ticks = 0;
    const count = setInterval(() => ticks++, 1);
    const began = performance.now();
    const slices: number[] = [];
    let slice = began;
    const onProgress = () => {
      slices.push(performance.now() - slice);
      slice = performance.now();
    };
    await promises.gelu(new Float32Array(2 ** 24), { onProgress });
    clearInterval(timer);
    clearInterval(count);
    expect(ticks).toBeGreaterThan((performance.now() - began) / 5);
    expect(longest).toBeLessThan(200); // a machine that is busy otherwise
    // Half a millisecond is the aim, once their length is found, and a quarter of them are hardly disturbed.
    const found = slices.slice(slices.length / 2).sort((a, b) => a - b);
    expect(found[found.length >> 2]).toBeLessThan(1.2);
  });
});
