import { useQuery } from "@tanstack/react-query";
import { type WorkerRow, workersQuery } from "@/api/stats";
import { Empty } from "@/ui/empty";
import { FactsTable } from "@/ui/facts-table";
import { duration, number, plural } from "@/ui/format";
import { ErrorNote } from "@/ui/note";
import { Card, Page } from "@/ui/page";
import { Rows } from "@/ui/skeleton";
import { Time, useNow } from "@/ui/time";
import { Sparkline } from "./sparkline";

export function WorkersPage() {
  const workers = useQuery(workersQuery());
  const now = useNow();
  return (
    <Page title="Workers" actions={workers.data && <Total workers={workers.data} />}>
      {workers.isError && !workers.data && (
        <ErrorNote error={workers.error} onRetry={() => void workers.refetch()} />
      )}
      {workers.isPending && <Rows />}
      {workers.data?.length === 0 && (
        <Card>
          <Empty title="No worker is running" command="task-cli serve">
            Tasks wait until a worker runs their type. Start one; it is here as soon as it has registered.
          </Empty>
        </Card>
      )}
      {workers.data && workers.data.length > 0 && (
        <Card flush>
          <FactsTable
            label="Workers"
            rows={workers.data}
            rowKey={(row) => row.id}
            columns={[
              {
                title: "Worker",
                cell: (row) => (
                  <>
                    <bdi className="foreign font-medium">{row.name}</bdi>
                    <span className="foreign block text-[0.85rem] text-faint">
                      {row.host || "unknown host"} · version {row.version} · id {row.id}
                    </span>
                  </>
                ),
              },
              {
                title: "Busy",
                right: true,
                cell: (row) => (
                  <span className="whitespace-nowrap">
                    {number(row.busy)} / {number(row.slots)}
                  </span>
                ),
              },
              {
                title: "Last hour",
                cell: (row) => <Sparkline load={row.load} slots={row.slots} now={now} />,
              },
              {
                title: "Heartbeat",
                right: true,
                cell: (row) => (
                  <span className="whitespace-nowrap">{duration(Math.max(0, now - row.seenAt))} ago</span>
                ),
              },
              { title: "State", cell: (row) => (row.draining ? "Draining" : "Active") },
              {
                title: "Lost in 24 h",
                right: true,
                cell: (row) =>
                  row.losses > 0 ? (
                    <span className="font-medium text-failed">{number(row.losses)}</span>
                  ) : (
                    <span className="text-faint">0</span>
                  ),
              },
              { title: "Types", cell: (row) => <span className="foreign">{row.types.join(", ")}</span> },
              {
                title: "Queues",
                cell: (row) => (
                  <span className="foreign">{row.queues.length ? row.queues.join(", ") : "all"}</span>
                ),
              },
              { title: "Started", right: true, cell: (row) => <Time at={row.startedAt} /> },
            ]}
          />
        </Card>
      )}
    </Page>
  );
}

function Total({ workers }: { workers: WorkerRow[] }) {
  const slots = workers.reduce((sum, each) => sum + each.slots, 0);
  return (
    <span className="text-soft tabular-nums">
      {plural(workers.length, "worker")}, {plural(slots, "slot")}
    </span>
  );
}
