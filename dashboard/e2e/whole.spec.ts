import { expect, test } from "./test";

test("the overview tells how many tasks stand where, and what is wrong", async ({ page, service }) => {
  await page.goto("/");
  const pending = page.getByRole("list", { name: "Tasks by status" }).getByRole("link", { name: /Pending/ });
  await expect(pending).toContainText(/\d/);
  await expect(page.getByRole("img", { name: /^Tasks a second over time/ })).toBeVisible();
  await service.client.createTask({ task: { name: "left alone", type: "nobody-runs-this" } });
  const problem = page
    .getByRole("region", { name: "Problems" })
    .getByText(/no live worker runs type nobody-runs-this/);
  await expect(problem).toBeVisible({ timeout: 30_000 });
  await page.getByRole("link", { name: "7d" }).click();
  await expect(page).toHaveURL(/window=7d/);
  for await (const _ of service.client.cancelTasks({ filter: { types: ["nobody-runs-this"] } })) {
    // Else later tests meet the problem.
  }
  await expect(problem).toBeHidden({ timeout: 30_000 });
  await pending.click();
  await expect(page).toHaveURL(/\/tasks\?status=pending/);
});

test("the live worker and the types it runs are shown", async ({ page }) => {
  await page.goto("/workers");
  const table = page.getByRole("region", { name: "Workers" });
  await expect(table.getByRole("row")).toHaveCount(2);
  await expect(table).toContainText("Active");
  await expect(table).toContainText("simulate");
  await page.goto("/types");
  const simulate = page.locator("section").filter({ has: page.getByRole("heading", { name: "simulate" }) });
  await expect(simulate).toContainText("Pretends to work");
  await expect(simulate).toContainText("1 worker");
  await simulate.getByRole("link", { name: "Create" }).click();
  await expect(page).toHaveURL(/\/create\?type=simulate/);
});

test("a worker that is killed leaves the list by itself", async ({ page, service }) => {
  service.startWorker("doomed");
  await page.goto("/workers");
  await page.evaluate(() => document.body.setAttribute("data-first-load", ""));
  const table = page.getByRole("region", { name: "Workers" });
  const doomed = table.getByRole("row").filter({ hasText: "doomed" });
  await expect(doomed).toContainText("Active");
  await service.killWorker("doomed");
  // While nothing runs nobody looks for the dead: the lease of 15 s tells of one.
  await expect(doomed).toHaveCount(0, { timeout: 40_000 });
  await expect(table).toContainText("e2e");
  await expect(page.locator("body[data-first-load]")).toHaveCount(1);
});
