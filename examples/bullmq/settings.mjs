// Shorter than BullMQ's 30 seconds, so that this example need not run for minutes: a shard must last longer than its lock.
export const LOCK = { lockDuration: 750, stalledInterval: 750, maxStalledCount: 2 };

export const SHARDS = 6;
export const ELEMENTS = 6 * 2 ** 23;
export const WORKERS = 3;
