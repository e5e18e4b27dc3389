/** Which tasks are shown: read from the address, written to it, and given to the service. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TaskFilterSchema } from "@/api/gen/task/v1/task_pb";
import { type Action, allowedFrom, isStatus, type Status } from "@/api/status";
import { type TaskRow, wireStatus, wireTime } from "@/api/view";
import { parseDuration } from "@/ui/format";

/** The filter as the address has it. Lists are joined by commas; `since` and `until` are a time or an age. */
export interface TasksSearch {
  status?: string;
  type?: string;
  queue?: string;
  priority?: string;
  name?: string;
  since?: string;
  until?: string;
  payload?: string;
  /** Where the page starts: a token of the service. */
  at?: string;
  size?: string;
}

const FIELDS = ["status", "type", "queue", "priority", "name", "since", "until", "payload"] as const;
export type FilterField = (typeof FIELDS)[number];
export type Filter = Pick<TasksSearch, FilterField>;

/** What of an address makes sense; the rest is dropped rather than refused. Statuses may be in capitals, as in a terminal. */
export function readSearch(raw: Record<string, unknown>): TasksSearch {
  const search: TasksSearch = {};
  for (const key of [...FIELDS, "at", "size"] as const) {
    const value = raw[key];
    if (value !== undefined && value !== null && value !== "") search[key] = String(value);
  }
  const statuses = list(search.status?.toLowerCase()).filter(isStatus);
  if (statuses.length) search.status = statuses.join(",");
  else delete search.status;
  if (search.priority !== undefined && !/^-?\d{1,3}$/.test(search.priority)) delete search.priority;
  for (const key of ["since", "until"] as const) {
    if (search[key] !== undefined && moment(search[key], 0) === null) delete search[key];
  }
  return search;
}

export function filterOf(search: TasksSearch): Filter {
  const filter: Filter = {};
  for (const key of FIELDS) if (search[key] !== undefined) filter[key] = search[key];
  return filter;
}

export function isEmpty(filter: Filter): boolean {
  return FIELDS.every((key) => !filter[key]);
}

export function list(text: string | undefined): string[] {
  return text
    ? text
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean)
    : [];
}

export function statuses(filter: Filter): Status[] {
  return list(filter.status).filter(isStatus);
}

/** A time (RFC 3339) or an age such as `2h`, as a moment; null where it is neither. */
export function moment(text: string | undefined, now: number): number | null {
  if (!text) return null;
  const age = parseDuration(text);
  if (age !== null) return now - age;
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** The filter for the service. Ages become moments here, so one call means one stretch of time. */
export function toWire(filter: Filter, now: number): MessageInitShape<typeof TaskFilterSchema> {
  const from = moment(filter.since, now);
  const until = moment(filter.until, now);
  return {
    statuses: statuses(filter).map(wireStatus),
    types: list(filter.type),
    queues: list(filter.queue),
    ...(filter.priority !== undefined && { priority: Number(filter.priority) }),
    nameContains: filter.name ?? "",
    ...(from !== null && { createdFrom: wireTime(from) }),
    ...(until !== null && { createdUntil: wireTime(until) }),
    payloadContains: filter.payload ?? "",
  };
}

/**
 * The filter for a watch. Without statuses, since rows that leave one must be told of too; without the payload,
 * which watches refuse.
 */
export function toWatch(filter: Filter, now: number) {
  return { ...toWire(filter, now), statuses: [], payloadContains: "" };
}

/** Whether a row of a watch belongs to what is shown. Its payload is not known, so with a payload none does. */
export function belongs(row: TaskRow, filter: Filter): boolean {
  const wanted = statuses(filter);
  return !filter.payload && (wanted.length === 0 || wanted.includes(row.status));
}

/**
 * The filter that an action on all that match is done with: of the statuses asked for, those from which it is
 * allowed; where none was asked for, what the service takes by itself. Null where nothing can match.
 */
export function actionFilter(filter: Filter, action: Action): Filter | null {
  const wanted = statuses(filter);
  const allowed = allowedFrom(action);
  const fallback: Status[] = action === "retry" ? ["failed"] : allowed;
  const meant = wanted.length ? wanted.filter((status) => allowed.includes(status)) : fallback;
  return meant.length ? { ...filter, status: meant.join(",") } : null;
}

export interface Chip {
  field: FilterField;
  label: string;
  value: string;
}

const LABELS: Record<FilterField, string> = {
  status: "Status",
  type: "Type",
  queue: "Queue",
  priority: "Priority",
  name: "Name has",
  since: "Created since",
  until: "Created before",
  payload: "Payload has",
};

/** One chip for each condition, in a steady order. The name has a box of its own and no chip. */
export function chips(filter: Filter): Chip[] {
  return FIELDS.flatMap((field) => {
    const value = filter[field];
    if (!value || field === "name") return [];
    const age = (field === "since" || field === "until") && parseDuration(value) !== null;
    return [{ field, label: LABELS[field], value: age ? `${value} ago` : list(value).join(", ") }];
  });
}
