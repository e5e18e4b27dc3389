/** What the form holds, what is wrong with it, and what is sent. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TaskSpecSchema } from "@/api/gen/task/v1/task_pb";
import { wireDuration, wireTime } from "@/api/view";
import { parseDuration } from "@/ui/format";

export interface Draft {
  name: string;
  type: string;
  queue: string;
  priority: string;
  retries: string;
  runAt: string;
  timeout: string;
  labels: string;
  key: string;
}

export const EMPTY: Draft = {
  name: "",
  type: "",
  queue: "",
  priority: "",
  retries: "",
  runAt: "",
  timeout: "",
  labels: "",
  key: "",
};

export type Problems = Record<string, string>;

/** What is wrong, by the field's name on the wire. The service checks all of it again. */
export function problems(draft: Draft, payload: string, now: number): Problems {
  const found: Problems = {};
  if (draft.name.trim() === "") found.name = "is required";
  if (!/^[\w\-.:/]{1,100}$/.test(draft.type)) found.type = "needs 1 to 100 letters, digits and _-.:/";
  whole(draft.priority, -100, 100, "priority", found);
  whole(draft.retries, 0, 1_000, "retries", found);
  if (draft.runAt && moment(draft.runAt, now) === null) {
    found.run_at = "is a time such as 2026-03-01 14:00, or +10m from now";
  }
  if (draft.timeout && parseDuration(draft.timeout) === null)
    found.timeout = "is a duration such as 30s or 5m";
  if (labels(draft.labels) === null) found.labels = "needs a line name=value for each label";
  try {
    const value: unknown = JSON.parse(payload.trim() || "{}");
    if (typeof value !== "object" || value === null || Array.isArray(value))
      found.payload = "must be a JSON object";
  } catch (error) {
    found.payload = `is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}`;
  }
  return found;
}

function whole(text: string, min: number, max: number, name: string, found: Problems) {
  if (text === "") return;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    found[name] = `must be a whole number from ${min} to ${max}`;
}

/** A time by this machine's clock, or `+10m` from now. */
export function moment(text: string, now: number): number | null {
  if (text.startsWith("+")) {
    const ahead = parseDuration(text.slice(1));
    return ahead === null ? null : now + ahead;
  }
  const at = Date.parse(text.trim().replace(/^(\d{4}-\d\d-\d\d) /, "$1T"));
  return Number.isNaN(at) ? null : at;
}

/** Lines of name=value; null where one is not. */
export function labels(text: string): Record<string, string> | null {
  const found: Record<string, string> = {};
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    const at = line.indexOf("=");
    if (at < 1) return null;
    found[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return found;
}

/** The task to create. Only for a draft without a problem. */
export function spec(
  draft: Draft,
  payload: string,
  key: string,
  now: number,
): MessageInitShape<typeof TaskSpecSchema> {
  const runAt = draft.runAt ? moment(draft.runAt, now) : null;
  const timeout = draft.timeout ? parseDuration(draft.timeout) : null;
  return {
    name: draft.name,
    type: draft.type,
    payload: payload.trim(),
    queue: draft.queue.trim(),
    labels: labels(draft.labels) ?? {},
    idempotencyKey: draft.key || key,
    ...(draft.priority ? { priority: Number(draft.priority) } : {}),
    ...(draft.retries ? { retries: Number(draft.retries) } : {}),
    ...(runAt === null ? {} : { runAt: wireTime(runAt) }),
    ...(timeout === null ? {} : { timeout: wireDuration(timeout) }),
  };
}
