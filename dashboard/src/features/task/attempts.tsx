import { useMemo, useState } from "react";
import type { Change } from "@/api/view";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { absolute, duration, plural } from "@/ui/format";
import { LongText } from "@/ui/json-view";
import { StatusPill } from "@/ui/status-pill";
import { useNow } from "@/ui/time";
import { type Kind, type Row, scale, timeline } from "./timeline";

const KINDS: Record<Kind, { label: string; bar: string }> = {
  scheduled: { label: "Waited for its time", bar: "bg-line" },
  waiting: { label: "Waited for a worker", bar: "bg-line-strong/60" },
  backoff: { label: "Backed off", bar: "bg-retrying/50" },
  running: { label: "Ran", bar: "bg-running" },
  ended: { label: "Had ended (cut short)", bar: "bg-line/50" },
};

/** So many of the newest attempts are shown at first. */
const SHOWN = 25;

/** Every attempt: how long it waited, ran and backed off, to scale; its worker, and what came of it. */
export function Attempts({ changes }: { changes: readonly Change[] }) {
  const now = useNow();
  const { rows, totals } = useMemo(() => timeline(changes, now), [changes, now]);
  const place = useMemo(() => scale(rows), [rows]);
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(-SHOWN);
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => totals[kind] > 0);
  return (
    <div>
      <ul aria-label="Time spent" className="mb-3 flex flex-wrap gap-x-4 gap-y-1 text-[0.9rem] text-soft">
        {kinds.map((kind) => (
          <li key={kind} className="flex items-center gap-1.5">
            <span aria-hidden className={cx("size-2.5 rounded-sm", KINDS[kind].bar)} />
            {KINDS[kind].label} <span className="text-text">{duration(totals[kind])}</span>
          </li>
        ))}
      </ul>
      {shown.length < rows.length && (
        <Button look="quiet" className="mb-2 text-accent" onClick={() => setAll(true)}>
          Show {plural(rows.length - shown.length, "earlier attempt")}
        </Button>
      )}
      <ol className="space-y-3">
        {shown.map((row) => (
          <Attempt key={row.key} row={row} place={place} />
        ))}
      </ol>
    </div>
  );
}

function Attempt({ row, place }: { row: Row; place: (at: number) => number }) {
  const { attempt, worker, segments, end } = row;
  const told = segments.map(
    ({ kind, from, to }) => `${KINDS[kind].label.toLowerCase()} ${duration(to - from)}`,
  );
  return (
    <li>
      <div className="mb-1 flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <span className="font-medium">
          {attempt === null ? (end ? "Not started" : "Next attempt") : `Attempt ${attempt}`}
        </span>
        {end ? <StatusPill status={end.status} /> : attempt !== null && <StatusPill status="running" />}
        {worker && (
          <span className="text-[0.9rem] text-faint">
            on <bdi>{worker}</bdi>
          </span>
        )}
        <span className="ml-auto text-[0.9rem] text-faint">{told.join(", ")}</span>
      </div>
      <div aria-hidden className="relative h-3 overflow-hidden rounded-sm bg-ground">
        {segments.map(({ kind, from, to }) => {
          const left = place(from) * 100;
          const width = place(to) * 100 - left;
          return (
            <span
              key={`${kind} ${from}`}
              title={`${KINDS[kind].label}: ${duration(to - from)}, from ${absolute(from, true)}`}
              className={cx("absolute inset-y-0 min-w-0.5", KINDS[kind].bar)}
              style={{ left: `min(${left}%, calc(100% - 2px))`, width: `${width}%` }}
            />
          );
        })}
      </div>
      {end?.details && (
        <p
          className={cx(
            "foreign mt-1.5 rounded-md px-3 py-1.5 font-mono text-[0.9rem] whitespace-pre-wrap",
            end.status === "failed" || end.status === "retrying"
              ? "bg-failed-soft text-failed"
              : "bg-ground text-soft",
          )}
        >
          <LongText text={end.details} />
        </p>
      )}
    </li>
  );
}
