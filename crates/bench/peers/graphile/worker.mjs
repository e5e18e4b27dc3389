// One worker process. Started by main.mjs, which tells it what to do and hears what it has done.
//
// In: { once, preset, url, tune }, then "stop". Out: "ready", { completed }, { first, ended, took }.

import { run, runOnce } from "graphile-worker";

import * as presets from "./preset.mjs";

// Wall clock in milliseconds, finer than Date.now().
const now = () => performance.timeOrigin + performance.now();

let first = 0;
let completed = 0;
const took = [];
const taskList = {
  noop: (payload) => {
    if (first === 0) first = now();
    if (payload.sent) took.push(now() - payload.sent);
  },
};

process.once("message", async ({ once, preset, url, tune }) => {
  const options = { preset: presets[preset](url, tune), taskList, noHandleSignals: true };
  if (once) {
    await runOnce(options);
    process.send({ first, ended: now(), took });
    process.disconnect();
    return;
  }
  const runner = await run(options);
  runner.events.on("job:complete", () => {
    completed += 1;
  });
  let told = 0;
  const telling = setInterval(() => {
    if (completed !== told) process.send({ completed: (told = completed) });
  }, 10);
  process.send("ready");
  process.once("message", async () => {
    clearInterval(telling);
    await runner.stop();
    process.send({ first, ended: now(), took });
    process.disconnect();
  });
});
