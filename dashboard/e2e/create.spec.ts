import { expect, test } from "./test";

test("a task is created by a form made of its type's schema, and followed", async ({ page }) => {
  await page.goto("/create?type=simulate");
  const send = page.getByRole("button", { name: "Create task" });
  await page.getByLabel("fail_attempts").fill("1.5");
  await page.getByLabel("Priority").fill("101");
  await send.click();
  await expect(page.getByLabel("Name")).toBeFocused();
  await expect(page.getByLabel("Name")).toHaveAccessibleDescription(/is required/);
  await expect(page.getByLabel("fail_attempts")).toHaveAccessibleDescription(/must be a whole number/);
  await expect(page.getByLabel("Priority")).toHaveAccessibleDescription(/from -100 to 100/);

  await page.getByLabel("Name").fill("made here");
  await page.getByLabel("Priority").fill("7");
  await page.getByLabel("fail_attempts").fill("");
  await page.getByLabel("duration").fill("300ms");
  await page.getByLabel("Labels").fill("team=growth");
  // What the form holds goes along into JSON.
  await page.getByRole("button", { name: "Edit as JSON" }).click();
  await expect(page.getByLabel("Payload")).toHaveValue(/"duration": "300ms"/);
  await page.getByRole("button", { name: "Edit as form" }).click();
  await expect(page.getByLabel("duration")).toHaveValue("300ms");
  await send.click();
  await expect(page).toHaveURL(/\/tasks\/\d+$/);
  await expect(page.locator("h1").getByRole("status")).toContainText("Succeeded");
  await expect(page.locator("main, body").first()).toContainText("growth");
});

test("what the server refuses stands at its field", async ({ page, rules }) => {
  rules.allowed.push(/Failed to load resource/);
  await page.goto("/create?type=unknown");
  await page.getByLabel("Name").fill("x".repeat(300));
  await page.getByLabel("Payload").fill("[]");
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByLabel("Payload")).toHaveAccessibleDescription(/must be a JSON object/);
  await page.getByLabel("Payload").fill('{"a":1}');
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByLabel("Name")).toHaveAccessibleDescription(/255/);
  await expect(page.getByRole("alert")).toContainText("refused");
});

test("another task like one is made of it", async ({ page, service }) => {
  const task = {
    name: "the first",
    type: "simulate",
    priority: 3,
    payload: '{"duration":"1ms"}',
    queue: "q",
  };
  const { id } = await service.client.createTask({ task });
  await page.goto(`/create?from=${id}`);
  await expect(page.getByLabel("Name")).toHaveValue("the first");
  await expect(page.getByLabel("Priority")).toHaveValue("3");
  await expect(page.getByLabel("Queue")).toHaveValue("q");
  await expect(page.getByLabel("duration")).toHaveValue("1ms");
});

test("what the service warns of is told on the task's page until it starts", async ({ page, service }) => {
  await page.goto("/create?type=not-run-yet");
  await page.getByLabel("Name").fill("waits for a worker");
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page).toHaveURL(/\/tasks\/\d+$/);
  const warning = page.getByRole("status").filter({ hasText: /no live worker runs .*not-run-yet/ });
  await expect(warning).toBeVisible();
  const id = BigInt(new URL(page.url()).pathname.split("/").at(-1) ?? "");
  await service.client.cancelTask({ id });
  await expect(warning).toBeHidden();
});
