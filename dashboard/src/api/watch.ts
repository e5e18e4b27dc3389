/** Watches that live through outages: they reconnect with a growing, jittered wait and say what was missed. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { api } from "./client";
import { backoff, link } from "./connection";
import type { TaskChange, WatchTasksRequestSchema } from "./gen/task/v1/task_service_pb";

/** The service sends something every 15 s; after so long without, the connection is dead. */
const SILENCE_MS = 40_000;

export interface WatchEvents {
  /** The watch is in place; changes made before may have been missed. */
  ready: () => void;
  change: (change: TaskChange) => void;
  /** Changes were left out. */
  resync: () => void;
  /** The watch broke; it is tried again. */
  lost: () => void;
  /** The watch was refused and is not tried again. */
  refused: (error: unknown) => void;
}

type Request = MessageInitShape<typeof WatchTasksRequestSchema>;

/**
 * Watches until `signal` aborts or the service says that all is told. `request` is asked anew for each
 * connection, so that one that follows tasks by id resumes where it was.
 */
export async function watchTasks(request: () => Request, events: WatchEvents, signal: AbortSignal) {
  for (let tries = 0; !signal.aborted; ) {
    const connection = new AbortController();
    const give_up = () => connection.abort();
    signal.addEventListener("abort", give_up, { once: true });
    let silence = setTimeout(give_up, SILENCE_MS);
    try {
      const stream = api.watchTasks(request(), { signal: connection.signal, timeoutMs: 0 });
      let first = true;
      for await (const { event } of stream) {
        if (signal.aborted) return;
        clearTimeout(silence);
        silence = setTimeout(give_up, SILENCE_MS);
        if (first) {
          first = false;
          tries = 0;
          link.up();
          events.ready();
        }
        if (event.case === "change") events.change(event.value);
        else if (event.case === "resync") events.resync();
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      const { code } = ConnectError.from(error);
      if (code === Code.InvalidArgument || code === Code.Unimplemented || code === Code.NotFound) {
        events.refused(error);
        return;
      }
      events.lost();
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", give_up);
      connection.abort();
    }
    tries += 1;
    await pause(backoff(tries), signal);
  }
}

/** Waits, but not longer than until the service answers again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      stop();
      done();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
    const wasUp = link.get().up;
    const stop = link.subscribe(() => {
      if (!wasUp && link.get().up) end();
    });
  });
}

/**
 * Whether this tab is looked at. A browser lends a server six connections over plain HTTP, for all tabs
 * together: one that nobody sees must not hold one.
 */
export function whileVisible(start: (signal: AbortSignal) => void): () => void {
  let controller: AbortController | undefined;
  const look = () => {
    if (document.hidden) {
      controller?.abort();
      controller = undefined;
    } else if (!controller) {
      controller = new AbortController();
      start(controller.signal);
    }
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    controller?.abort();
  };
}
