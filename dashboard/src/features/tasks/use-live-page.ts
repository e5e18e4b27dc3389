/** A page of tasks that stays true: read from the service, then changed in place as a watch tells. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { changedRow } from "@/api/view";
import { watchTasks, whileVisible } from "@/api/watch";
import { belongs, type Filter, toWatch } from "./filter";
import { LiveRows } from "./live-rows";
import { readPage } from "./read-page";

/** Changes are gathered by the service for so long. */
const INTERVAL = { seconds: 0n, nanos: 500_000_000 };
/** A page is not read more often than this, whatever happens. */
const REREAD_MS = 1_000;
/** Tasks found by their payload cannot be watched; their page is read anew so often. */
const PAYLOAD_REREAD_MS = 10_000;

export type LiveState = "live" | "connecting" | "paused";

export function useLivePage(args: {
  filter: Filter;
  at: string | undefined;
  size: number;
  paused: boolean;
  /** Whether rows must stay where they are: somebody points at one. */
  held: boolean;
}) {
  const { filter, at, size, paused, held } = args;
  const filterKey = JSON.stringify(filter);
  const key = JSON.stringify([filter, at ?? "", size]);
  const [live] = useState(() => new LiveRows());
  const [state, setState] = useState<LiveState>("connecting");
  const newCount = useSyncExternalStore(live.subscribe, live.newCount);

  const query = useQuery({
    queryKey: ["tasks", key],
    queryFn: ({ signal }) => readPage(filter, at, size, key, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
    refetchOnWindowFocus: !paused,
    refetchInterval: filter.payload && !paused ? PAYLOAD_REREAD_MS : false,
  });
  const { data, refetch } = query;

  // What a page that arrives may do: anything where it is another one or was asked for, else move no row.
  const shown = useRef("");
  const wanted = useRef(false);
  const holds = useRef(held);
  holds.current = held;
  useLayoutEffect(() => {
    if (!data) return;
    if (data.key !== shown.current || wanted.current || !holds.current) {
      shown.current = data.key;
      wanted.current = false;
      live.show(data.rows, size);
    } else {
      live.merge(data.rows);
    }
  }, [data, live, size]);

  // Reads the page anew, at once or when the last time is long enough ago.
  const reread = useRef<() => void>(() => undefined);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    reread.current = () => {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          last = Date.now();
          void refetch();
        },
        Math.max(0, last + REREAD_MS - Date.now()),
      );
    };
    return () => clearTimeout(timer);
  }, [refetch]);

  const first = !at;
  useEffect(() => {
    if (paused) return setState("paused");
    const filter = JSON.parse(filterKey) as Filter;
    let missed = false;
    return whileVisible((signal) => {
      setState("connecting");
      void watchTasks(
        () => ({ filter: toWatch(filter, Date.now()), interval: INTERVAL }),
        {
          ready: () => {
            setState("live");
            if (missed) reread.current();
            missed = true;
          },
          change: (wire) => {
            const row = changedRow(wire);
            if (row) live.apply(row, first && belongs(row, filter));
          },
          resync: () => reread.current(),
          lost: () => setState("connecting"),
          refused: () => setState("paused"),
        },
        signal,
      );
    });
  }, [filterKey, first, paused, live]);

  // New tasks come in by themselves while nobody points at the table.
  useEffect(() => {
    if (newCount > 0 && !held && !paused && first) reread.current();
  }, [newCount, held, paused, first]);

  const showNew = () => {
    wanted.current = true;
    void refetch();
  };
  return { live, state, newCount, query, showNew };
}
