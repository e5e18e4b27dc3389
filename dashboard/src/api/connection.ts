/** Whether the service answers, for the banner and for those who wait for it to come back. */
import { Code, ConnectError } from "@connectrpc/connect";

export interface Connection {
  up: boolean;
  /** Since when it does not answer, in milliseconds of the browser's clock. */
  since: number;
}

let state: Connection = { up: true, since: 0 };
const listeners = new Set<() => void>();

function set(next: Connection) {
  state = next;
  for (const listener of listeners) listener();
}

export const link = {
  up: () => {
    if (!state.up) set({ up: true, since: 0 });
  },
  down: () => {
    if (state.up) set({ up: false, since: Date.now() });
  },
  get: () => state,
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

/** Whether an error means that nobody answered, rather than that the answer was no. */
export function isAway(error: unknown): boolean {
  const { code, rawMessage } = ConnectError.from(error);
  if (code === Code.Unavailable || code === Code.DeadlineExceeded) return true;
  // A broken connection comes as the browser's own error, without a code of the service.
  return code === Code.Unknown && /fetch|network|load failed|HTTP 5|missing trailer/i.test(rawMessage);
}

/**
 * How long to wait before try `n`, from 1: doubling from half a second to five, less a random part, so that
 * many dashboards do not all come back at the same moment.
 */
export function backoff(n: number, random: () => number = Math.random): number {
  const most = Math.min(5_000, 250 * 2 ** Math.min(n, 10));
  return most / 2 + (random() * most) / 2;
}
