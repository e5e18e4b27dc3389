/** One action on many tasks, telling how far it is. */

import { api } from "@/api/client";
import { toProblem } from "@/api/errors";
import type { Action } from "@/api/status";
import { type Filter, toWire } from "./filter";

export type Target =
  | { kind: "some"; ids: string[] }
  /** All that match, with `now` as the moment that ages in the filter are counted from. */
  | { kind: "all"; filter: Filter; now: number };

export interface Progress {
  looked: number;
  changed: number;
  /** What went wrong, and how often. */
  errors: Map<string, number>;
}

export const NOTHING: Progress = { looked: 0, changed: 0, errors: new Map() };

/** Calls under way at a time, where each task is named. */
const AT_ONCE = 6;

/** How many tasks a target means. */
export async function count(target: Target, signal: AbortSignal): Promise<{ count: number; more: boolean }> {
  if (target.kind === "some") return { count: target.ids.length, more: false };
  const { count, more } = await api.countTasks({ filter: toWire(target.filter, target.now) }, { signal });
  return { count: Number(count), more };
}

export async function run(
  action: Action,
  target: Target,
  reason: string,
  tell: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  if (target.kind === "some") return runEach(action, target.ids, reason, tell, signal);
  const request = { filter: toWire(target.filter, target.now), reason };
  const options = { signal, timeoutMs: 0 };
  const stream = action === "cancel" ? api.cancelTasks(request, options) : api.retryTasks(request, options);
  for await (const { progress } of stream) {
    if (progress)
      tell({ looked: Number(progress.matched), changed: Number(progress.changed), errors: new Map() });
  }
}

async function runEach(
  action: Action,
  ids: string[],
  reason: string,
  tell: (progress: Progress) => void,
  signal: AbortSignal,
) {
  const left = [...ids];
  let progress = NOTHING;
  const worker = async () => {
    for (let id = left.shift(); id !== undefined && !signal.aborted; id = left.shift()) {
      const request = { id: BigInt(id), reason };
      let error: unknown;
      try {
        await (action === "cancel"
          ? api.cancelTask(request, { signal })
          : api.retryTask(request, { signal }));
      } catch (failure) {
        error = failure;
      }
      progress = step(progress, error);
      tell(progress);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** The progress after one more task. */
export function step(before: Progress, error: unknown): Progress {
  const errors = new Map(before.errors);
  if (error !== undefined) {
    const { title } = toProblem(error);
    errors.set(title, (errors.get(title) ?? 0) + 1);
  }
  return { looked: before.looked + 1, changed: before.changed + (error === undefined ? 1 : 0), errors };
}
