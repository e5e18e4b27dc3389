import { expect, test } from "./test";

const PAGES = ["/", "/tasks", "/tasks/:id", "/create?type=simulate", "/workers", "/types"];

interface Recorder {
  largest: number;
  shift: number;
}
declare global {
  var loading: Recorder;
}

/** Prints, and asserts no time: a machine that is busy with other things must not turn a build red. */
test("how soon each page is there, and what it fetches", async ({ browser, service }) => {
  const { id } = await service.client.createTask({
    task: { name: "looked at", type: "simulate", payload: "{}" },
  });
  const lines = ["page                    FCP ms   LCP ms    CLS   files   kB compressed"];
  const all = new Map<string, number>();
  for (const path of PAGES) {
    // A browser of its own for each page: nothing is in its cache.
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
      const loading: Recorder = { largest: 0, shift: 0 };
      globalThis.loading = loading;
      const observe = (type: string, see: (entry: PerformanceEntry) => void) =>
        new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({ type, buffered: true });
      observe("largest-contentful-paint", ({ startTime }) => {
        loading.largest = startTime;
      });
      observe("layout-shift", (entry) => {
        if ("value" in entry) loading.shift += Number(entry.value);
      });
    });
    await page.goto(service.url + path.replace(":id", String(id)));
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator("[class*=shimmer]")).toHaveCount(0);
    // What is there has been painted; a busy browser tells of it some frames later.
    await page.waitForFunction(() => (globalThis.loading?.largest ?? 0) > 0);
    const seen = await page.evaluate(() => {
      const fetched = [
        ...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource"),
      ];
      return {
        first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
        ...globalThis.loading,
        files: fetched
          .map((entry) => entry.toJSON() as { name: string; encodedBodySize: number })
          .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize] as const)
          .filter(([path]) => !path.startsWith("/task.v1.")),
      };
    });
    const bytes = seen.files.reduce((sum, [, size]) => sum + size, 0);
    for (const [file, size] of seen.files) if (file.startsWith("/assets/")) all.set(file, size);
    lines.push(
      [
        path.padEnd(22),
        seen.first.toFixed(0).padStart(8),
        seen.largest.toFixed(0).padStart(8),
        seen.shift.toFixed(3).padStart(6),
        String(seen.files.length).padStart(7),
        (bytes / 1_000).toFixed(1).padStart(15),
      ].join(" "),
    );
    await context.close();
  }
  const total = [...all.values()].reduce((sum, size) => sum + size, 0);
  lines.push(`scripts and styles of all pages together: ${(total / 1_000).toFixed(1)} kB compressed`);
  console.log(lines.join("\n"));
});
