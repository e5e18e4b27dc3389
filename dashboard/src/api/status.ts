/** Where a task stands. */
export const STATUSES = ["pending", "running", "retrying", "succeeded", "failed", "cancelled"] as const;
export type Status = (typeof STATUSES)[number];

/** What makes a task change its status. */
export type Cause =
  | "created"
  | "claimed"
  | "succeeded"
  | "attempt failed"
  | "gave up"
  | "snoozed"
  | "interrupted"
  | "lease lost"
  | "cancelled"
  | "retried by hand";

/**
 * Every allowed change: from (nothing at creation), to, why. The table of crates/domain/src/status.rs, which
 * a test holds this one against; the buttons that are shown follow it.
 */
export const TRANSITIONS: readonly (readonly [Status | null, Status, Cause])[] = [
  [null, "pending", "created"],
  ["pending", "running", "claimed"],
  ["retrying", "running", "claimed"],
  ["running", "succeeded", "succeeded"],
  ["running", "retrying", "attempt failed"],
  ["running", "failed", "gave up"],
  ["running", "pending", "snoozed"],
  ["running", "pending", "interrupted"],
  ["running", "pending", "lease lost"],
  ["running", "failed", "lease lost"],
  ["pending", "cancelled", "cancelled"],
  ["running", "cancelled", "cancelled"],
  ["retrying", "cancelled", "cancelled"],
  ["succeeded", "pending", "retried by hand"],
  ["failed", "pending", "retried by hand"],
  ["cancelled", "pending", "retried by hand"],
];

/** What an operator may do to a task. */
export type Action = "cancel" | "retry";

const CAUSE: Record<Action, Cause> = { cancel: "cancelled", retry: "retried by hand" };

/** Whether the table allows an action on a task that stands there. */
export function allows(status: Status, action: Action): boolean {
  return TRANSITIONS.some(([from, , cause]) => from === status && cause === CAUSE[action]);
}

/** The statuses from which an action is allowed. */
export function allowedFrom(action: Action): Status[] {
  return STATUSES.filter((status) => allows(status, action));
}

/** Whether only an operator leads out of it. */
export function hasEnded(status: Status): boolean {
  return !allows(status, "cancel");
}

/** Whether a text names a status. */
export function isStatus(text: string): text is Status {
  return (STATUSES as readonly string[]).includes(text);
}
