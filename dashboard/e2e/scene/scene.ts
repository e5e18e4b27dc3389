/** A shop's afternoon: tasks of several types, most of them done, some failed, running or waiting. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect } from "@playwright/test";
import type { TaskSpecSchema } from "../../src/api/gen/task/v1/task_pb";
import type { Service } from "../service";
import { startMail } from "./mail";

type Spec = MessageInitShape<typeof TaskSpecSchema>;

/** What pages of single tasks are shown of. */
export interface Scene {
  /** A task that failed twice before it succeeded. */
  retried: string;
}

const MINUTE = 60_000;
/** So many run until the end, and so many wait until then. */
const [LONG, WAITING] = [13, 15];
const QUEUES = { send_email: "mail", run_query: "reports", simulate: "default" } as const;
const spec = (type: keyof typeof QUEUES, name: string, payload: object, rest: Spec = {}): Spec => ({
  type,
  name,
  queue: QUEUES[type],
  payload: JSON.stringify(payload),
  ...rest,
});
/** The same at every run, so that two sets of pictures can be laid side by side. */
function dice(seed: number) {
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
}

function mails(random: () => number): Spec[] {
  const names = ["ada", "bo", "carla", "dele", "eva", "finn", "grace", "hugo"];
  return Array.from({ length: 1_500 }, (_, n) => {
    const who = random() < 0.03 ? "gone" : (names[n % names.length] ?? "ada");
    const subject =
      n % 3 === 0 ? `Receipt ${4000 + n}` : n % 3 === 1 ? "Your order is on its way" : "Welcome";
    return spec("send_email", `${subject} - ${who}`, { to: `${who}@example.com`, subject, body: "Hello!" });
  });
}

function reports(random: () => number): Spec[] {
  return Array.from({ length: 500 }, (_, n) => {
    const wrong = random();
    if (wrong < 0.04) {
      const query = "select country, sum(total) from orders_2023 group by country";
      return spec("run_query", "Revenue by country, last year", { query }, { retries: 0 });
    }
    if (wrong < 0.06) {
      const query = "select 100 * returned / sold from (values (3, 0)) shop(returned, sold)";
      return spec("run_query", "Share of returns", { query }, { retries: 0 });
    }
    const query = `select region, round(avg(n), 2) as mean from (select n % 4 as region, n from generate_series(1, ${1_000 * (1 + (n % 40))}) n) sold group by region order by region`;
    return spec("run_query", `Mean basket by region, week ${1 + (n % 52)}`, { query });
  });
}

function work(random: () => number): Spec[] {
  return Array.from({ length: 2_500 }, (_, n) => {
    const payload = { duration: `${Math.round(20 + 200 * random() ** 3)}ms` };
    const wrong = random();
    const name = `Resize picture ${10_000 + n}`;
    if (wrong < 0.01)
      return spec("simulate", name, { ...payload, fail_attempts: 9, panic: true }, { retries: 0 });
    if (wrong < 0.03) return spec("simulate", name, { ...payload, fail_attempts: 9, give_up: true });
    return spec("simulate", name, { ...payload, failure_probability: 0.02 });
  });
}

/** Takes time, waits for a time, or waits in vain. */
function open(): Spec[] {
  const long = ["Rebuild the search index", "Import the spring catalogue", "Recompute recommendations"];
  const later = (minutes: number) => {
    const seconds = BigInt(Math.floor((Date.now() + minutes * MINUTE) / 1_000));
    return { runAt: { seconds } };
  };
  const retryPolicy = { initialBackoff: { seconds: 1_800n }, maxBackoff: { seconds: 3_600n } };
  return [
    ...Array.from({ length: 14 }, (_, n) =>
      spec("simulate", `${long[n % 3]}, part ${1 + Math.floor(n / 3)}`, { duration: "2h" }, { priority: 5 }),
    ),
    ...Array.from({ length: 5 }, (_, n) =>
      spec(
        "simulate",
        `Sync stock of warehouse ${1 + n}`,
        { fail_attempts: 2, duration: "80ms" },
        { retryPolicy },
      ),
    ),
    ...Array.from({ length: 3 }, (_, n) =>
      spec(
        "run_query",
        `Nightly clean-up of ${["carts", "sessions", "exports"][n]}`,
        { query: "select 1" },
        later(360),
      ),
    ),
    ...Array.from({ length: 12 }, (_, n) => ({
      type: "render_pdf",
      name: `Invoice ${2_200 + n}`,
      queue: "documents",
      payload: JSON.stringify({ invoice: 2_200 + n, locale: "en" }),
    })),
  ];
}

function psql(service: Service, ...args: string[]): string {
  const options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", service.database, ...args];
  return execFileSync("psql", options, {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

export async function fill(service: Service): Promise<Scene> {
  const { client } = service;
  const mail = await startMail();
  mail.server.unref();
  psql(service, "-f", "shop.sql");
  const shop = Object.assign(new URL(service.database), {
    username: "shop",
    password: "shop",
    pathname: "/shop",
  });
  service.startWorker("mail-1", ["--types", "send_email", "--concurrency", "10", "--smtp-url", mail.url]);
  for (const name of ["work-1", "work-2"]) {
    service.startWorker(name, [
      "--types",
      "run_query,simulate",
      "--concurrency",
      "20",
      "--connection",
      `default=${shop.href}`,
    ]);
  }
  const live = async () => (await client.listWorkers({})).workers.length;
  await expect.poll(live).toBe(3);

  const random = dice(7);
  const create = async (specs: Spec[]) => {
    for (let at = 0; at < specs.length; at += 500) {
      const { results } = await client.createTasks({ tasks: specs.slice(at, at + 500) });
      const refused = results.find(({ result }) => result.case === "error");
      if (refused) throw new Error(JSON.stringify(refused.result.value));
    }
  };
  await create([...work(random), ...mails(random), ...reports(random)]);
  const count = async (...wanted: number[]) => {
    const { counts } = await client.getStatusCounts({});
    return counts
      .filter(({ status }) => wanted.includes(status))
      .reduce((sum, each) => sum + Number(each.count), 0);
  };
  await expect.poll(() => count(1, 2, 3), { timeout: 2 * MINUTE }).toBe(0);
  await create(open());
  for await (const _ of client.cancelTasks({
    filter: { nameContains: "catalogue, part 5" },
    reason: "the old one was uploaded",
  })) {
    // Its progress is not of interest.
  }

  const payload = { duration: "900ms", fail_attempts: 2, result_size: 48 };
  const rest = { labels: { team: "catalogue", release: "2024-spring" }, retries: 3, priority: 3 };
  const task = spec("simulate", "Import the spring catalogue", payload, rest);
  const { id } = await client.createTask({ task });
  const status = async () => (await client.getTask({ id })).task?.summary?.status;
  await expect.poll(status, { timeout: MINUTE }).toBe(4);

  // So that the list begins with some of each.
  await create([...mails(random).slice(0, 5), ...reports(random).slice(0, 3), ...work(random).slice(0, 6)]);
  const atRest = async () => [await count(1), await count(2)];
  await expect.poll(atRest, { timeout: MINUTE }).toEqual([WAITING, LONG]);

  // What happened comes into the tables of statistics some time later, errors last, after about a minute.
  const counted = "select sum(n) from task_rollup where step_minutes = 1 and to_status in (3, 4)";
  const uncounted = async () => (await count(4, 5)) - Number(psql(service, "-Atc", counted));
  await expect.poll(uncounted, { timeout: 3 * MINUTE }).toBe(0);
  const errors = async () => (await client.listErrors({})).groups.length;
  await expect.poll(errors, { timeout: 3 * MINUTE }).toBeGreaterThanOrEqual(6);
  const loads = async () =>
    (await client.listWorkers({ loadWindow: { seconds: 3_600n } })).workers.every(
      ({ load }) => load.length > 0,
    );
  await expect.poll(loads, { timeout: 3 * MINUTE }).toBe(true);
  psql(service, "-f", "past.sql");
  return { retried: String(id) };
}
