// The measurements, in the order in which main.mjs prints them.

import { inScene, insert, now, sleep, Workers, workOnce } from "./scene.mjs";

// A prefilled backlog: how fast it is put in, and how fast it is worked, both in jobs a second.
export const drain = (o) =>
  inScene(o.url, async (scene) => {
    const begun = now();
    await insert(scene, o.tasks, o.batch);
    const submit = o.tasks / ((now() - begun) / 1e3);
    await scene.pool.query("vacuum analyze graphile_worker._private_jobs");
    await scene.pool.query("checkpoint");
    const seen = await workOnce(scene, o.processes, o);
    // From the first job that began, so that starting the processes costs nothing here. One that
    // came too late to get a job has no first.
    const first = Math.min(...seen.map((s) => s.first || Infinity));
    const last = Math.max(...seen.filter((s) => s.first).map((s) => s.ended));
    return { submit, drain: o.tasks / ((last - first) / 1e3) };
  });

// Whole lives: jobs put in and worked at once, in jobs a second from the first insert until all
// are completed.
export const life = (o) =>
  inScene(o.url, async (scene) => {
    const workers = await Workers.start(scene, o.processes, "batched", o);
    const warm = 1_000;
    await insert(scene, warm, warm);
    await workers.until(scene, warm);
    const begun = now();
    await insert(scene, o.tasks, o.batch);
    await workers.until(scene, warm + o.tasks);
    const rate = o.tasks / ((now() - begun) / 1e3);
    await workers.stop();
    return rate;
  });

// For jobs that arrive at random at this many a second: milliseconds from the call that adds one to
// its beginning, and to the answer. An arrival does not wait for the one before it.
export const pickup = (o, preset, perSecond, count) =>
  inScene(o.url, async (scene) => {
    const workers = await Workers.start(scene, o.processes, preset, o);
    const warm = 100;
    for (let n = 0; n < warm; n += 1) await scene.utils.addJob("noop", {});
    await workers.until(scene, warm);
    const adds = [];
    let next = now();
    for (let n = 0; n < count; n += 1) {
      next += (-Math.log(1 - Math.random()) / perSecond) * 1e3;
      const wait = next - now();
      // A timer is good to a millisecond; arrivals that are due already are sent at once.
      if (wait > 0.5) await sleep(wait);
      const sent = now();
      adds.push(scene.utils.addJob("noop", { sent }).then(() => now() - sent));
    }
    const answered = await Promise.all(adds);
    await workers.until(scene, warm + count);
    return { begun: (await workers.stop()).flatMap((s) => s.took), answered };
  });

// Jobs a second in the last quarter of a run in which jobs are put in and worked at once, with or
// without a transaction that holds a snapshot from before its first job.
export const held = (o, hold) =>
  inScene(o.url, async (scene) => {
    const holder = await scene.pool.connect();
    if (hold) {
      await holder.query("begin isolation level repeatable read");
      // The snapshot is taken by the first statement.
      await holder.query("select count(*) from graphile_worker._private_jobs");
    }
    const workers = await Workers.start(scene, o.processes, "batched", o);
    // Enough to be fed, and not so much that the backlog itself is what is measured.
    const backlog = 20_000;
    let inserted = 0;
    let producing = true;
    const produced = (async () => {
      while (producing) {
        if (inserted - workers.completed >= backlog) {
          await sleep(5);
          continue;
        }
        await insert(scene, o.batch, o.batch);
        inserted += o.batch;
      }
    })();
    let rate = 0;
    let before = { at: now(), completed: 0 };
    for (let quarter = 1; quarter <= 4; quarter += 1) {
      await sleep(o.held * 250);
      const after = { at: now(), completed: workers.completed };
      rate = (after.completed - before.completed) / ((after.at - before.at) / 1e3);
      before = after;
      console.error(`quarter ${quarter} held=${hold} rate=${Math.round(rate)}`);
    }
    producing = false;
    await produced;
    await workers.stop();
    if (hold) await holder.query("rollback");
    holder.release();
    return rate;
  });
