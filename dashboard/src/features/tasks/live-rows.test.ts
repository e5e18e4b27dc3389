import { expect, test, vi } from "vitest";
import type { Status } from "@/api/status";
import type { TaskRow } from "@/api/view";
import { LiveRows } from "./live-rows";

const row = (id: number, version = 1, status: Status = "pending") =>
  ({ id: String(id), version, status }) as TaskRow;

function rows() {
  const frames: (() => void)[] = [];
  const live = new LiveRows((work) => frames.push(work));
  const frame = () => {
    for (const work of frames.splice(0)) work();
  };
  return { live, frame, frames };
}

test("known rows change in place, once a frame", () => {
  const { live, frame, frames } = rows();
  live.show([row(9), row(8)], 2);
  const [nine, eight] = [vi.fn(), vi.fn()];
  live.subscribeRow("9", nine);
  live.subscribeRow("8", eight);
  for (let version = 2; version < 1_000; version++) live.apply(row(9, version, "running"), true);
  expect(frames).toHaveLength(1);
  expect(nine).not.toHaveBeenCalled();
  frame();
  expect(nine).toHaveBeenCalledTimes(1);
  expect(eight).not.toHaveBeenCalled();
  expect(live.row("9")?.version).toBe(999);
  expect(live.ids()).toEqual(["9", "8"]);
});

test("older news changes nothing", () => {
  const { live, frame } = rows();
  live.show([row(9, 5)], 10);
  live.apply(row(9, 4, "failed"), true);
  frame();
  expect(live.row("9")?.status).toBe("pending");
  live.apply(row(9, 7, "failed"), true);
  live.show([row(9, 6)], 10);
  expect(live.row("9")?.version).toBe(7);
});

test("new tasks are counted and not shown", () => {
  const { live, frame } = rows();
  live.show([row(9), row(8)], 2);
  live.apply(row(10), true);
  live.apply(row(10, 2), true);
  live.apply(row(11), false);
  live.apply(row(3), true);
  frame();
  expect(live.newCount()).toBe(1);
  expect(live.ids()).toEqual(["9", "8"]);
  live.apply(row(10, 3), false);
  frame();
  expect(live.newCount()).toBe(0);
  live.apply(row(12), true);
  live.show([row(12), row(9)], 2);
  expect(live.newCount()).toBe(0);
});

test("on a page with room, older tasks that come to match are new too", () => {
  const { live, frame } = rows();
  live.show([row(9)], 2);
  live.apply(row(3), true);
  frame();
  expect(live.newCount()).toBe(1);
});

test("a page read anew does not move rows", () => {
  const { live, frame } = rows();
  live.show([row(9), row(8)], 2);
  live.merge([row(10), row(9, 2, "running")]);
  frame();
  expect(live.ids()).toEqual(["9", "8"]);
  expect(live.row("9")?.status).toBe("running");
  expect(live.newCount()).toBe(1);
});
