import { api } from "@/api/client";
import { type TaskRow, taskRow } from "@/api/view";
import { type Filter, toWire } from "./filter";

export interface TaskPage {
  /** What was asked for, so that a page is not taken for another one. */
  key: string;
  rows: TaskRow[];
  /** Where the next page starts; empty where there is none. */
  next: string;
}

export const SIZES = [25, 50, 100, 200] as const;
const USUAL_SIZE = 50;

export function pageSize(text: string | undefined): number {
  return SIZES.find((size) => String(size) === text) ?? USUAL_SIZE;
}

/** Calls after which a search that has found nothing yet stops and asks its user. */
const LOOKS = 20;

/** Reads a page. A rare filter takes more looks than the service gives to one call: empty pages are followed. */
export async function readPage(
  filter: Filter,
  at: string | undefined,
  pageSize: number,
  key: string,
  signal: AbortSignal,
): Promise<TaskPage> {
  const wire = toWire(filter, Date.now());
  let pageToken = at ?? "";
  for (let look = 1; ; look++) {
    const { tasks, nextPageToken } = await api.listTasks({ filter: wire, pageSize, pageToken }, { signal });
    if (tasks.length > 0 || !nextPageToken || look >= LOOKS) {
      return { key, rows: tasks.map(taskRow), next: nextPageToken };
    }
    pageToken = nextPageToken;
  }
}
