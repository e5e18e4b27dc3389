/**
 * Where messages of the wire become what the pages show: ids are texts, times are milliseconds, statuses are
 * words. Nothing else reads generated messages of tasks.
 */
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type {
  HistoryEntry as WireEntry,
  Status as WireStatus,
  TaskSummary as WireSummary,
  Task as WireTask,
} from "./gen/task/v1/task_pb";
import type { TaskChange } from "./gen/task/v1/task_service_pb";
import { STATUSES, type Status } from "./status";

export interface TaskRow {
  id: string;
  name: string;
  type: string;
  status: Status;
  /** Number of its newest change; a lower one is older news. */
  version: number;
  attempt: number;
  retries: number;
  priority: number;
  queue: string;
  createdAt: number;
  updatedAt: number;
  /** When it may start (again), where it has to wait. */
  runAt: number | null;
  workerId: string | null;
}

export interface TaskFull extends TaskRow {
  payload: string;
  result: string;
  details: string;
  workerName: string;
  labels: Record<string, string>;
  idempotencyKey: string;
  /** Milliseconds; null means the worker's own. */
  timeout: number | null;
  initialBackoff: number | null;
  maxBackoff: number | null;
}

export interface Change {
  version: number;
  status: Status;
  attempt: number;
  workerId: string | null;
  workerName: string;
  at: number;
  runAt: number | null;
  details: string;
  result: string;
}

export function status(wire: WireStatus): Status {
  return STATUSES[wire - 1] ?? "pending";
}

export function wireStatus(status: Status): WireStatus {
  return (STATUSES.indexOf(status) + 1) as WireStatus;
}

/** Milliseconds since 1970; 0 where absent. */
export function time(wire: Timestamp | undefined): number {
  return wire ? Number(wire.seconds) * 1000 + wire.nanos / 1e6 : 0;
}

/** Milliseconds. */
export function millis(wire: Duration | undefined): number {
  return wire ? Number(wire.seconds) * 1000 + wire.nanos / 1e6 : 0;
}

export function wireTime(at: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(at / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((at - seconds * 1000) * 1e6) };
}

export const wireDuration = wireTime;

const id = (wire: bigint) => (wire === 0n ? null : wire.toString());

export function taskRow(wire: WireSummary): TaskRow {
  return {
    id: wire.id.toString(),
    name: wire.name,
    type: wire.type,
    status: status(wire.status),
    version: wire.version,
    attempt: wire.attempt,
    retries: wire.retries,
    priority: wire.priority,
    queue: wire.queue,
    createdAt: time(wire.createdAt),
    updatedAt: time(wire.updatedAt),
    runAt: wire.runAt ? time(wire.runAt) : null,
    workerId: id(wire.workerId),
  };
}

export function taskFull(wire: WireTask): TaskFull {
  if (!wire.summary) throw new Error("the service sent a task without its summary");
  const policy = wire.retryPolicy;
  return {
    ...taskRow(wire.summary),
    payload: wire.payload,
    result: wire.result,
    details: wire.details,
    workerName: wire.workerName,
    labels: { ...wire.labels },
    idempotencyKey: wire.idempotencyKey,
    timeout: wire.timeout ? millis(wire.timeout) : null,
    initialBackoff: policy?.initialBackoff ? millis(policy.initialBackoff) : null,
    maxBackoff: policy?.maxBackoff ? millis(policy.maxBackoff) : null,
  };
}

export function change(wire: WireEntry): Change {
  return {
    version: wire.version,
    status: status(wire.status),
    attempt: wire.attempt,
    workerId: id(wire.workerId),
    workerName: wire.workerName,
    at: time(wire.at),
    runAt: wire.runAt ? time(wire.runAt) : null,
    details: wire.details,
    result: wire.result,
  };
}

/** The row that a task has become by a change; null where the message is incomplete. */
export function changedRow(wire: TaskChange): TaskRow | null {
  const { entry } = wire;
  if (!entry) return null;
  return {
    id: entry.taskId.toString(),
    name: wire.name,
    type: wire.type,
    status: status(entry.status),
    version: entry.version,
    attempt: entry.attempt,
    retries: wire.retries,
    priority: wire.priority,
    queue: wire.queue,
    createdAt: time(wire.createdAt),
    updatedAt: time(entry.at),
    runAt: entry.runAt ? time(entry.runAt) : null,
    workerId: id(entry.workerId),
  };
}
