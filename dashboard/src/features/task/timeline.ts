/** What a task's history says about time: how long it waited, ran and backed off, attempt by attempt. */
import { hasEnded } from "@/api/status";
import type { Change } from "@/api/view";

export type Kind =
  /** Before its run_at, by the wish of who made it or of its plugin. */
  | "scheduled"
  /** Might start, and no worker took it. */
  | "waiting"
  /** Waits for another try after a failure. */
  | "backoff"
  | "running"
  /** Had ended, until an operator had it run again. */
  | "ended";

export interface Segment {
  kind: Kind;
  from: number;
  to: number;
}

/** What led to an attempt, and the attempt. */
export interface Row {
  /** Of its first change; steady while the history grows. */
  key: number;
  /** Null where no attempt has come of it. */
  attempt: number | null;
  worker: string;
  segments: Segment[];
  /** The change that ended it; null while it is under way. */
  end: Change | null;
}

export interface Timeline {
  rows: Row[];
  totals: Record<Kind, number>;
}

const NO_TIME: Record<Kind, number> = { scheduled: 0, waiting: 0, backoff: 0, running: 0, ended: 0 };

export function timeline(changes: readonly Change[], now: number): Timeline {
  const rows: Row[] = [];
  const totals = { ...NO_TIME };
  let row: Row | null = null;
  changes.forEach((change, index) => {
    const next = changes[index + 1];
    const ended = hasEnded(change.status);
    // The browser's clock may be behind the database's.
    const to = next?.at ?? (ended ? change.at : Math.max(now, change.at));
    if (!row) {
      row = { key: change.version, attempt: null, worker: "", segments: [], end: null };
      rows.push(row);
    }
    for (const segment of segments(change, to)) {
      totals[segment.kind] += segment.to - segment.from;
      row.segments.push(segment);
    }
    if (change.status === "running") {
      row.attempt = change.attempt;
      row.worker = change.workerName;
    }
    // A row ends with its attempt, or with the task.
    if (next && (change.status === "running" || hasEnded(next.status))) {
      row.end = next;
      row = null;
    } else if (ended && !next && row.segments.length === 0) {
      rows.pop();
    }
  });
  return { rows, totals };
}

function segments(change: Change, to: number): Segment[] {
  const { status, at } = change;
  const waits = (kind: "scheduled" | "backoff"): Segment[] => {
    const may = Math.min(Math.max(change.runAt ?? at, at), to);
    const both: Segment[] = [
      { kind, from: at, to: may },
      { kind: "waiting", from: may, to },
    ];
    return both.filter((segment) => segment.to > segment.from);
  };
  switch (status) {
    case "pending":
      return waits("scheduled");
    case "retrying":
      return waits("backoff");
    case "running":
      return [{ kind: "running", from: at, to }];
    case "succeeded":
    case "failed":
    case "cancelled":
      return to > at ? [{ kind: "ended", from: at, to }] : [];
  }
}

/** Time between an end and a retry by hand may be days: it takes this part of the width at most. */
const MOST_ENDED = 0.06;

/**
 * Where moments lie, from 0 to 1. To scale, but that time in which the task had ended is cut short.
 */
export function scale(rows: readonly Row[]): (at: number) => number {
  const all = rows.flatMap((row) => row.segments);
  const active = all.reduce((sum, { kind, from, to }) => sum + (kind === "ended" ? 0 : to - from), 0);
  const width = ({ kind, from, to }: Segment) =>
    kind === "ended" ? Math.min(to - from, active * MOST_ENDED) : to - from;
  const total = all.reduce((sum, segment) => sum + width(segment), 0);
  return (at) => {
    let before = 0;
    for (const segment of all) {
      if (at < segment.from) break;
      const length = segment.to - segment.from;
      const part = length > 0 ? Math.min(1, (at - segment.from) / length) : 1;
      before += width(segment) * part;
    }
    return total > 0 ? before / total : 0;
  };
}
