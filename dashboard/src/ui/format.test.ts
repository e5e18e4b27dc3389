import { expect, test } from "vitest";
import { absolute, bytes, duration, number, parseDuration, plural, relative, writeDuration } from "./format";

test("durations keep their two largest units", () => {
  const texts = [0, 0.4, 350, 4_250, 59_999, 65_000, 3_600_000, 100_000_000, -1_500].map(duration);
  expect(texts).toEqual([
    "0 ms",
    "<1 ms",
    "350 ms",
    "4.2 s",
    "59 s",
    "1 m 05 s",
    "1 h 00 m",
    "1 d 03 h",
    "-1.5 s",
  ]);
  expect(duration(Number.NaN)).toBe("–");
});

test("moments stand beside now", () => {
  expect(relative(1_000, 13_500)).toBe("12 s ago");
  expect(relative(301_000, 1_000)).toBe("in 5 m");
  expect(relative(2_200, 1_000)).toBe("now");
  expect(relative(0, 3 * 86_400_000)).toBe("3 d ago");
});

test("absolute times have one width", () => {
  expect(absolute(Date.UTC(2026, 2, 1, 4, 5, 9, 7), true)).toBe("2026-03-01 04:05:09.007");
});

test("numbers and sizes", () => {
  expect([number(1234567), plural(1, "task"), plural(2000n, "task")]).toEqual([
    "1,234,567",
    "1 task",
    "2,000 tasks",
  ]);
  expect([bytes(812), bytes(1400), bytes(1_048_576)]).toEqual(["812 B", "1.4 kB", "1.05 MB"]);
});

test("durations are read as the command line reads them", () => {
  expect(["250ms", "1h30m", "1 m 05 s", "2.5", "x", "", "5 weeks", "-1s"].map(parseDuration)).toEqual([
    250,
    5_400_000,
    65_000,
    2_500,
    null,
    null,
    null,
    null,
  ]);
  for (const ms of [0, 1, 999, 60_000, 90_061_001]) expect(parseDuration(writeDuration(ms))).toBe(ms);
});
