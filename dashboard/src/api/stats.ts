/** What happened over time, how types and workers fare, and what is wrong: reads and their view. */
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type {
  Latency as WireLatency,
  StatsPoint as WirePoint,
  TypeStats as WireType,
} from "./gen/task/v1/stats_pb";
import { millis, time, wireDuration } from "./view";

const HOUR = 3_600_000;

/** How far back statistics are shown; the server chooses the steps. */
export const WINDOWS = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR } as const;
export type WindowName = keyof typeof WINDOWS;

export function readWindow(raw: unknown): WindowName {
  return typeof raw === "string" && raw in WINDOWS ? (raw as WindowName) : "1h";
}

/** Milliseconds; null where nothing was measured. */
export interface Latency {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Tally {
  created: number;
  started: number;
  succeeded: number;
  failed: number;
  retrying: number;
  cancelled: number;
  waited: Latency;
  ran: Latency;
}

export interface Point extends Tally {
  start: number;
}

export interface TypeStats extends Tally {
  type: string;
  waiting: number;
  running: number;
  oldestId: string | null;
  oldestSince: number;
}

function latency(wire: WireLatency | undefined): Latency {
  const known = wire !== undefined && wire.count > 0n;
  const at = (span: WireLatency["p50"]) => (known ? millis(span) : null);
  return { p50: at(wire?.p50), p95: at(wire?.p95), p99: at(wire?.p99) };
}

function tally({ activity, waited, ran }: Pick<WirePoint | WireType, "activity" | "waited" | "ran">): Tally {
  return {
    created: Number(activity?.created ?? 0),
    started: Number(activity?.started ?? 0),
    succeeded: Number(activity?.succeeded ?? 0),
    failed: Number(activity?.failed ?? 0),
    retrying: Number(activity?.retrying ?? 0),
    cancelled: Number(activity?.cancelled ?? 0),
    waited: latency(waited),
    ran: latency(ran),
  };
}

export function statsQuery(window: WindowName) {
  return queryOptions({
    queryKey: ["stats", window],
    queryFn: async ({ signal }) => {
      const answer = await api.getStats({ window: wireDuration(WINDOWS[window]) }, { signal });
      return {
        /** Milliseconds that each point covers. */
        step: millis(answer.step),
        points: answer.points.map((each): Point => ({ start: time(each.start), ...tally(each) })),
        total: tally(answer.total ?? { activity: undefined, waited: undefined, ran: undefined }),
        types: answer.types.map(
          (each): TypeStats => ({
            type: each.type,
            waiting: Number(each.waiting),
            running: Number(each.running),
            oldestId: each.oldestId > 0n ? String(each.oldestId) : null,
            oldestSince: time(each.oldestSince),
            ...tally(each),
          }),
        ),
      };
    },
    refetchInterval: 5_000,
  });
}

export function errorsQuery(window: WindowName) {
  return queryOptions({
    queryKey: ["errors", window],
    queryFn: async ({ signal }) => {
      const request = { window: wireDuration(WINDOWS[window]), limit: 200 };
      const { groups } = await api.listErrors(request, { signal });
      return groups.map((each) => ({
        type: each.type,
        pattern: each.pattern,
        example: each.example,
        count: Number(each.count),
        lastAt: time(each.lastAt),
        lastTask: String(each.lastTaskId),
      }));
    },
    refetchInterval: 15_000,
  });
}

export type ErrorGroup = Awaited<ReturnType<NonNullable<ReturnType<typeof errorsQuery>["queryFn"]>>>[number];

export function problemsQuery() {
  return queryOptions({
    queryKey: ["problems"],
    queryFn: async ({ signal }) => {
      const { problems } = await api.listProblems({}, { signal });
      return problems.map((each) => ({
        code: each.code,
        critical: each.severity === 2,
        message: each.message,
        advice: each.advice,
        type: each.type,
      }));
    },
    refetchInterval: 5_000,
  });
}

export function workersQuery() {
  return queryOptions({
    queryKey: ["workers"],
    queryFn: async ({ signal }) => {
      const { workers } = await api.listWorkers({ loadWindow: wireDuration(HOUR) }, { signal });
      return workers.map((each) => ({
        id: String(each.id),
        name: each.name,
        host: each.host,
        version: each.version,
        types: each.types,
        queues: each.queues,
        slots: each.slots,
        busy: each.busy,
        draining: each.draining,
        losses: each.leaseLosses,
        startedAt: time(each.startedAt),
        seenAt: time(each.seenAt),
        load: each.load.map((minute) => ({ start: time(minute.start), busy: minute.busy })),
      }));
    },
    refetchInterval: 2_000,
  });
}

export type WorkerRow = Awaited<ReturnType<NonNullable<ReturnType<typeof workersQuery>["queryFn"]>>>[number];
