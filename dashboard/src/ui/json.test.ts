import { expect, test } from "vitest";
import { readJson, writeJson } from "./json";

test("numbers and keys stay as they were written", () => {
  const text = '{"b": 12345678901234567890, "a": [1.10, -0, 1e400, true, null, "\\u0041\\n"], "b": {}}';
  const json = readJson(text);
  expect(json && writeJson(json)).toBe(
    '{\n  "b": 12345678901234567890,\n  "a": [\n    1.10,\n    -0,\n    1e400,\n    true,\n    null,\n    "A\\n"\n  ],\n  "b": {}\n}',
  );
});

test("what is no JSON is refused", () => {
  for (const text of ["", "{", '{"a":1,}', "[1 2]", "01", "nul", '"a', "{} {}", "'a'", '{"a" 1}']) {
    expect(readJson(text), text).toBeNull();
  }
});

test("it agrees with JSON.parse on what is JSON", () => {
  const value = { a: [[], {}, "<script>", 1.5, { "": null }], "\u202e": "🎉" };
  const json = readJson(JSON.stringify(value));
  expect(json && JSON.parse(writeJson(json))).toEqual(value);
});

test("what is too deep is no tree", () => {
  expect(readJson("[".repeat(64) + "]".repeat(64))).not.toBeNull();
  expect(readJson("[".repeat(100_000))).toBeNull();
});

test("a text of a megabyte is read", () => {
  const text = JSON.stringify({ text: 'a"'.repeat(400_000) });
  expect(readJson(text)?.kind).toBe("object");
});
