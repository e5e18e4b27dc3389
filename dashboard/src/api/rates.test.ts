import { describe, expect, it } from "vitest";
import { failureShare, mostFailing, oldest, rateLine, slowest } from "./rates";
import type { Latency, Point, Tally, TypeStats } from "./stats";

const none: Latency = { p50: null, p95: null, p99: null };
const tally: Tally = {
  created: 0,
  started: 0,
  succeeded: 0,
  failed: 0,
  retrying: 0,
  cancelled: 0,
  waited: none,
  ran: none,
};
const type = (name: string, more: Partial<TypeStats>): TypeStats => ({
  ...tally,
  type: name,
  waiting: 0,
  running: 0,
  oldestId: null,
  oldestSince: 0,
  ...more,
});

describe("rates", () => {
  it("tells the share of failed attempts, retried ones too", () => {
    expect(failureShare(tally)).toBeNull();
    expect(failureShare({ ...tally, succeeded: 6, failed: 1, retrying: 1 })).toBe(0.25);
  });

  it("measures the point that is under way by the time that has passed of it", () => {
    const point = (start: number): Point => ({ ...tally, start, created: 60 });
    expect(rateLine([point(0), point(60_000)], 60_000, 90_000, (p) => p.created)).toEqual([1, 2]);
    expect(rateLine([point(60_000)], 60_000, 60_000, (p) => p.created)).toEqual([60]);
  });

  it("ranks types by what is worst in them", () => {
    const ran = (p95: number): Latency => ({ p50: 1, p95, p99: p95 });
    const types = [
      type("quick", { ran: ran(10), succeeded: 9, failed: 1 }),
      type("slow", { ran: ran(900), succeeded: 1 }),
      type("idle", {}),
      type("bad", { ran: ran(20), retrying: 3 }),
    ];
    expect(slowest(types, 2).map((each) => each.type)).toEqual(["slow", "bad"]);
    expect(mostFailing(types, 9).map((each) => each.type)).toEqual(["bad", "quick"]);
  });

  it("finds the task that has waited longest", () => {
    expect(oldest([type("a", {})])).toBeNull();
    const types = [
      type("a", { oldestId: "5", oldestSince: 50 }),
      type("b", { oldestId: "9", oldestSince: 40 }),
    ];
    expect(oldest(types)?.oldestId).toBe("9");
  });
});
