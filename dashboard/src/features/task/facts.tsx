import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { hasEnded } from "@/api/status";
import type { TaskFull } from "@/api/view";
import { CopyButton } from "@/ui/copy";
import { absolute, duration, relative } from "@/ui/format";
import { useNow } from "@/ui/time";

const LINK = "underline decoration-line-strong/60 underline-offset-2 hover:decoration-current";

/** What is known of a task, beside what went in and came out. */
export function Facts({ task }: { task: TaskFull }) {
  const labels = Object.entries(task.labels);
  return (
    <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      <Fact label="ID">
        <span className="flex items-center gap-1">
          {task.id} <CopyButton text={task.id} label="Copy ID" />
        </span>
      </Fact>
      <Fact label="Type">
        <Link to="/tasks" search={{ type: task.type }} className={LINK}>
          <bdi>{task.type}</bdi>
        </Link>
      </Fact>
      <Fact label="Queue">
        <Link to="/tasks" search={{ queue: task.queue }} className={LINK}>
          <bdi>{task.queue}</bdi>
        </Link>
      </Fact>
      <Fact label="Priority">{task.priority}</Fact>
      <Fact label="Attempt">
        {task.attempt} of {task.retries + 1}
      </Fact>
      {task.workerName && (
        <Fact label="Worker">
          <bdi>{task.workerName}</bdi>
        </Fact>
      )}
      <Moment label="Created" at={task.createdAt} />
      {task.runAt && !hasEnded(task.status) && <Moment label="Starts" at={task.runAt} />}
      <Moment label="Changed" at={task.updatedAt} />
      <Fact label="Timeout">{task.timeout === null ? "The worker's" : duration(task.timeout)}</Fact>
      <Fact label="Backoff">
        {task.initialBackoff === null && task.maxBackoff === null
          ? "The worker's"
          : `${task.initialBackoff === null ? "1.0 s" : duration(task.initialBackoff)} up to ${
              task.maxBackoff === null ? "the usual" : duration(task.maxBackoff)
            }`}
      </Fact>
      {task.idempotencyKey && (
        <Fact label="Key">
          <bdi>{task.idempotencyKey}</bdi>
        </Fact>
      )}
      {labels.length > 0 && (
        <Fact label="Labels">
          <ul className="flex flex-wrap gap-1">
            {labels.map(([name, value]) => (
              <li key={name} className="foreign rounded border border-line px-1.5 text-[0.9rem]">
                <bdi className="text-faint">{name}</bdi> <bdi>{value}</bdi>
              </li>
            ))}
          </ul>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-faint">{label}</dt>
      <dd className="foreign min-w-0">{children}</dd>
    </>
  );
}

function Moment({ label, at }: { label: string; at: number }) {
  const now = useNow();
  return (
    <Fact label={label}>
      <time dateTime={new Date(at).toISOString()}>
        {absolute(at)} <span className="text-faint">{relative(at, now)}</span>
      </time>
    </Fact>
  );
}
