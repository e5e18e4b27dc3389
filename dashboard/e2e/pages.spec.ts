import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./test";

const PAGES = ["/", "/tasks", "/create", "/workers", "/types"];

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    for (const path of PAGES) {
      test(`${path} is there at once, and nobody is shut out`, async ({ page }) => {
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        const { violations } = await new AxeBuilder({ page }).analyze();
        const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`)).toEqual([]);
      });
    }
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`tasks of every kind, and what is selected, shut nobody out, ${colorScheme}`, async ({
    page,
    service,
  }) => {
    const queue = `kinds-${colorScheme}`;
    const parameters = [{}, { duration: "1h" }, { fail_attempts: 9 }];
    const tasks = parameters.map((each) => ({
      name: `a kind ${"wide".repeat(30)}`,
      type: "simulate",
      queue,
      retries: 0,
      payload: JSON.stringify(each),
    }));
    await service.client.createTasks({ tasks });
    await page.emulateMedia({ colorScheme });
    await page.goto(`/tasks?queue=${queue}`);
    await expect(page.locator("tbody tr")).toHaveCount(3);
    await page.getByLabel("Select every task on this page").click();
    await expect(page.getByRole("region", { name: "Selection" })).toContainText("3 selected");
    const { violations } = await new AxeBuilder({ page }).analyze();
    const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth))
      .toBeLessThanOrEqual(360);
    for await (const _ of service.client.cancelTasks({ filter: { queues: [queue] } })) {
      // What is left would hold the worker's places.
    }
  });
}

test.describe("on a telephone", () => {
  test.use({ viewport: { width: 360, height: 740 } });
  test("no page is wider than the screen", async ({ page }) => {
    for (const path of PAGES) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(360);
    }
  });
});

test("the keys are told by ?", async ({ page }) => {
  await page.goto("/tasks");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
});
