import { expect, test } from "./test";

test("a page is cancelled, and all that match are retried", async ({ page, service }) => {
  const payload = JSON.stringify({ duration: "1h" });
  const tasks = Array.from({ length: 30 }, (_, n) => ({ name: `bulk ${n}`, type: "simulate", payload }));
  await service.client.createTasks({ tasks });
  await page.goto("/tasks?name=bulk&size=25");
  await expect(page.locator("tbody tr")).toHaveCount(25);

  await page.getByLabel("Select every task on this page").click();
  const bar = page.getByRole("region", { name: "Selection" });
  await expect(bar).toContainText("25 selected");
  await bar.getByRole("button", { name: "Cancel…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Cancel 25 tasks" }).click();
  await expect(dialog.getByRole("status")).toContainText("25 cancelled");
  await expect(dialog.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "100");
  await dialog.getByText("Close").click();
  await expect(page.locator("tbody tr").filter({ hasText: "Cancelled" })).toHaveCount(25);

  // Of all that match, an action takes those from which it is allowed.
  await page.getByLabel("Select every task on this page").click();
  await bar.getByRole("button", { name: "Select all that match" }).click();
  await expect(bar).toContainText("All that match selected");
  await bar.getByRole("button", { name: "Cancel…" }).click();
  await dialog.getByRole("button", { name: "Cancel 5 tasks" }).click();
  await expect(dialog.getByRole("status")).toContainText("5 cancelled");
  await dialog.getByText("Close").click();

  await page.goto("/tasks?name=bulk&size=25&status=cancelled");
  await expect(page.locator("tbody tr")).toHaveCount(25);
  await page.getByLabel("Select every task on this page").click();
  await bar.getByRole("button", { name: "Select all that match" }).click();
  await bar.getByRole("button", { name: "Retry…" }).click();
  await dialog.getByRole("button", { name: "Retry 30 tasks" }).click();
  await expect(dialog.getByRole("status")).toContainText("30 put back to run again");
  for await (const _ of service.client.cancelTasks({ filter: { nameContains: "bulk" } })) {
    // What is left would hold the worker's places.
  }
});
