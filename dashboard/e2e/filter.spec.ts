import { expect, test } from "./test";

test("filters stand in the address and as chips", async ({ page, service }) => {
  const payload = (needle: string) => JSON.stringify({ to: needle });
  await service.client.createTasks({
    tasks: [
      { name: "sifted one", type: "nobody", queue: "sieve", payload: payload("Needle") },
      { name: "sifted two", type: "nobody", queue: "sieve", payload: payload("hay") },
      { name: "sifted three", type: "nobody", queue: "other", payload: payload("hay") },
    ],
  });
  const rows = page.locator("tbody tr");
  await page.goto("/tasks?name=sifted");
  await expect(rows).toHaveCount(3);
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.getByLabel("Queue").fill("sieve");
  await page.getByLabel("Text in the payload").fill("needle");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/queue=sieve/);
  await expect(page).toHaveURL(/payload=needle/);
  await expect(rows).toHaveCount(1);
  await page.reload();
  await expect(rows).toHaveCount(1);
  await page.getByRole("button", { name: "Remove filter: Payload has needle" }).click();
  await expect(rows).toHaveCount(2);
  await page.goBack();
  await expect(rows).toHaveCount(1);
});

test("what makes no sense in an address is not shown as a filter", async ({ page, service }) => {
  await service.client.createTasks({ tasks: [{ name: "odd one", type: "nobody", payload: "{}" }] });
  const rows = page.locator("tbody tr");
  const chips = page.getByRole("button", { name: /^Remove filter/ });
  await page.goto("/tasks?name=odd&status=odd&priority=high");
  await expect(rows).toHaveCount(1);
  await expect(chips).toHaveCount(0);
  await page.goto("/tasks?name=odd&status=PENDING");
  await expect(rows).toHaveCount(1);
  await expect(chips).toHaveAccessibleName("Remove filter: Status pending");
  await page.goto("/tasks?name=odd&status=SUCCEEDED");
  await expect(chips).toHaveAccessibleName("Remove filter: Status succeeded");
  await expect(rows).toHaveCount(0);
});

test("pages lead to older tasks and back", async ({ page, service }) => {
  const tasks = Array.from({ length: 30 }, (_, n) => ({ name: `paged ${n}`, type: "nobody", payload: "{}" }));
  await service.client.createTasks({ tasks });
  const rows = page.locator("tbody tr");
  await page.goto("/tasks?name=paged&size=25");
  await expect(rows).toHaveCount(25);
  await page.getByRole("button", { name: "Older" }).click();
  await expect(rows).toHaveCount(5);
  await page.getByRole("button", { name: "Newer" }).click();
  await expect(rows).toHaveCount(25);
});
