// A worker process. Tells its parent, which is run.mjs, what it does.

import { Worker } from 'bullmq';
import { LOCK } from './settings.mjs';
import { computeShard } from './shard.mjs';

const connection = { host: '127.0.0.1', port: Number(process.argv[2]), maxRetriesPerRequest: null };

const worker = new Worker(
  'shards',
  async (job) => {
    process.send({ event: 'started', id: job.id });
    const start = performance.now();
    let reported = start;
    const result = await computeShard(job.data, ({ done, total }) => {
      const now = performance.now();
      if (now - reported < 250) return;
      reported = now;
      job.updateProgress(Math.floor((100 * done) / total)).catch(() => {}); // it is only for people
    });
    const seconds = (performance.now() - start) / 1000;
    process.send({ event: 'done', id: job.id, seconds });
    return { ...result, seconds };
  },
  { connection, concurrency: 1, ...LOCK },
);
worker.on('error', (error) => console.error(`worker ${process.pid}: ${error.message}`));
process.once('SIGTERM', () => worker.close().then(() => process.exit(0)));
