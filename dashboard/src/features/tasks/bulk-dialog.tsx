import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { toProblem } from "@/api/errors";
import type { Action } from "@/api/status";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { number, plural } from "@/ui/format";
import { ErrorNote, Note } from "@/ui/note";
import { count, NOTHING, type Progress, run, type Target } from "./bulk";

export interface BulkRequest {
  action: Action;
  target: Target;
  /** What the target means, for people. */
  about: string;
}

const WORDS = {
  cancel: { verb: "Cancel", done: "cancelled", look: "danger-solid" as const },
  retry: { verb: "Retry", done: "put back to run again", look: "primary" as const },
};

type Stage = "asking" | "running" | "done" | "broken" | "stopped";

/** Asks before an action on many tasks, with their number; then shows how far it is. */
export function BulkDialog({
  request,
  onClose,
}: {
  request: BulkRequest;
  onClose: (acted: boolean) => void;
}) {
  const { action, target, about } = request;
  const { verb, done, look } = WORDS[action];
  const client = useQueryClient();
  const [stage, setStage] = useState<Stage>("asking");
  const [reason, setReason] = useState("");
  const [progress, setProgress] = useState<Progress>(NOTHING);
  const [error, setError] = useState<unknown>();
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);

  const counted = useQuery({
    queryKey: ["bulk-count", JSON.stringify(request)],
    queryFn: ({ signal }) => count(target, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const total = counted.data?.count;
  const size = counted.data
    ? `${counted.data.more ? "more than " : ""}${plural(counted.data.count, "task")}`
    : counted.isError
      ? "the tasks"
      : "…";

  const start = async () => {
    setStage("running");
    controller.current = new AbortController();
    const { signal } = controller.current;
    try {
      await run(action, target, reason, setProgress, signal);
      setStage(signal.aborted ? "stopped" : "done");
    } catch (failure) {
      setError(failure);
      setStage(signal.aborted ? "stopped" : "broken");
    }
    void client.invalidateQueries();
  };

  const close = () => {
    controller.current?.abort();
    onClose(stage !== "asking");
  };
  const asking = stage === "asking";
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title={asking ? `${verb} ${size}?` : `${verb} tasks`}
      description={asking ? <bdi>{about}</bdi> : undefined}
      footer={
        <>
          {stage === "running" ? (
            <Button onClick={() => controller.current?.abort()}>Stop here</Button>
          ) : (
            <Button onClick={close}>{asking ? "Back" : "Close"}</Button>
          )}
          {asking && (
            <Button look={look} disabled={counted.isPending || total === 0} onClick={() => void start()}>
              {verb} {size}
            </Button>
          )}
        </>
      }
    >
      {asking ? (
        <div className="space-y-3">
          {counted.isError && !toProblem(counted.error).unimplemented && <ErrorNote error={counted.error} />}
          {total === 0 && <Note title="No task meets this now" />}
          <Field label="Reason" hint="For the history of each task. May be left out.">
            {(control) => (
              <Input
                {...control}
                value={reason}
                maxLength={255}
                onChange={(event) => setReason(event.target.value)}
                onKeyDown={(event) => event.key === "Enter" && total !== 0 && void start()}
              />
            )}
          </Field>
        </div>
      ) : (
        <div className="space-y-3">
          <Bar part={total ? progress.looked / total : null} running={stage === "running"} />
          <p role="status">
            <strong className="font-semibold">{number(progress.changed)}</strong> {done}
            {progress.looked > progress.changed &&
              `, ${number(progress.looked - progress.changed)} left as they were`}
            {total !== undefined && stage === "running" && ` of ${number(total)}`}.
          </p>
          {stage === "stopped" && <Note title="Stopped">What was done stays done.</Note>}
          {stage === "broken" && <ErrorNote error={error} onRetry={() => void start()} />}
          {[...progress.errors].map(([text, times]) => (
            <Note key={text} tone="warning" title={`${text} (${plural(times, "task")})`} />
          ))}
        </div>
      )}
    </Dialog>
  );
}

function Bar({ part, running }: { part: number | null; running: boolean }) {
  const percent = running ? Math.min(100, Math.round((part ?? 0) * 100)) : 100;
  return (
    <div
      role="progressbar"
      aria-label="Progress"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      className="h-1.5 overflow-hidden rounded-full bg-line"
    >
      <div className="h-full bg-accent transition-[width]" style={{ width: `${percent}%` }} />
    </div>
  );
}
