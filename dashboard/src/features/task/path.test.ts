import { expect, test } from "vitest";
import type { Status } from "@/api/status";
import type { Change } from "@/api/view";
import { describe, edge, path } from "./path";

const history = (...statuses: Status[]) => statuses.map((status) => ({ status }) as Change);

test("changes are counted", () => {
  const { edges, visited, current } = path(
    history("pending", "running", "retrying", "running", "retrying", "running", "failed"),
  );
  expect(edges.get(edge("running", "retrying"))).toBe(2);
  expect(edges.get(edge("running", "failed"))).toBe(1);
  expect(edges.has(edge("running", "succeeded"))).toBe(false);
  expect([...visited]).toEqual(["pending", "running", "retrying", "failed"]);
  expect(current).toBe("failed");
});

test("the way is told in words, a long one in part", () => {
  expect(describe(history("pending", "running"))).toBe("The task went through: pending, running.");
  expect(describe(history(...Array<Status>(25).fill("running")))).toContain("and 5 more changes");
});
