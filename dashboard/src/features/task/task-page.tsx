import { Code, ConnectError } from "@connectrpc/connect";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Action, allows } from "@/api/status";
import type { TaskFull } from "@/api/view";
import { useKeys } from "@/features/shell/keys";
import { Button, buttonClass } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { duration } from "@/ui/format";
import { JsonCard } from "@/ui/json-view";
import { ErrorNote, Note } from "@/ui/note";
import { Card, Page } from "@/ui/page";
import { Rows } from "@/ui/skeleton";
import { StatusPill } from "@/ui/status-pill";
import { useNow } from "@/ui/time";
import { ActionDialog } from "./action-dialog";
import { Attempts } from "./attempts";
import { Facts } from "./facts";
import { History } from "./history";
import { StateMachine } from "./state-machine";
import { useLiveTask } from "./use-live-task";

/** Largest id there can be. */
const LARGEST = 2n ** 63n - 1n;

export function TaskPage({ id }: { id: string }) {
  const sound = /^[1-9]\d{0,18}$/.test(id) && BigInt(id) <= LARGEST;
  // Another task is another page: nothing of the one before may stay.
  return sound ? <Loaded key={id} id={id} /> : <Missing id={id} />;
}

function Missing({ id }: { id: string }) {
  return (
    <Page title={<>No task {id.slice(0, 40)}</>} tab="No such task">
      <Empty
        title="There is no task with this id"
        action={
          <Link to="/tasks" className={buttonClass("primary")}>
            To the tasks
          </Link>
        }
      >
        It may have been removed, or the address may be cut.
      </Empty>
    </Page>
  );
}

function Loaded({ id }: { id: string }) {
  const { task, history } = useLiveTask(id);
  if (!task.data) {
    if (task.isError && ConnectError.from(task.error).code === Code.NotFound) return <Missing id={id} />;
    return (
      <Page title={`Task ${id}`}>
        {task.isError ? (
          <ErrorNote error={task.error} onRetry={() => void task.refetch()} />
        ) : (
          <div role="status" aria-label="Loading">
            <Rows count={12} />
          </div>
        )}
      </Page>
    );
  }
  return <Detail task={task.data} history={history} error={task.isError ? task.error : null} />;
}

function Detail(props: {
  task: TaskFull;
  history: ReturnType<typeof useLiveTask>["history"];
  error: unknown;
}) {
  const { task, history, error } = props;
  const { id, status } = task;
  const navigate = useNavigate();
  const warnings = useLocation({ select: ({ state }) => state.warnings }) ?? [];
  const [action, setAction] = useState<Action | null>(null);
  const may = (action: Action) => allows(status, action);
  useKeys("Task", [
    { keys: "X", help: "Cancel the task", run: () => may("cancel") && setAction("cancel") },
    { keys: "R", help: "Retry the task", run: () => may("retry") && setAction("retry") },
    {
      keys: "y",
      help: "Create another like this",
      run: () => void navigate({ to: "/create", search: { from: id } }),
    },
    { keys: "Escape", help: "Back", run: () => window.history.back() },
  ]);
  const changes = history.data;
  return (
    <Page
      tab={`${task.name.slice(0, 60)} (${id})`}
      title={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <bdi className="line-clamp-2 [overflow-wrap:anywhere]">{task.name}</bdi>
          <span role="status">
            <StatusPill status={status} />
          </span>
          <Waits task={task} />
        </span>
      }
      actions={
        <>
          <Link to="/create" search={{ from: id }} className={buttonClass()}>
            Create another like this
          </Link>
          {may("retry") && (
            <Button look="primary" onClick={() => setAction("retry")}>
              Retry…
            </Button>
          )}
          {may("cancel") && (
            <Button look="danger" onClick={() => setAction("cancel")}>
              Cancel…
            </Button>
          )}
        </>
      }
    >
      {error !== null && <ErrorNote error={error} className="mb-4" />}
      {/* They are about what keeps it from starting: once it has left its place in line, they are past. */}
      {status === "pending" &&
        warnings.map((warning) => (
          <Note key={warning} tone="warning" title={<bdi>{warning}</bdi>} className="mb-4" />
        ))}
      <div className="grid gap-4 xl:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="min-w-0 space-y-4">
          <Card title="Attempts">
            {changes ? (
              <Attempts changes={changes} />
            ) : history.isError ? (
              <ErrorNote error={history.error} onRetry={() => void history.refetch()} />
            ) : (
              <Rows count={4} />
            )}
          </Card>
          <Card title="State machine">
            {changes ? <StateMachine changes={changes} /> : <Rows count={6} />}
          </Card>
          <div className="grid gap-4 lg:grid-cols-2">
            <JsonCard title="Payload" text={task.payload} empty="No parameters." />
            <JsonCard
              title="Result"
              text={task.result}
              empty={
                status === "succeeded"
                  ? "It returned nothing."
                  : "None yet: a task that succeeds may leave one."
              }
            />
          </div>
          <Card title="History" flush>
            {changes ? <History changes={changes} /> : <Rows />}
          </Card>
        </div>
        <aside aria-label="Facts" className="min-w-0">
          <Card title="About" className="xl:sticky xl:top-5">
            <Facts task={task} />
          </Card>
        </aside>
      </div>
      {action && <ActionDialog id={id} action={action} onClose={() => setAction(null)} />}
    </Page>
  );
}

/** Why it does not run, where it waits for a time. */
function Waits({ task }: { task: TaskFull }) {
  const now = useNow();
  if (!task.runAt || (task.status !== "pending" && task.status !== "retrying")) return null;
  const left = task.runAt - now;
  if (left <= 0) return null;
  return <span className="text-[0.93rem] font-normal text-soft">starts in {duration(left)}</span>;
}
