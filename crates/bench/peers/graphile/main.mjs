// Measures Graphile Worker with its published package: node main.mjs [options] DATABASE_URL
//
// Prints one line of JSON for each figure on standard output, and what it does on standard error.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import * as measure from "./measure.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "drain,life,pickup,held" },
    tasks: { type: "string", default: "100000" }, // in each drain and each life
    runs: { type: "string", default: "3" }, // of each drain and each life; the middle one counts
    samples: { type: "string", default: "200" }, // pickups at idle; at 300/s it is 15 times as many
    held: { type: "string", default: "60" }, // seconds, with and without a held snapshot
    processes: { type: "string", default: "2" },
    concurrency: { type: "string", default: "24" }, // jobs at once in each process
    localQueue: { type: "string", default: "500" }, // jobs fetched at once
    delay: { type: "string", default: "0" }, // milliseconds in which completions are gathered
    batch: { type: "string", default: "5000" }, // jobs in one insert
  },
});
if (positionals.length !== 1) {
  console.error("the URL of a Postgres is missing");
  process.exit(2);
}
const o = {
  url: positionals[0],
  ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])),
};
const wanted = (section) => values.only.split(",").includes(section);

const own = new URL("package.json", import.meta.resolve("graphile-worker").replace(/dist\/.*/, ""));
const { version } = JSON.parse(readFileSync(own, "utf8"));
const report = (settings, figure, value, unit) =>
  console.log(JSON.stringify({ peer: "graphile", version, settings, figure, value, unit }));

// The value at or below which this share of all lie.
const percentile = (list, share) => list.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * list.length) - 1)];
const median = (list) => percentile(list, 0.5);

if (wanted("drain")) {
  const runs = [];
  for (let n = 0; n < o.runs; n += 1) runs.push(await measure.drain(o));
  report("bench", "submit", median(runs.map((run) => run.submit)), "tasks/s");
  report("bench", "drain", median(runs.map((run) => run.drain)), "tasks/s");
}
if (wanted("life")) {
  const runs = [];
  for (let n = 0; n < o.runs; n += 1) runs.push(await measure.life(o));
  report("bench", "life", median(runs), "tasks/s");
}
if (wanted("pickup")) {
  for (const [settings, preset] of [["bench", "batched"], ["defaults", "defaults"]]) {
    for (const [name, rate, count] of [["idle", 8, o.samples], ["300", 300, o.samples * 15]]) {
      const { begun, answered } = await measure.pickup(o, preset, rate, count);
      report(settings, `pickup_${name}_p50`, percentile(begun, 0.5), "ms");
      report(settings, `pickup_${name}_p99`, percentile(begun, 0.99), "ms");
      report(settings, `call_${name}_p50`, percentile(answered, 0.5), "ms");
    }
  }
}
if (wanted("held")) {
  const free = await measure.held(o, false);
  const held = await measure.held(o, true);
  report("bench", "last_quarter_free", free, "tasks/s");
  report("bench", "last_quarter_held", held, "tasks/s");
  report("bench", "held_share", held / free, "of free");
}
