// One large .npy file, computed by several processes that BullMQ gives shards to. One of them is killed in the middle of
// its shard. The parent job, which waits for all shards, checks the whole and makes the output appear.

import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FlowProducer, QueueEvents, Worker } from 'bullmq';
import { gelu } from 'simd-activations';
import { startRedis } from './redis.mjs';
import { ELEMENTS, LOCK, SHARDS, WORKERS } from './settings.mjs';

const HEADER = Buffer.from(
  `\x93NUMPY\x01\x00\x76\x00${`{'descr': '<f8', 'fortran_order': False, 'shape': (${ELEMENTS},), }`.padEnd(117)}\n`,
  'latin1',
);

async function writeInput(file) {
  const expected = createHash('sha256').update(HEADER);
  const handle = await open(file, 'w');
  await handle.write(HEADER);
  const block = new Float64Array(2 ** 20);
  for (let done = 0; done < ELEMENTS; done += block.length) {
    for (let i = 0; i < block.length; i++) block[i] = (((done + i) * 2654435761) % 2 ** 32) / 2 ** 28 - 8;
    await handle.write(Buffer.from(block.buffer));
    expected.update(Buffer.from(gelu(block).buffer));
  }
  await handle.close();
  return expected.digest('hex');
}

/** The output's place until it is whole: the header, and room for the numbers. */
async function prepareOutput(file) {
  const handle = await open(file, 'w');
  await handle.write(HEADER);
  await handle.truncate(HEADER.length + 8 * ELEMENTS);
  await handle.close();
}

async function digestOf(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function startWorkers(port, onMessage) {
  const workers = Array.from({ length: WORKERS }, () => {
    // JavaScript, and so slowly that each shard outlasts its lock.
    const env = { ...process.env, SIMD_ACTIVATIONS_BACKEND: 'js' };
    const worker = fork('worker.mjs', [String(port)], { env });
    worker.ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.on('message', (message) => onMessage(worker, message));
    return worker;
  });
  const stop = async () => {
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map((worker) => worker.ended));
  };
  return { stop };
}

async function main(folder, redis) {
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null };
  const input = path.join(folder, 'x.npy');
  const output = path.join(folder, 'y.npy');
  const partial = `${output}.partial`;
  const expected = await writeInput(input);
  await prepareOutput(partial);

  // The parent job: runs when all its children are done.
  const parent = new Worker(
    'whole',
    async (job) => {
      const digest = await digestOf(job.data.partial);
      if (digest !== job.data.expected) throw new Error(`the digest is ${digest}, not ${job.data.expected}`);
      await rename(job.data.partial, job.data.output);
      return digest;
    },
    { connection, ...LOCK },
  );
  const stalled = [];
  const shardEvents = new QueueEvents('shards', { connection });
  shardEvents.on('stalled', ({ jobId }) => stalled.push(jobId));
  const wholeEvents = new QueueEvents('whole', { connection });
  await Promise.all([shardEvents.waitUntilReady(), wholeEvents.waitUntilReady()]);

  const started = [];
  const seconds = [];
  let killed;
  const workers = startWorkers(redis.port, (worker, { event, id, seconds: took }) => {
    if (event === 'started') started.push(id);
    if (event === 'done') seconds.push(took);
    if (event === 'started' && started.length === WORKERS + 1) {
      // Somebody has done a shard; this one is in the middle of another now.
      killed = id;
      setTimeout(() => worker.kill('SIGKILL'), 300);
    }
  });

  const flow = new FlowProducer({ connection });
  try {
    const perShard = ELEMENTS / SHARDS;
    const { job } = await flow.add({
      name: 'whole',
      queueName: 'whole',
      data: { partial, output, expected },
      children: Array.from({ length: SHARDS }, (_, i) => ({
        name: 'shard',
        queueName: 'shards',
        data: {
          input,
          output: partial,
          begin: HEADER.length + 8 * perShard * i,
          end: HEADER.length + 8 * perShard * (i + 1),
        },
      })),
    });
    const digest = await job.waitUntilFinished(wholeEvents, 120_000);
    const shortest = Math.min(...seconds);
    console.log(
      `${SHARDS} shards of ${perShard} numbers, ${WORKERS} workers, one of them killed in the middle of shard`,
    );
    console.log(
      `a shard took ${shortest.toFixed(1)} s or more; its lock lasts ${LOCK.lockDuration / 1000} s and was renewed`,
    );
    console.log(
      `started ${started.length} times; stalled: ${stalled.length}; the digest of the whole: ${digest.slice(0, 16)}...`,
    );
    const check = (fact, what) => {
      if (!fact) throw new Error(`not so: ${what}`);
    };
    check(shortest * 1000 > LOCK.lockDuration, 'a shard outlasts its lock');
    check(stalled.length === 1 && stalled[0] === killed, 'the killed shard, and no other, lost its lock');
    check(started.length === SHARDS + 1, 'the killed shard, and no other, was started twice');
    check((await stat(output)).size === HEADER.length + 8 * ELEMENTS, 'the output is complete');
    check(
      (await readdir(folder)).every((name) => !name.endsWith('.partial')),
      'nothing unfinished is left',
    );
  } finally {
    await workers.stop();
    await Promise.all([flow.close(), parent.close(), shardEvents.close(), wholeEvents.close()]);
  }
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'example-bullmq-'));
try {
  const redis = await startRedis(folder);
  try {
    await main(folder, redis);
  } finally {
    await redis.stop();
  }
} finally {
  await rm(folder, { recursive: true });
}
