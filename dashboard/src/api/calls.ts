/** Reads that several pages share. */
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { STATUSES, type Status } from "./status";
import { change, status, taskFull } from "./view";

export type Counts = Record<Status, number>;

/** How many tasks stand where, of these types or of all. Cheap for the service at any size. */
export function countsQuery(types: string[] = []) {
  return queryOptions({
    queryKey: ["counts", types],
    queryFn: async ({ signal }) => {
      const answer = await api.getStatusCounts({ types }, { signal });
      const counts = Object.fromEntries(STATUSES.map((each) => [each, 0])) as Counts;
      for (const each of answer.counts) counts[status(each.status)] = Number(each.count);
      return counts;
    },
    refetchInterval: 2_000,
  });
}

export interface TypeInfo {
  name: string;
  description: string;
  /** JSON schema of its parameters as text; empty where its plugin describes none. */
  schema: string;
  /** Live workers that run it. */
  workers: number;
  slots: number;
}

export function typesQuery() {
  return queryOptions({
    queryKey: ["types"],
    queryFn: async ({ signal }): Promise<TypeInfo[]> => {
      const { types } = await api.listTypes({}, { signal });
      return types.map((each) => ({
        name: each.type,
        description: each.description,
        schema: each.parametersSchema,
        workers: each.workers,
        slots: each.slots,
      }));
    },
    staleTime: 15_000,
  });
}

export function taskQuery(id: string) {
  return queryOptions({
    queryKey: ["task", id],
    queryFn: async ({ signal }) => {
      const { task } = await api.getTask({ id: BigInt(id) }, { signal });
      if (!task) throw new Error("the service sent no task");
      return taskFull(task);
    },
  });
}

/** Most entries that one call gives. */
const HISTORY_PAGE = 1_000;
/** So many are shown at most; a task that was put back more often than this tells the rest by task-cli. */
export const HISTORY_LIMIT = 5_000;

export function historyQuery(id: string) {
  return queryOptions({
    queryKey: ["history", id],
    queryFn: async ({ signal }) => {
      const changes = [];
      for (let after = 0; changes.length < HISTORY_LIMIT; ) {
        const request = { taskId: BigInt(id), afterVersion: after, limit: HISTORY_PAGE };
        const { entries } = await api.getTaskHistory(request, { signal });
        changes.push(...entries.map(change));
        if (entries.length < HISTORY_PAGE) break;
        after = entries.at(-1)?.version ?? 0;
      }
      return changes;
    },
  });
}
