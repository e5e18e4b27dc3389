import { expect, test } from "vitest";
import type { Status } from "@/api/status";
import type { Change } from "@/api/view";
import { scale, timeline } from "./timeline";

let version = 0;
const change = (status: Status, at: number, attempt = 0, runAt: number | null = null): Change => ({
  version: ++version,
  status,
  at,
  attempt,
  runAt,
  workerId: null,
  workerName: attempt ? "w" : "",
  details: "",
  result: "",
});
const spans = (rows: ReturnType<typeof timeline>["rows"]) =>
  rows.map((row) => [
    row.attempt,
    ...row.segments.map((s) => `${s.kind} ${s.from}-${s.to}`),
    row.end?.status ?? null,
  ]);

test("an attempt that failed, its backoff, and one that ended well", () => {
  const history = [
    change("pending", 0),
    change("running", 10, 1),
    change("retrying", 20, 1, 50),
    change("running", 55, 2),
    change("succeeded", 80, 2),
  ];
  const { rows, totals } = timeline(history, 1_000);
  expect(spans(rows)).toEqual([
    [1, "waiting 0-10", "running 10-20", "retrying"],
    [2, "backoff 20-50", "waiting 50-55", "running 55-80", "succeeded"],
  ]);
  expect(totals).toEqual({ scheduled: 0, waiting: 15, backoff: 30, running: 35, ended: 0 });
});

test("a task that waits for its time, then is cancelled", () => {
  expect(spans(timeline([change("pending", 0, 0, 100)], 30).rows)).toEqual([[null, "scheduled 0-30", null]]);
  expect(spans(timeline([change("pending", 0, 0, 10), change("cancelled", 40)], 99).rows)).toEqual([
    [null, "scheduled 0-10", "waiting 10-40", "cancelled"],
  ]);
});

test("what runs goes on until now, even where the browser's clock is behind", () => {
  expect(spans(timeline([change("pending", 0), change("running", 10, 1)], 5).rows)).toEqual([
    [1, "waiting 0-10", "running 10-10", null],
  ]);
});

test("time between an end and a retry by hand is cut short", () => {
  const history = [
    change("pending", 0),
    change("running", 50, 1),
    change("failed", 100, 1),
    change("pending", 9_100),
    change("running", 9_150, 1),
  ];
  const { rows } = timeline(history, 9_200);
  expect(spans(rows)[1]).toEqual([1, "ended 100-9100", "waiting 9100-9150", "running 9150-9200", null]);
  const at = scale(rows);
  expect(at(0)).toBe(0);
  expect(at(9_200)).toBe(1);
  expect(at(9_100) - at(100)).toBeCloseTo(12 / 212);
});

test("a task without history has no rows", () => {
  expect(timeline([], 0).rows).toEqual([]);
  expect(scale([])(5)).toBe(0);
});
