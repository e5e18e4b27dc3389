import { useSyncExternalStore } from "react";
import { absolute, relative } from "./format";
import { choice } from "./stored";

/** Whether times are told beside now or by the clock. */
export const times = choice<"relative" | "absolute">("times", ["relative", "absolute"]);

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One tick a second for all that shows a relative time; none where nothing does. */
function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const tell of listeners) tell();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time, to the second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

function Relative({ at }: { at: number }) {
  // The text, not the time, is what is subscribed to: an hour-old row renders once a minute at most.
  return useSyncExternalStore(subscribe, () => relative(at, Math.max(now, Date.now() - 1_000)));
}

/** A moment, as this browser's user wants to read it; the other form on hover. */
export function Time({ at }: { at: number | null }) {
  const form = times.use();
  if (!at) return <span className="text-faint">–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={absolute(at, true)} className="whitespace-nowrap">
      {form === "relative" ? <Relative at={at} /> : absolute(at)}
    </time>
  );
}
