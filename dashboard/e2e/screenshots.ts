/** Takes a picture of each page, light and dark, for docs/screenshots: `npm run screenshots`. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { fill, type Scene } from "./scene/scene";
import { Service } from "./service";

const kept = fileURLToPath(new URL("../../docs/screenshots", import.meta.url));
const sizes = [{ folder: kept, width: 1280, height: 800 }];
// To look at, not to keep: how the pages fill a large screen and a small one.
const looked = process.env.TASK_SCREENSHOTS_MORE;
if (looked) {
  sizes.push({ folder: `${looked}/large`, width: 3840, height: 2160 });
  sizes.push({ folder: `${looked}/small`, width: 360, height: 740 });
}

const PAGES: Record<string, (scene: Scene) => string> = {
  overview: () => "/",
  tasks: () => "/tasks",
  task: ({ retried }) => `/tasks/${retried}`,
  create: () => "/create?type=simulate",
  workers: () => "/workers",
  types: () => "/types",
};

async function settled(page: Page) {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.locator("[class*=shimmer]")).toHaveCount(0);
  await expect(page.locator("figure:not(:has(canvas))")).toHaveCount(0);
}

test("every page, light and dark", async ({ page }) => {
  test.setTimeout(10 * 60_000);
  const service = await Service.start();
  const scene = await fill(service);
  for (const { folder, width, height } of sizes) {
    mkdirSync(folder, { recursive: true });
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(service.url + path(scene));
        await settled(page);
        await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png`, animations: "disabled" });
      }
    }
  }
  await service.stop();
});
