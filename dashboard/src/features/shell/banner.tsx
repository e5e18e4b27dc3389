import { useQueryClient } from "@tanstack/react-query";
import { CloudOff } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { api } from "@/api/client";
import { backoff, link } from "@/api/connection";
import { Button } from "@/ui/button";

/** Says that the service is away, and asks for it until it is back. What was read stays on screen. */
export function ConnectionBanner() {
  const { up, since } = useSyncExternalStore(link.subscribe, link.get);
  const client = useQueryClient();
  useEffect(() => {
    if (up) return;
    let timer: ReturnType<typeof setTimeout>;
    let tries = 0;
    const controller = new AbortController();
    const ask = async () => {
      // Whatever comes of it, the client's own watch over calls tells `link`.
      await api.getStatusCounts({}, { signal: controller.signal, timeoutMs: 4_000 }).catch(() => undefined);
      tries += 1;
      timer = setTimeout(ask, backoff(tries));
    };
    timer = setTimeout(ask, backoff(1));
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [up]);
  return (
    <div aria-live="polite">
      {!up && (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-retrying-soft px-4 py-1.5 text-retrying">
          <CloudOff aria-hidden className="size-4" />
          <span className="min-w-40 flex-1">
            <strong className="font-semibold">The service does not answer</strong> since{" "}
            {new Date(since).toLocaleTimeString()}. What you see is as it was then; it is asked again by
            itself.
          </span>
          <Button look="quiet" onClick={() => void client.invalidateQueries()}>
            Ask now
          </Button>
        </div>
      )}
    </div>
  );
}
