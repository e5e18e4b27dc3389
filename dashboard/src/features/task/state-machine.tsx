import { useMemo } from "react";
import type { Status } from "@/api/status";
import type { Change } from "@/api/view";
import { STATUS_LOOK } from "@/ui/status-pill";
import { describe, edge, path } from "./path";

const PLACES: Record<Status, [x: number, y: number]> = {
  pending: [86, 130],
  running: [310, 130],
  retrying: [310, 226],
  succeeded: [560, 46],
  failed: [560, 130],
  cancelled: [560, 226],
};
const WIDTH = 124;
const HEIGHT = 34;

interface Edge {
  from: Status;
  to: Status;
  d: string;
  /** Where its count stands. */
  label: [x: number, y: number];
  /** Drawn only where it was gone: ways that an operator alone opens would clutter the rest. */
  rare?: true;
}

const EDGES: readonly Edge[] = [
  { from: "pending", to: "running", d: "M144 130H248", label: [196, 122] },
  { from: "running", to: "pending", d: "M282 113C260 76 136 76 114 110", label: [198, 76] },
  { from: "running", to: "retrying", d: "M296 147V205", label: [280, 180] },
  { from: "retrying", to: "running", d: "M324 209V151", label: [340, 180] },
  { from: "running", to: "succeeded", d: "M368 124C430 116 440 48 498 46", label: [424, 84] },
  { from: "running", to: "failed", d: "M368 130H498", label: [434, 122] },
  { from: "running", to: "cancelled", d: "M368 136C440 144 440 216 498 221", label: [442, 172] },
  { from: "retrying", to: "cancelled", d: "M368 232H498", label: [410, 246] },
  { from: "pending", to: "cancelled", d: "M86 147C86 300 480 290 540 246", label: [150, 262] },
  { from: "succeeded", to: "pending", d: "M502 40C380 8 110 0 86 109", label: [300, 22], rare: true },
  {
    from: "failed",
    to: "pending",
    d: "M618 130C668 60 640 4 520 6C300 8 100 10 80 109",
    label: [648, 74],
    rare: true,
  },
  {
    from: "cancelled",
    to: "pending",
    d: "M618 226C690 60 640 2 520 4C300 6 94 6 74 109",
    label: [660, 160],
    rare: true,
  },
];

/** The state machine, with the way that this task has gone. */
export function StateMachine({ changes }: { changes: readonly Change[] }) {
  const { edges, visited, current } = useMemo(() => path(changes), [changes]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: What scrolls must be reachable by keyboard.
    <section aria-label="State machine, to scroll" tabIndex={0} className="overflow-x-auto">
      <svg
        viewBox="0 0 690 284"
        role="img"
        aria-label={describe(changes)}
        className="mx-auto w-full max-w-3xl min-w-136"
      >
        <defs>
          {(["faint", "gone"] as const).map((kind) => (
            <marker
              key={kind}
              id={`tip-${kind}`}
              viewBox="0 0 8 8"
              refX="6.5"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 .8 7 4 0 7.2Z" fill={kind === "gone" ? "var(--text)" : "var(--line-strong)"} />
            </marker>
          ))}
        </defs>
        {EDGES.map(({ from, to, d, label, rare }) => {
          const times = edges.get(edge(from, to)) ?? 0;
          if (rare && times === 0) return null;
          return (
            <g key={edge(from, to)}>
              <path
                d={d}
                fill="none"
                stroke={times > 0 ? "var(--text)" : "var(--line-strong)"}
                strokeWidth={times > 0 ? 1.8 : 1}
                strokeDasharray={times > 0 ? undefined : "3 4"}
                opacity={times > 0 ? 1 : 0.7}
                markerEnd={`url(#tip-${times > 0 ? "gone" : "faint"})`}
              />
              {times > 1 && (
                <text
                  x={label[0]}
                  y={label[1]}
                  textAnchor="middle"
                  fontSize="12"
                  fontWeight="600"
                  fill="var(--text)"
                >
                  {times}×
                </text>
              )}
            </g>
          );
        })}
        {(Object.keys(PLACES) as Status[]).map((status) => {
          const [x, y] = PLACES[status];
          const { color, label, icon: Icon } = STATUS_LOOK[status];
          const been = visited.has(status);
          const here = current === status;
          return (
            <g key={status} opacity={been ? 1 : 0.75}>
              <rect
                x={x - WIDTH / 2}
                y={y - HEIGHT / 2}
                width={WIDTH}
                height={HEIGHT}
                rx={HEIGHT / 2}
                fill={been ? `var(--${status}-soft)` : "var(--panel)"}
                stroke={been ? color : "var(--line-strong)"}
                strokeWidth={here ? 2.5 : 1}
                strokeDasharray={been ? undefined : "3 3"}
              />
              <Icon x={x - WIDTH / 2 + 12} y={y - 8} size={16} color={been ? color : "var(--faint)"} />
              <text
                x={x - WIDTH / 2 + 34}
                y={y + 4.5}
                fontSize="13"
                fontWeight={here ? 650 : 450}
                fill={been ? color : "var(--faint)"}
              >
                {label}
              </text>
            </g>
          );
        })}
      </svg>
    </section>
  );
}
