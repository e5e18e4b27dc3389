/** Which way a task went through the state machine. */
import type { Status } from "@/api/status";
import type { Change } from "@/api/view";

export interface Path {
  /** How often each change of status was made, by `edge`. */
  edges: Map<string, number>;
  visited: Set<Status>;
  current: Status | null;
}

export const edge = (from: Status, to: Status) => `${from}>${to}`;

export function path(changes: readonly Change[]): Path {
  const edges = new Map<string, number>();
  const visited = new Set<Status>();
  let current: Status | null = null;
  for (const { status } of changes) {
    if (current !== null) {
      const key = edge(current, status);
      edges.set(key, (edges.get(key) ?? 0) + 1);
    }
    visited.add(status);
    current = status;
  }
  return { edges, visited, current };
}

/** The way in words, for those who cannot see it: `Pending, Running, then 3 times more, ...`. */
export function describe(changes: readonly Change[]): string {
  const words = changes.slice(0, 20).map((change) => change.status);
  const more = changes.length > words.length ? ` and ${changes.length - words.length} more changes` : "";
  return `The task went through: ${words.join(", ")}${more}.`;
}
