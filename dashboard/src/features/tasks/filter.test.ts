import { expect, test } from "vitest";
import type { TaskRow } from "@/api/view";
import { parseSearch, stringifySearch } from "@/features/shell/search";
import {
  actionFilter,
  belongs,
  chips,
  filterOf,
  isEmpty,
  moment,
  readSearch,
  toWatch,
  toWire,
} from "./filter";

test("a filter comes back from the address as it went", () => {
  const search = {
    status: "failed,running",
    type: "a/b",
    name: "00123",
    payload: 'x&y="1"',
    at: "t",
    size: "100",
  };
  expect(readSearch(parseSearch(stringifySearch(search)))).toEqual(search);
  expect(stringifySearch({ status: "failed,running", name: "", at: undefined })).toBe(
    "?status=failed,running",
  );
});

test("what makes no sense in an address is dropped", () => {
  const raw = { status: "odd,FAILED", priority: "high", since: "yesterday", until: "2h", other: 1, name: 7 };
  expect(readSearch(raw)).toEqual({ status: "failed", until: "2h", name: "7" });
  expect(readSearch({ status: "odd" })).toEqual({});
});

test("ages and times become moments", () => {
  expect(moment("2h", 10_000_000)).toBe(2_800_000);
  expect(moment("2026-01-01T00:00:00Z", 0)).toBe(Date.UTC(2026, 0, 1));
  expect(moment("12 monkeys", 0)).toBeNull();
});

test("the service gets every condition", () => {
  const wire = toWire(
    { status: "failed", type: "a,b", priority: "-5", name: "x", since: "1s", payload: "p" },
    5_000,
  );
  expect(wire).toMatchObject({
    statuses: [5],
    types: ["a", "b"],
    priority: -5,
    nameContains: "x",
    createdFrom: { seconds: 4n, nanos: 0 },
    payloadContains: "p",
  });
  expect(toWire({}, 0)).not.toHaveProperty("priority");
  expect(toWatch({ status: "failed", payload: "p", type: "a" }, 0)).toMatchObject({
    statuses: [],
    payloadContains: "",
    types: ["a"],
  });
});

test("a row belongs by its status", () => {
  const row = { status: "failed" } as TaskRow;
  expect(belongs(row, {})).toBe(true);
  expect(belongs(row, { status: "failed,running" })).toBe(true);
  expect(belongs(row, { status: "running" })).toBe(false);
  expect(belongs(row, { payload: "x" })).toBe(false);
});

test("an action takes what it may of what was asked for", () => {
  expect(actionFilter({ type: "a" }, "cancel")).toEqual({ type: "a", status: "pending,running,retrying" });
  expect(actionFilter({}, "retry")).toEqual({ status: "failed" });
  expect(actionFilter({ status: "cancelled,pending" }, "retry")).toEqual({ status: "cancelled" });
  expect(actionFilter({ status: "pending" }, "retry")).toBeNull();
});

test("chips tell every condition but the name", () => {
  expect(
    chips({ name: "x", since: "2h", type: "a,b" }).map((chip) => `${chip.label}: ${chip.value}`),
  ).toEqual(["Type: a, b", "Created since: 2h ago"]);
  expect(isEmpty(filterOf({ at: "token" }))).toBe(true);
});
