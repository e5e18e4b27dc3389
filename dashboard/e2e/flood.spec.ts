import { Flood } from "./flood/flood";
import { expect, test } from "./test";

const [RATE, SECONDS, PAGE, TASKS] = [10_000, 5, 50, 200];

interface Recorder {
  frames: number[];
  /** How often React wrote statuses, however many at a time. */
  commits: number;
}
declare global {
  var recorder: Recorder;
}

test("10,000 changes a second are drawn once a frame, and none is lost", async ({
  page,
  service,
  origins,
}) => {
  const task = { type: "waits-in-vain", queue: "flood", payload: "{}" };
  const tasks = Array.from({ length: TASKS }, (_, n) => ({ ...task, name: `flooded ${n}` }));
  const { results } = await service.client.createTasks({ tasks });
  const ids = results.map(({ result }) => (result.case === "task" ? result.value.id : 0n));
  const flood = await Flood.before(service.url);
  origins.push(flood.url);

  await page.goto(`${flood.url}/tasks?queue=flood`);
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(PAGE);
  await expect(page.getByRole("button", { name: "Live updates: live" })).toBeVisible();
  await page.evaluate(() => {
    const recorder: Recorder = { frames: [], commits: 0 };
    globalThis.recorder = recorder;
    const isStatus = ({ target }: MutationRecord) =>
      (target instanceof Element ? target : target.parentElement)?.closest("td:nth-child(2)");
    // A commit is one turn of an observer: React writes all that it has to in one go.
    new MutationObserver((changes) => {
      if (changes.some(isStatus)) recorder.commits += 1;
    }).observe(document.querySelector("tbody") ?? document, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
    const frame = (at: number) => {
      recorder.frames.push(at);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });

  // Half of them change what is on screen, each row a hundred times a second; the others are of older tasks.
  const versions = new Map<bigint, number>();
  const shown = ids.slice(-PAGE);
  const changes = Array.from({ length: RATE * SECONDS }, (_, n) => {
    const among = n % 2 === 0 ? shown : ids.slice(0, -PAGE);
    const taskId = among[Math.floor(n / 2) % among.length] ?? 0n;
    const version = (versions.get(taskId) ?? 1) + 1;
    versions.set(taskId, version);
    const at = { seconds: BigInt(Math.floor(Date.now() / 1_000)) };
    const entry = { taskId, version, status: version % 2 === 0 ? 2 : 3, attempt: 1, at };
    return { event: { case: "change", value: { ...task, name: `flooded ${taskId}`, entry } } } as const;
  });
  const last = shown.map((taskId) => {
    const entry = { taskId, version: 1_000_000, status: 4, attempt: 1 };
    return { event: { case: "change", value: { ...task, name: "the last", entry } } } as const;
  });
  const listsBefore = flood.lists;
  await page.evaluate(() => Object.assign(globalThis.recorder, { frames: [], commits: 0 }));
  await flood.send(changes, RATE);
  const { frames, commits } = await page.evaluate(() => globalThis.recorder);
  const lists = flood.lists - listsBefore;
  await flood.send(last, RATE);
  await expect(rows.filter({ hasText: "Succeeded" })).toHaveCount(PAGE);
  await expect(rows).toHaveCount(PAGE);
  // The page must not miss it.
  await page.goto("about:blank");
  flood.stop();

  const gaps = frames.slice(1).map((at, n) => at - (frames[n] ?? at));
  const seconds = gaps.reduce((sum, gap) => sum + gap, 0) / 1_000;
  const rate = (gaps.length / seconds).toFixed(1);
  console.log(
    `${changes.length} changes in ${seconds.toFixed(1)} s: ${rate} frames/s, the longest ${Math.max(...gaps).toFixed(0)} ms, ${commits} commits`,
  );
  expect(commits).toBeGreaterThan(0);
  // A page that is read anew is drawn at once, beside those of the frames.
  expect(commits).toBeLessThanOrEqual(frames.length + lists + 1);
  for await (const _ of service.client.cancelTasks({ filter: { queues: ["flood"] } })) {
    // Else later tests meet a type that nobody runs.
  }
});
