// How Graphile Worker is set up; README.md says why.

import { Logger } from "graphile-worker";

// Tells errors only: success is not to be logged in a benchmark, as in Graphile Worker's own.
export const logger = new Logger(() => (level, message) => {
  if (level === "error") console.error(message);
});

// What its performance page measures with.
export const batched = (connectionString, tune = {}) => ({
  worker: {
    connectionString,
    concurrentJobs: tune.concurrency ?? 24,
    maxPoolSize: (tune.concurrency ?? 24) + 1,
    localQueue: { size: tune.localQueue ?? 500 },
    completeJobBatchDelay: tune.delay ?? 0,
    failJobBatchDelay: tune.delay ?? 0,
    logger,
  },
});

// What it does when it is told nothing but how many jobs to run at once.
export const defaults = (connectionString) => ({
  worker: { connectionString, concurrentJobs: 24, maxPoolSize: 25, logger },
});
