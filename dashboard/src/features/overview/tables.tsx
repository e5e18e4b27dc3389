import { Link } from "@tanstack/react-router";
import { failureShare } from "@/api/rates";
import type { ErrorGroup, TypeStats } from "@/api/stats";
import { FactsTable } from "@/ui/facts-table";
import { duration, number, percent } from "@/ui/format";
import { Time } from "@/ui/time";

const span = (ms: number | null) => (ms === null ? "–" : duration(ms));

export function TypeTable(props: { label: string; rows: TypeStats[]; failing?: boolean }) {
  const { label, rows, failing } = props;
  if (rows.length === 0) {
    return <p className="p-4 text-soft">{failing ? "No attempt failed." : "Nothing has run."}</p>;
  }
  return (
    <FactsTable
      label={label}
      rows={rows}
      rowKey={(row) => row.type}
      columns={[
        {
          title: "Type",
          cell: (row) => (
            <Link
              to="/tasks"
              search={{ type: row.type, ...(failing ? { status: "failed,retrying" } : {}) }}
              className="foreign hover:underline"
            >
              {row.type}
            </Link>
          ),
        },
        ...(failing
          ? [
              { title: "Failed", right: true, cell: (row: TypeStats) => number(row.failed) },
              { title: "Retried", right: true, cell: (row: TypeStats) => number(row.retrying) },
              {
                title: "Of attempts",
                right: true,
                cell: (row: TypeStats) => percent(failureShare(row) ?? 0),
              },
            ]
          : [
              { title: "p50", right: true, cell: (row: TypeStats) => span(row.ran.p50) },
              { title: "p95", right: true, cell: (row: TypeStats) => span(row.ran.p95) },
              { title: "Succeeded", right: true, cell: (row: TypeStats) => number(row.succeeded) },
            ]),
      ]}
    />
  );
}

export function ErrorTable({ rows }: { rows: ErrorGroup[] }) {
  if (rows.length === 0) {
    return <p className="p-4 text-soft">None. New ones are shown after about a minute.</p>;
  }
  return (
    <FactsTable
      label="Errors"
      rows={rows}
      rowKey={(row) => `${row.type} ${row.pattern}`}
      columns={[
        {
          title: "Error",
          cell: (row) => (
            <>
              <bdi className="foreign line-clamp-2" title={row.example}>
                {row.example}
              </bdi>
              <span className="foreign text-[0.85rem] text-faint">{row.type}</span>
            </>
          ),
        },
        { title: "Count", right: true, cell: (row) => number(row.count) },
        {
          title: "Newest",
          right: true,
          cell: (row) => (
            <Link to="/tasks/$id" params={{ id: row.lastTask }} className="hover:underline">
              <Time at={row.lastAt} />
            </Link>
          ),
        },
      ]}
    />
  );
}
