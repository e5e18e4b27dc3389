/** What a form shows for a JSON schema of parameters. What is no plain value is typed as JSON. */

export type FieldKind = "text" | "long" | "number" | "whole" | "flag" | "choice" | "json";

export interface ParameterField {
  name: string;
  kind: FieldKind;
  required: boolean;
  description: string;
  /** What stands there where nothing is given; empty where the schema has none. */
  placeholder: string;
  choices: string[];
  min: number | null;
  max: number | null;
  maxLength: number | null;
}

type Schema = Record<string, unknown>;

/** The fields of a schema; null where it describes no object, so that only JSON will do. */
export function fieldsOf(text: string): ParameterField[] | null {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(schema) || !isObject(schema.properties)) return null;
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const fields = Object.entries(schema.properties).map(([name, property]) =>
    field(name, isObject(property) ? property : {}, required.includes(name)),
  );
  // What has to be given comes first; else in the schema's order.
  return [...fields.filter((each) => each.required), ...fields.filter((each) => !each.required)];
}

function field(name: string, schema: Schema, required: boolean): ParameterField {
  const examples = Array.isArray(schema.examples) ? schema.examples : [];
  const shown = schema.default ?? examples[0];
  return {
    name,
    kind: kindOf(schema),
    required,
    description: typeof schema.description === "string" ? schema.description : "",
    placeholder: shown === undefined ? "" : typeof shown === "string" ? shown : JSON.stringify(shown),
    choices: Array.isArray(schema.enum) ? schema.enum.map(String) : [],
    min: typeof schema.minimum === "number" ? schema.minimum : null,
    max: typeof schema.maximum === "number" ? schema.maximum : null,
    maxLength: typeof schema.maxLength === "number" ? schema.maxLength : null,
  };
}

function kindOf(schema: Schema): FieldKind {
  if (Array.isArray(schema.enum) && schema.enum.every((each) => typeof each === "string")) return "choice";
  switch (schema.type) {
    case "string":
      return schema.format === "multiline" || schema.format === "sql" ? "long" : "text";
    case "number":
      return "number";
    case "integer":
      return "whole";
    case "boolean":
      return "flag";
    default:
      return "json";
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export type Texts = Record<string, string>;

/** What is wrong with the texts, by parameter. */
export function check(fields: ParameterField[], texts: Texts): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const each of fields) {
    const problem = wrong(each, texts[each.name] ?? "");
    if (problem) problems[each.name] = problem;
  }
  return problems;
}

function wrong(field: ParameterField, text: string): string | null {
  if (text === "") return field.required ? "is required" : null;
  switch (field.kind) {
    case "number":
    case "whole": {
      const value = Number(text);
      if (!Number.isFinite(value)) return "must be a number";
      if (field.kind === "whole" && !Number.isInteger(value)) return "must be a whole number";
      if (field.min !== null && value < field.min) return `must be ${field.min} or more`;
      if (field.max !== null && value > field.max) return `must be ${field.max} or less`;
      return null;
    }
    case "json":
      return parsed(text) === undefined ? "must be JSON" : null;
    default:
      return field.maxLength !== null && text.length > field.maxLength
        ? `must have at most ${field.maxLength} characters`
        : null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The parameters as JSON; what was left empty is left out. Only for texts without a problem. */
export function payloadOf(fields: ParameterField[], texts: Texts): string {
  const parameters: Record<string, unknown> = {};
  for (const { name, kind } of fields) {
    const text = texts[name] ?? "";
    if (text === "") continue;
    if (kind === "number" || kind === "whole") parameters[name] = Number(text);
    else if (kind === "flag") parameters[name] = text === "true";
    else if (kind === "json") parameters[name] = parsed(text);
    else parameters[name] = text;
  }
  return JSON.stringify(parameters, null, 2);
}

/** The texts that stand for a payload; null where the fields cannot show all of it. */
export function textsOf(fields: ParameterField[], payload: string): Texts | null {
  const value = parsed(payload.trim() || "{}");
  if (!isObject(value)) return null;
  const texts: Texts = {};
  for (const [name, each] of Object.entries(value)) {
    const kind = fields.find((field) => field.name === name)?.kind;
    if (kind === undefined) return null;
    const plain = kind === "json" ? JSON.stringify(each) : typeof each === "object" ? null : String(each);
    if (plain === null) return null;
    texts[name] = plain;
  }
  return texts;
}
