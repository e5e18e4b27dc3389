import { describe, expect, it } from "vitest";
import { check, fieldsOf, payloadOf, textsOf } from "./schema";

const SCHEMA = JSON.stringify({
  type: "object",
  required: ["to"],
  properties: {
    count: { type: "integer", minimum: 0, maximum: 5, default: 1 },
    to: { type: "string", maxLength: 4, examples: ["a@b"] },
    html: { type: "string", format: "multiline" },
    loud: { type: "boolean" },
    level: { enum: ["low", "high"] },
    args: { type: "array" },
  },
});
const fields = fieldsOf(SCHEMA) ?? [];

describe("the form of a schema", () => {
  it("has a field for each parameter, those that are required first", () => {
    expect(fields.map((each) => [each.name, each.kind])).toEqual([
      ["to", "text"],
      ["count", "whole"],
      ["html", "long"],
      ["loud", "flag"],
      ["level", "choice"],
      ["args", "json"],
    ]);
    expect(fields[0]?.placeholder).toBe("a@b");
    expect(fields[1]?.placeholder).toBe("1");
  });

  it("is none where the schema describes no object", () => {
    for (const text of ["", "nonsense", "[]", "{}", '{"properties":3}']) expect(fieldsOf(text)).toBeNull();
  });

  it("says what is wrong with each parameter", () => {
    expect(check(fields, { count: "6", args: "[", to: "" })).toEqual({
      to: "is required",
      count: "must be 5 or less",
      args: "must be JSON",
    });
    expect(check(fields, { to: "abcde", count: "1.5" })).toEqual({
      to: "must have at most 4 characters",
      count: "must be a whole number",
    });
    expect(check(fields, { to: "a" })).toEqual({});
  });

  it("goes to JSON and back", () => {
    const texts = { to: "a@b", count: "2", loud: "true", level: "high", args: "[1]" };
    const payload = payloadOf(fields, texts);
    expect(JSON.parse(payload)).toEqual({ to: "a@b", count: 2, loud: true, level: "high", args: [1] });
    expect(textsOf(fields, payload)).toEqual(texts);
    expect(textsOf(fields, '{"unknown":1}')).toBeNull();
    expect(textsOf(fields, '{"to":["a"]}')).toBeNull();
    expect(textsOf(fields, "")).toEqual({});
  });
});
