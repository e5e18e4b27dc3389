import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import type { Service } from "./service";
import { expect, test } from "./test";

const card = (page: Page, title: string) =>
  page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: title }) });
const state = (page: Page) => page.locator("h1").getByRole("status");

async function create(service: Service, name: string, parameters: unknown, retries = 0): Promise<string> {
  const payload = JSON.stringify(parameters);
  const { id } = await service.client.createTask({ task: { name, type: "simulate", payload, retries } });
  return String(id);
}

test("a task is followed from a deep link to its end", async ({ page, service }) => {
  const id = await create(service, "followed", { duration: "2s", result_size: 20 });
  await page.goto(`/tasks/${id}`);
  await page.evaluate(() => document.body.setAttribute("data-first-load", ""));
  await expect(page.getByRole("heading", { level: 1 })).toContainText("followed");
  await expect(state(page)).toContainText("Running");
  await expect(state(page)).toContainText("Succeeded");
  await expect(page.locator("body[data-first-load]")).toHaveCount(1);
  const machine = card(page, "State machine").getByRole("img");
  await expect(machine).toHaveAttribute("aria-label", /pending, running, succeeded/i);
  await expect(card(page, "Attempts").getByText("Attempt 1")).toBeVisible();
  await expect(card(page, "Attempts")).toContainText("e2e");
  await expect(card(page, "History").locator("tbody tr")).toHaveCount(3);
  await expect(card(page, "Result")).toContainText("xxxxxxxxxxxxxxxxxx");

  const payload = card(page, "Payload");
  await expect(payload).toContainText("duration");
  const fold = payload.locator("button[aria-expanded]").first();
  await fold.click();
  await expect(fold).toHaveAttribute("aria-expanded", "false");
  await expect(payload).not.toContainText("duration");
});

test("a task is cancelled and retried by button", async ({ page, service }) => {
  const id = await create(service, "stopped by hand", { duration: "1h" });
  await page.goto(`/tasks/${id}`);
  await expect(state(page)).toContainText("Running");
  await page.getByRole("button", { name: "Cancel…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("it hangs");
  await dialog.getByRole("button", { name: "Cancel task" }).click();
  await expect(dialog).toBeHidden();
  await expect(state(page)).toContainText("Cancelled");
  await expect(card(page, "History")).toContainText("it hangs");

  await page.getByRole("button", { name: "Retry…" }).click();
  await dialog.getByRole("button", { name: "Retry task" }).click();
  await expect(dialog).toBeHidden();
  await expect(state(page)).toContainText("Running");
  await service.client.cancelTask({ id: BigInt(id) });
  await expect(state(page)).toContainText("Cancelled");
});

test("a task that is not there, and an id that is none, are told of", async ({ page, rules }) => {
  rules.allowed.push(/Failed to load resource/);
  for (const id of ["9223372036854775807", "nonsense"]) {
    await page.goto(`/tasks/${id}`);
    await expect(page.getByText("There is no task with this id")).toBeVisible();
  }
});

test("what a payload brings is shown as text", async ({ page, service }) => {
  const script = "<script>document.title='hit'</script><img src=x onerror=document.title='hit'>";
  const id = await create(service, `payload ${script}`, {
    [script]: script,
    right: "שלום \u202eabc",
    emoji: "🎉👩‍👩‍👧‍👦",
  });
  await page.goto(`/tasks/${id}`);
  const payload = card(page, "Payload");
  await expect(payload).toContainText("<script>");
  await expect(payload).toContainText("שלום");
  await expect(payload).toContainText("🎉👩‍👩‍👧‍👦");
  await expect(page).not.toHaveTitle("hit");
});

test("a payload of almost 1 MiB, and one of 64 levels, leave the page usable", async ({ page, service }) => {
  const large = await create(service, "large", { text: "x".repeat(1_048_000) });
  await page.goto(`/tasks/${large}`);
  await expect(card(page, "Payload")).toContainText("characters left");

  let deep: unknown = "bottom";
  for (let level = 0; level < 64; level++) deep = { level: deep };
  const nested = await create(service, "nested", deep);
  await page.goto(`/tasks/${nested}`);
  await expect(card(page, "Payload")).toContainText("level");
  await card(page, "Payload").getByRole("button", { name: "Raw" }).click();
  await expect(card(page, "Payload")).toContainText("bottom");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the page of a task shuts nobody out, ${colorScheme}`, async ({ page, service }) => {
    const id = await create(service, `looked at ${"wide".repeat(40)}`, { fail_attempts: 1 }, 0);
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`/tasks/${id}`);
    await expect(state(page)).toContainText("Failed");
    await expect(card(page, "History").locator("tbody tr")).toHaveCount(3);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`)).toEqual([]);
  });
}
