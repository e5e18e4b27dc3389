import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { allowedFrom, hasEnded, STATUSES, TRANSITIONS } from "./status";

test("the table is that of the service", () => {
  const rust = readFileSync(new URL("../../../crates/domain/src/status.rs", import.meta.url), "utf8");
  const rows = [...rust.matchAll(/^ {4}\((None|Some\(S::(\w+)\)), S::(\w+), C::(\w+)\),$/gm)].map((m) => [
    m[2]?.toLowerCase() ?? null,
    m[3]?.toLowerCase(),
    m[4]?.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase(),
  ]);
  expect(rows.length).toBeGreaterThan(10);
  expect(TRANSITIONS).toEqual(rows);
});

test("what has ended can be retried and nothing else", () => {
  expect(STATUSES.filter(hasEnded)).toEqual(allowedFrom("retry"));
  expect(allowedFrom("cancel")).toEqual(["pending", "running", "retrying"]);
});
