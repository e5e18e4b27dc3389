import { expect, test } from "./test";

const rows = (page: import("@playwright/test").Page) => page.locator("tbody tr");

test("a task appears and changes without a reload", async ({ page, service }) => {
  await page.goto("/tasks?name=live-one");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const payload = JSON.stringify({ duration: "1s" });
  await service.client.createTask({ task: { name: "live-one", type: "simulate", payload } });
  const row = rows(page).filter({ hasText: "live-one" });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText(/succeeded/i);
});

test("a crash of the server leaves the rows, and the page comes back by itself", async ({
  page,
  service,
  rules,
}) => {
  rules.allowed.push(/Failed to load resource|ERR_/);
  await service.client.createTask({ task: { name: "outage-one", type: "simulate", payload: "{}" } });
  await page.goto("/tasks?name=outage");
  await expect(rows(page)).toHaveCount(1);
  await service.killServer();
  await expect(page.getByText("The service does not answer")).toBeVisible();
  await expect(rows(page)).toHaveCount(1);
  await service.startServer();
  await expect(page.getByText("The service does not answer")).toBeHidden();
  await service.client.createTask({ task: { name: "outage-two", type: "simulate", payload: "{}" } });
  await expect(rows(page)).toHaveCount(2);
});

test("what a name brings is shown as text", async ({ page, service }) => {
  const names = [
    "<script>document.title='hit'</script>",
    "<img src=x onerror=document.title='hit'>",
    "שלום \u202eabc",
    "🎉👩‍👩‍👧‍👦",
  ];
  const tasks = names.map((name) => ({ name: `hostile ${name}`, type: "simulate", payload: "{}" }));
  await service.client.createTasks({ tasks });
  await page.goto("/tasks?name=hostile");
  await expect(rows(page)).toHaveCount(names.length);
  await expect(rows(page).filter({ hasText: "<script>" })).toHaveCount(1);
  await expect(page).not.toHaveTitle("hit");
});
