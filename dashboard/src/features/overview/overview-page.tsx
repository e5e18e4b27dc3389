import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { countsQuery } from "@/api/calls";
import { finished, mostFailing, oldest, slowest } from "@/api/rates";
import { errorsQuery, statsQuery, type WindowName, workersQuery } from "@/api/stats";
import { STATUSES } from "@/api/status";
import { Empty } from "@/ui/empty";
import { duration, number, percent, plural } from "@/ui/format";
import { ErrorNote } from "@/ui/note";
import { Card, Page } from "@/ui/page";
import { Rows, Skeleton } from "@/ui/skeleton";
import { STATUS_LOOK, StatusIcon } from "@/ui/status-pill";
import { useNow } from "@/ui/time";
import { WindowChoice } from "@/ui/window-choice";
import { Charts } from "./charts";
import { Problems } from "./problems";
import { ErrorTable, TypeTable } from "./tables";

export function OverviewPage({ window }: { window: WindowName }) {
  const stats = useQuery({ ...statsQuery(window), placeholderData: (before) => before });
  return (
    <Page title="Overview" actions={<WindowChoice value={window} />}>
      <div className="space-y-4">
        <Problems />
        <Counts />
        {stats.isError && !stats.data && (
          <ErrorNote error={stats.error} onRetry={() => void stats.refetch()} />
        )}
        <Charts stats={stats.data} />
        <div className="grid gap-4 lg:grid-cols-2">
          <Card title="Slowest types" flush>
            {stats.data ? (
              <TypeTable label="Slowest types" rows={slowest([...stats.data.types], 5)} />
            ) : (
              <Wait />
            )}
          </Card>
          <Card title="Most failing types" flush>
            {stats.data ? (
              <TypeTable label="Most failing types" rows={mostFailing([...stats.data.types], 5)} failing />
            ) : (
              <Wait />
            )}
          </Card>
          <Errors window={window} />
          <div className="grid content-start gap-4 sm:grid-cols-2">
            <Fleet />
            <Oldest types={stats.data?.types} />
          </div>
        </div>
        {stats.data && finished(stats.data.total) === 0 && stats.data.total.created === 0 && (
          <Card>
            <Empty
              title="Nothing happened in this time"
              command='task-cli task create "First task" --type simulate -p duration=2s'
            >
              Create a task here or from a terminal, and watch it on this page.
            </Empty>
          </Card>
        )}
      </div>
    </Page>
  );
}

function Wait() {
  return (
    <div className="p-4">
      <Rows count={3} />
    </div>
  );
}

function Counts() {
  const counts = useQuery({ ...countsQuery(), refetchInterval: 1_000 });
  return (
    <ul aria-label="Tasks by status" className="grid grid-cols-2 gap-2 sm:grid-cols-3 lg:grid-cols-6">
      {STATUSES.map((status) => (
        <li key={status}>
          <Link
            to="/tasks"
            search={{ status }}
            className="block rounded-lg border border-line bg-panel px-4 py-3 hover:border-line-strong"
          >
            <span className="flex items-center gap-1.5 text-[0.9rem] text-soft">
              <StatusIcon status={status} /> {STATUS_LOOK[status].label}
            </span>
            {counts.data ? (
              <span className="mt-1 block text-xl font-semibold tabular-nums">
                {number(counts.data[status])}
              </span>
            ) : (
              <Skeleton className="mt-2 h-6 w-16" />
            )}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Errors({ window }: { window: WindowName }) {
  const errors = useQuery(errorsQuery(window));
  return (
    <Card title="Errors" flush>
      {errors.data ? <ErrorTable rows={errors.data.slice(0, 6)} /> : <Wait />}
    </Card>
  );
}

function Fleet() {
  const workers = useQuery(workersQuery());
  const live = workers.data ?? [];
  const slots = live.reduce((sum, each) => sum + each.slots, 0);
  const busy = live.reduce((sum, each) => sum + each.busy, 0);
  return (
    <Card title="Workers">
      {workers.data ? (
        <p>
          <Link to="/workers" className="text-xl font-semibold tabular-nums hover:underline">
            {plural(live.length, "worker")}
          </Link>
          <span className="mt-1 block text-soft tabular-nums">
            {number(busy)} of {plural(slots, "slot")} busy{slots > 0 && `, ${percent(busy / slots)}`}
          </span>
        </p>
      ) : (
        <Skeleton className="h-6 w-24" />
      )}
    </Card>
  );
}

function Oldest({ types }: { types: Parameters<typeof oldest>[0] | undefined }) {
  const now = useNow();
  const first = types && oldest(types);
  return (
    <Card title="Longest in line">
      {!types && <Skeleton className="h-6 w-24" />}
      {types && !first && <p className="text-soft">No task waits to be started.</p>}
      {first?.oldestId && (
        <p>
          <Link
            to="/tasks/$id"
            params={{ id: first.oldestId }}
            className="text-xl font-semibold hover:underline"
          >
            Task {first.oldestId}
          </Link>
          <span className="foreign mt-1 block text-soft tabular-nums">
            {first.type}, for {duration(Math.max(0, now - first.oldestSince))}
          </span>
        </p>
      )}
    </Card>
  );
}
