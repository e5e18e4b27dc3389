/** A task in full and its history, kept true by a watch while it has not ended. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { historyQuery, taskQuery } from "@/api/calls";
import { hasEnded } from "@/api/status";
import { changedRow, change as toChange } from "@/api/view";
import { watchTasks, whileVisible } from "@/api/watch";

/** What has ended changes by an operator's hand alone, and is asked for so often. */
const ENDED_REREAD_MS = 10_000;

export function useLiveTask(id: string) {
  const client = useQueryClient();
  const task = useQuery({
    ...taskQuery(id),
    refetchInterval: ({ state }) => (state.data && hasEnded(state.data.status) ? ENDED_REREAD_MS : false),
  });
  const history = useQuery(historyQuery(id));

  const version = task.data?.version ?? 0;
  const ended = task.data ? hasEnded(task.data.status) : false;
  const last = history.data?.at(-1)?.version ?? 0;
  const seen = useRef(0);
  seen.current = last;

  // A history that is behind its task is read anew.
  useEffect(() => {
    if (last > 0 && version > last) void client.invalidateQueries({ queryKey: historyQuery(id).queryKey });
  }, [client, id, version, last]);

  const ready = history.isSuccess && task.isSuccess;
  useEffect(() => {
    if (!ready || ended) return;
    return whileVisible((signal) => {
      void watchTasks(
        () => ({ tasks: [{ id: BigInt(id), afterVersion: seen.current }] }),
        {
          ready: () => undefined,
          change: (wire) => {
            const row = changedRow(wire);
            if (!row || !wire.entry) return;
            const entry = toChange(wire.entry);
            seen.current = Math.max(seen.current, entry.version);
            client.setQueryData(historyQuery(id).queryKey, (old) =>
              old && entry.version > (old.at(-1)?.version ?? 0) ? [...old, entry] : old,
            );
            client.setQueryData(taskQuery(id).queryKey, (old) =>
              old && row.version > old.version
                ? {
                    ...old,
                    ...row,
                    details: entry.details || old.details,
                    workerName: entry.workerName || old.workerName,
                  }
                : old,
            );
            // Watches leave results out.
            if (hasEnded(row.status)) void client.invalidateQueries({ queryKey: taskQuery(id).queryKey });
          },
          resync: () => void client.invalidateQueries({ queryKey: ["task", id] }),
          lost: () => undefined,
          refused: () => undefined,
        },
        signal,
      );
    });
  }, [client, id, ready, ended]);

  return { task, history };
}
