/**
 * Reads JSON without changing it: numbers stay the texts they are (JSON.parse turns 12345678901234567890 into
 * another), and keys stay in their order.
 */
export type Json =
  | { kind: "object"; entries: [string, Json][] }
  | { kind: "array"; items: Json[] }
  | { kind: "string"; value: string }
  /** A number, true, false or null, as written. */
  | { kind: "plain"; text: string };

/** Deeper than what the service takes; beyond, a text is shown as it is. */
const DEEPEST = 200;

/** Null where the text is no JSON. */
export function readJson(text: string): Json | null {
  let at = 0;
  const space = /[ \t\n\r]*/y;
  const plain = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  const skip = () => {
    space.lastIndex = at;
    space.exec(text);
    at = space.lastIndex;
  };
  const take = (mark: string) => {
    skip();
    if (text[at] !== mark) return false;
    at += 1;
    return true;
  };
  const string = (): Json | null => {
    let end = at + 1;
    // By hand: an expression that repeats over a megabyte runs out of the engine's stack.
    while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    try {
      const value = JSON.parse(text.slice(at, end + 1)) as string;
      at = end + 1;
      return { kind: "string", value };
    } catch {
      return null;
    }
  };
  const scalar = (): Json | null => {
    skip();
    if (text[at] === '"') return string();
    plain.lastIndex = at;
    const found = plain.exec(text)?.[0];
    if (found === undefined) return null;
    at = plain.lastIndex;
    return { kind: "plain", text: found };
  };
  const value = (depth: number): Json | null => {
    if (depth > DEEPEST) return null;
    if (take("{")) {
      const entries: [string, Json][] = [];
      if (take("}")) return { kind: "object", entries };
      do {
        const key = scalar();
        if (key?.kind !== "string" || !take(":")) return null;
        const inner = value(depth + 1);
        if (!inner) return null;
        entries.push([key.value, inner]);
      } while (take(","));
      return take("}") ? { kind: "object", entries } : null;
    }
    if (take("[")) {
      const items: Json[] = [];
      if (take("]")) return { kind: "array", items };
      do {
        const inner = value(depth + 1);
        if (!inner) return null;
        items.push(inner);
      } while (take(","));
      return take("]") ? { kind: "array", items } : null;
    }
    return scalar();
  };
  const whole = value(0);
  skip();
  return at === text.length ? whole : null;
}

/** The JSON again, indented. */
export function writeJson(json: Json, indent = ""): string {
  const inner = `${indent}  `;
  switch (json.kind) {
    case "plain":
      return json.text;
    case "string":
      return JSON.stringify(json.value);
    case "array":
      if (json.items.length === 0) return "[]";
      return `[\n${json.items.map((item) => inner + writeJson(item, inner)).join(",\n")}\n${indent}]`;
    case "object": {
      if (json.entries.length === 0) return "{}";
      const lines = json.entries.map(
        ([key, item]) => `${inner}${JSON.stringify(key)}: ${writeJson(item, inner)}`,
      );
      return `{\n${lines.join(",\n")}\n${indent}}`;
    }
  }
}
