// Work in slices that leave the event loop free.
//
// Every slice is a synchronous call, so no native code reads memory while JavaScript runs: an array may be resized,
// transferred, detached or collected at any time between two slices, and a worker may be terminated there. Off the main
// thread the same would need a copy of everything, and would not be faster: the kernels use all threads already.

import { AsyncResource } from 'node:async_hooks';
import { type Job, newArrayLike } from './apply.js';
import { run } from './backend.js';
import { elementsAt } from './bytes.js';
import { abortError, invalidValue } from './errors.js';
import { type FloatArray, isUsable, lengthOf } from './validate.js';

/** How far a call has come, in elements. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** What the functions that return promises take besides. */
export interface PromiseOptions {
  /**
   * Ends the call: it rejects with an AbortError (`code: 'ABORT_ERR'`, `cause` the signal's reason) before its next
   * slice. What was computed until then stays in `out`.
   */
  signal?: AbortSignal | undefined;
  /** Called after each slice. What it throws rejects the promise. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Milliseconds of work per turn of the event loop. */
const TURN = 0.5;
// Elements: in any case less than a turn, which has several slices as long as they are short.
const FIRST_SLICE = 2 ** 11;

// Taken now: who fakes timers in a test fakes these for us too, and a clock that stands still would let slices grow.
const nextTurn = setImmediate;
const now = performance.now.bind(performance);

class Call {
  private done = 0;
  private size = FIRST_SLICE;
  private readonly arrays: readonly (readonly [name: string, array: FloatArray])[];
  private readonly total: number;
  private readonly signal: AbortSignal | undefined;
  private readonly onProgress: PromiseOptions['onProgress'];

  constructor(
    private readonly job: Job,
    private readonly result: FloatArray,
    { signal, onProgress }: PromiseOptions,
    readonly resolve: (result: FloatArray) => void,
    readonly reject: (error: unknown) => void,
  ) {
    const { x, gradOutput } = job;
    this.arrays = [['x', x], ['options.out', result], ...(gradOutput ? [['gradOutput', gradOutput] as const] : [])];
    this.total = lengthOf(x);
    this.signal = signal;
    this.onProgress = onProgress && AsyncResource.bind(onProgress); // else it would run in the context of any call
  }

  /** Computes one slice; returns whether it was the last. */
  step(): boolean {
    if (this.signal?.aborted) throw abortError(this.signal.reason);
    for (const [name, array] of this.arrays) {
      if (lengthOf(array) !== this.total || !isUsable(array)) {
        throw invalidValue(name, 'must not be detached, shrunk or resized while a call is pending', array);
      }
    }
    const begin = this.done;
    const count = Math.min(this.size, this.total - begin);
    const { kernel, dtype, gradOutput, x, parameters } = this.job;
    const sliceOf = (array: FloatArray) =>
      elementsAt(dtype, array.buffer, array.byteOffset + begin * array.BYTES_PER_ELEMENT, count);
    const start = now();
    run(kernel, dtype, gradOutput && sliceOf(gradOutput), sliceOf(x), sliceOf(this.result), parameters);
    this.resize(now() - start);
    this.done += count;
    const { onProgress } = this; // and is called without `this`
    onProgress?.({ done: this.done, total: this.total });
    return this.done === this.total;
  }

  private resize(milliseconds: number): void {
    if (milliseconds < TURN * 0.7) this.size *= 2;
    else if (milliseconds > TURN * 1.4 && this.size > 1) this.size /= 2;
  }

  finish(): void {
    this.resolve(this.result);
  }
}

/** The calls that are pending, the next one first. */
const queue: Call[] = [];
let scheduled = false;

function schedule(): void {
  if (scheduled || queue.length === 0) return;
  scheduled = true;
  nextTurn(turn);
}

/** One turn: a slice of the next call; short slices of several. */
function turn(): void {
  scheduled = false;
  const start = now();
  do {
    const call = queue.shift() as Call;
    try {
      if (call.step()) call.finish();
      else queue.push(call);
    } catch (error) {
      call.reject(error);
    }
  } while (queue.length > 0 && now() - start < TURN / 2);
  schedule();
}

/** The result of a job, computed in slices: one per turn of the event loop, the pending calls taking turns. */
export function inSlices(job: Job, options: PromiseOptions): Promise<FloatArray> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) throw abortError(options.signal.reason);
    queue.push(new Call(job, job.out ?? newArrayLike(job.x), options, resolve, reject));
    schedule();
  });
}
