/** What every browser test has: the service, and a page that must break no rule. */
import { test as base, expect } from "@playwright/test";
import { Service } from "./service";

interface Rules {
  /** What the page may say on its console, for tests that take the server away. */
  allowed: RegExp[];
}

export const test = base.extend<{ rules: Rules; origins: string[] }, { service: Service }>({
  service: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what is needed here.
    async ({}, use) => {
      const service = await Service.start();
      service.startWorker("e2e", ["--concurrency", "50"]);
      await use(service);
      await service.stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ service }, use) => use(service.url),
  /** Where requests may go; a test that puts something before the server adds it. */
  origins: async ({ service }, use) => use([service.url]),
  rules: [
    async ({ page, origins }, use) => {
      const rules: Rules = { allowed: [] };
      const broken: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") broken.push(`console: ${message.text()}`);
      });
      page.on("pageerror", (error) => broken.push(`error: ${error.message}`));
      page.on("request", (request) => {
        const own =
          origins.some((origin) => request.url().startsWith(`${origin}/`)) ||
          /^(data|blob):/.test(request.url());
        if (!own) broken.push(`request: ${request.url()}`);
      });
      await use(rules);
      expect(broken.filter((text) => !rules.allowed.some((allowed) => allowed.test(text)))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
