import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type TypeInfo, typesQuery } from "@/api/calls";
import { failureShare, perSecond } from "@/api/rates";
import {
  type ErrorGroup,
  errorsQuery,
  statsQuery,
  type TypeStats,
  WINDOWS,
  type WindowName,
} from "@/api/stats";
import { buttonClass } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { duration, number, percent, plural, rate } from "@/ui/format";
import { ErrorNote } from "@/ui/note";
import { Card, Page } from "@/ui/page";
import { Rows, Skeleton } from "@/ui/skeleton";
import { Time } from "@/ui/time";
import { WindowChoice } from "@/ui/window-choice";

const span = (ms: number | null | undefined) => (ms === null || ms === undefined ? "–" : duration(ms));

export function TypesPage({ window }: { window: WindowName }) {
  const types = useQuery({ ...typesQuery(), refetchInterval: 5_000 });
  const stats = useQuery({ ...statsQuery(window), placeholderData: (before) => before });
  const errors = useQuery({ ...errorsQuery(window), placeholderData: (before) => before });
  return (
    <Page title="Types" actions={<WindowChoice value={window} />}>
      {types.isError && !types.data && <ErrorNote error={types.error} onRetry={() => void types.refetch()} />}
      {types.isPending && <Rows />}
      {types.data && stats.isError && !stats.data && (
        <ErrorNote className="mb-4" error={stats.error} onRetry={() => void stats.refetch()} />
      )}
      {types.data?.length === 0 && (
        <Card>
          <Empty title="No types yet" command="task-cli serve">
            A type names the plugin that runs a task. Workers bring them: start one.
          </Empty>
        </Card>
      )}
      <div className="grid gap-4 xl:grid-cols-2">
        {types.data?.map((type) => (
          <TypeCard
            key={type.name}
            type={type}
            window={window}
            known={stats.data !== undefined}
            stats={stats.data?.types.find((each) => each.type === type.name)}
            errors={errors.data?.filter((each) => each.type === type.name) ?? []}
          />
        ))}
      </div>
    </Page>
  );
}

function TypeCard(props: {
  type: TypeInfo;
  window: WindowName;
  /** Whether the statistics are there; of a type that did nothing there are none. */
  known: boolean;
  stats: TypeStats | undefined;
  errors: ErrorGroup[];
}) {
  const { type, window, known, stats, errors } = props;
  const share = stats && failureShare(stats);
  const facts: [string, string][] = [
    ["Waiting", number(stats?.waiting ?? 0)],
    ["Running", number(stats?.running ?? 0)],
    ["Ended", rate(perSecond((stats?.succeeded ?? 0) + (stats?.failed ?? 0), WINDOWS[window]))],
    ["Attempts failed", share === null || share === undefined ? "–" : percent(share)],
    ["Waited p50 / p99", `${span(stats?.waited.p50)} / ${span(stats?.waited.p99)}`],
    ["Ran p50 / p99", `${span(stats?.ran.p50)} / ${span(stats?.ran.p99)}`],
  ];
  return (
    <Card
      title={<bdi className="foreign">{type.name}</bdi>}
      actions={
        <>
          <Link to="/tasks" search={{ type: type.name }} className={buttonClass("quiet")}>
            Tasks
          </Link>
          <Link to="/create" search={{ type: type.name }} className={buttonClass("quiet")}>
            Create
          </Link>
        </>
      }
    >
      {type.description && <p className="foreign mb-3 text-soft">{type.description}</p>}
      <p className="mb-3 text-[0.9rem]">
        {type.workers ? (
          <span className="text-soft">
            {plural(type.workers, "worker")} with {plural(type.slots, "slot")}
          </span>
        ) : (
          <span className="font-medium text-failed">No worker runs it</span>
        )}
        <span className="text-faint">
          {" "}
          · {type.schema ? "parameters are described" : "parameters are not described"}
        </span>
      </p>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-3">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt className="text-[0.85rem] text-faint">{name}</dt>
            <dd className="tabular-nums">{known ? value : <Skeleton className="my-1 h-3.5 w-14" />}</dd>
          </div>
        ))}
      </dl>
      {errors.length > 0 && (
        <details className="mt-3">
          <summary className="cursor-pointer text-[0.93rem] font-medium">
            {plural(errors.length, "kind")} of error
          </summary>
          <ul className="mt-2 space-y-2">
            {errors.slice(0, 10).map((each) => (
              <li key={each.pattern} className="flex items-baseline gap-3">
                <span className="w-14 shrink-0 text-right tabular-nums">{number(each.count)}×</span>
                <bdi className="foreign min-w-0 flex-1 [overflow-wrap:anywhere]">{each.example}</bdi>
                <Link to="/tasks/$id" params={{ id: each.lastTask }} className="shrink-0 hover:underline">
                  <Time at={each.lastAt} />
                </Link>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}
