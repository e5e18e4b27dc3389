// What the measurements share: a database of their own, jobs to put in, worker processes.

import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

import { makeWorkerUtils } from "graphile-worker";
import pg from "pg";

import { logger } from "./preset.mjs";

export { sleep };

const DATABASE = "bench_peers_graphile";

// Wall clock in milliseconds, finer than Date.now(), and the same in every process.
export const now = () => performance.timeOrigin + performance.now();

// Runs the body in a database made anew, with Graphile Worker's schema.
export async function inScene(server, body) {
  const admin = new pg.Client(server);
  await admin.connect();
  await admin.query(`drop database if exists ${DATABASE} with (force)`);
  await admin.query(`create database ${DATABASE}`);
  // What the run before left to write must not fall into this one.
  await admin.query("checkpoint");
  await admin.end();
  const place = new URL(server);
  place.pathname = `/${DATABASE}`;
  const url = place.toString();
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  // A session that is still closing is cut when the database is made anew; that is no error.
  const tell = (error) => error.code === "57P01" || console.error(error.message);
  pool.on("error", tell);
  pool.on("connect", (client) => client.on("error", tell));
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  try {
    return await body({ url, pool, utils });
  } finally {
    await utils.release();
    await pool.end();
  }
}

// Puts this many jobs in by addJobs, Graphile Worker's one call for many.
export async function insert({ utils }, jobs, batch) {
  const specs = Array.from({ length: Math.min(batch, jobs) }, () => ({ identifier: "noop", payload: {} }));
  for (let left = jobs; left > 0; left -= specs.length) {
    await utils.addJobs(left < specs.length ? specs.slice(0, left) : specs);
  }
}

// Worker processes that work through what there is and then end.
export async function workOnce({ url }, processes, tune) {
  const workers = Array.from({ length: processes }, () => new Process());
  for (const worker of workers) worker.send({ once: true, preset: "batched", url, tune });
  return Promise.all(workers.map((worker) => worker.ended));
}

// Worker processes that work until they are stopped.
export class Workers {
  static async start({ url }, processes, preset, tune) {
    const workers = new Workers();
    workers.processes = Array.from({ length: processes }, () => new Process());
    for (const worker of workers.processes) worker.send({ once: false, preset, url, tune });
    await Promise.all(workers.processes.map((worker) => worker.ready));
    return workers;
  }

  // Jobs completed so far, a few milliseconds late.
  get completed() {
    return this.processes.reduce((sum, worker) => sum + worker.completed, 0);
  }

  // Waits until this many jobs have been completed and are gone from the table.
  async until({ pool }, jobs) {
    for (const end = Date.now() + 600_000; this.completed < jobs; await sleep(2)) {
      if (Date.now() > end) throw new Error(`stuck at ${this.completed} of ${jobs} jobs`);
    }
    // A job is told as completed before its row has been deleted.
    while ((await pool.query("select from graphile_worker._private_jobs limit 1")).rowCount > 0) await sleep(1);
  }

  // Ends them and returns what each has seen.
  stop() {
    for (const worker of this.processes) worker.send("stop");
    return Promise.all(this.processes.map((worker) => worker.ended));
  }
}

class Process {
  completed = 0;

  constructor() {
    this.child = fork(new URL("./worker.mjs", import.meta.url));
    this.ready = new Promise((resolve, reject) => {
      this.ended = new Promise((end, fail) => {
        let seen;
        this.child.on("message", (message) => {
          if (message === "ready") resolve();
          else if (message.ended) seen = message;
          else this.completed = message.completed;
        });
        // Not before it is gone: its database may be dropped next.
        this.child.on("exit", (code) => {
          if (code === 0 && seen) return end(seen);
          const error = new Error(`a worker process ended with ${code}`);
          reject(error);
          fail(error);
        });
      });
    });
    // Whoever waits for it hears of a failure; nobody has to wait for both.
    this.ready.catch(() => {});
    this.ended.catch(() => {});
  }

  send(message) {
    this.child.send(message);
  }
}
