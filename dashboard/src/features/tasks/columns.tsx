import type { ReactNode } from "react";
import type { TaskRow } from "@/api/view";
import { number } from "@/ui/format";
import { StatusPill } from "@/ui/status-pill";
import { stored } from "@/ui/stored";
import { Time } from "@/ui/time";

export interface Column {
  id: string;
  label: string;
  cell: (row: TaskRow) => ReactNode;
  /** For head and cell; narrow screens leave out what has `hidden` here. */
  className?: string;
  /** Shown until its user chooses otherwise. */
  usual?: boolean;
}

/** What a row can show beside its status and its name, which always stand. */
export const COLUMNS: readonly Column[] = [
  { id: "id", label: "ID", cell: (row) => row.id, className: "hidden sm:table-cell text-faint", usual: true },
  {
    id: "type",
    label: "Type",
    cell: (row) => <bdi className="block truncate">{row.type}</bdi>,
    className: "hidden md:table-cell max-w-44",
    usual: true,
  },
  {
    id: "attempt",
    label: "Attempt",
    cell: (row) => `${row.attempt} of ${row.retries + 1}`,
    className: "hidden lg:table-cell text-right whitespace-nowrap",
    usual: true,
  },
  {
    id: "priority",
    label: "Priority",
    cell: (row) => number(row.priority),
    className: "hidden lg:table-cell text-right",
  },
  {
    id: "queue",
    label: "Queue",
    cell: (row) => <bdi className="block truncate">{row.queue}</bdi>,
    className: "hidden lg:table-cell max-w-36",
    usual: true,
  },
  {
    id: "created",
    label: "Created",
    cell: (row) => <Time at={row.createdAt} />,
    className: "text-right text-soft",
    usual: true,
  },
  {
    id: "updated",
    label: "Changed",
    cell: (row) => <Time at={row.updatedAt} />,
    className: "hidden xl:table-cell text-right text-soft",
    usual: true,
  },
  {
    id: "runAt",
    label: "Starts",
    cell: (row) => <Time at={row.runAt} />,
    className: "hidden xl:table-cell text-right text-soft",
  },
  {
    id: "worker",
    label: "Worker",
    cell: (row) => row.workerId ?? "–",
    className: "hidden xl:table-cell text-right text-faint",
  },
];

export const StatusCell = ({ row }: { row: TaskRow }) => <StatusPill status={row.status} />;

const USUAL = COLUMNS.filter((column) => column.usual).map((column) => column.id);

/** The columns that this browser's user wants to see. */
export const chosenColumns = stored<readonly string[]>(
  "columns",
  (text) =>
    text === null ? USUAL : text.split(",").filter((id) => COLUMNS.some((column) => column.id === id)),
  (ids) => ids.join(","),
);
