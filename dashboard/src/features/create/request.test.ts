import { describe, expect, it } from "vitest";
import { EMPTY, labels, moment, problems, spec } from "./request";

const good = { ...EMPTY, name: "a task", type: "simulate" };

describe("a task to create", () => {
  it("is checked field by field", () => {
    expect(problems(good, "{}", 0)).toEqual({});
    const bad = {
      ...EMPTY,
      type: "two words",
      priority: "101",
      retries: "-1",
      runAt: "soon",
      timeout: "x",
      labels: "=",
    };
    expect(Object.keys(problems(bad, "[1]", 0)).sort()).toEqual(
      ["labels", "name", "payload", "priority", "retries", "run_at", "timeout", "type"].sort(),
    );
    expect(problems(good, "{", 0).payload).toContain("is not JSON");
  });

  it("reads times by the clock and from now", () => {
    expect(moment("+10m", 1_000)).toBe(601_000);
    expect(moment("2026-03-01T14:00:00Z", 0)).toBe(Date.UTC(2026, 2, 1, 14));
    expect(moment("2026-03-01 14:00", 0)).toBe(new Date(2026, 2, 1, 14).getTime());
    expect(moment("never", 0)).toBeNull();
  });

  it("reads labels line by line", () => {
    expect(labels("team = growth\n\nurl=a=b")).toEqual({ team: "growth", url: "a=b" });
    expect(labels("team")).toBeNull();
  });

  it("leaves out what was not given, and always has a key", () => {
    expect(spec(good, " {} ", "made-up", 0)).toEqual({
      name: "a task",
      type: "simulate",
      payload: "{}",
      queue: "",
      labels: {},
      idempotencyKey: "made-up",
    });
    const full = { ...good, priority: "5", retries: "0", runAt: "+1s", timeout: "30s", key: "mine" };
    expect(spec(full, "", "made-up", 0)).toMatchObject({
      priority: 5,
      retries: 0,
      runAt: { seconds: 1n, nanos: 0 },
      timeout: { seconds: 30n, nanos: 0 },
      idempotencyKey: "mine",
    });
  });
});
