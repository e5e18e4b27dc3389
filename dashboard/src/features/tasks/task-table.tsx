import { Link } from "@tanstack/react-router";
import { memo, useCallback, useSyncExternalStore } from "react";
import { cx } from "@/ui/cx";
import { COLUMNS, type Column, chosenColumns, StatusCell } from "./columns";
import type { LiveRows } from "./live-rows";

export interface Marks {
  selected: ReadonlySet<string>;
  /** Every task that matches is selected, shown or not. */
  all: boolean;
  active: string | null;
}

interface Props {
  live: LiveRows;
  marks: Marks;
  onToggle: (id: string, range: boolean) => void;
  onTogglePage: () => void;
  onActive: (id: string | null) => void;
  /** Whether what is shown is that of another filter, until the new one is there. */
  stale: boolean;
}

/** The id of a row's element, for moving the focus there. */
export const rowElement = (id: string) => `task-${id}`;

export function TaskTable({ live, marks, onToggle, onTogglePage, onActive, stale }: Props) {
  const ids = useSyncExternalStore(live.subscribe, live.ids);
  const chosen = chosenColumns.use();
  const columns = COLUMNS.filter((column) => chosen.includes(column.id));
  const count = ids.filter((id) => marks.all || marks.selected.has(id)).length;
  return (
    <table className={cx("w-full border-collapse", stale && "opacity-60")} aria-busy={stale}>
      <caption className="sr-only">Tasks, newest first</caption>
      <thead>
        <tr className="border-b border-line text-left text-[0.85rem] text-faint">
          <th scope="col" className="w-9 py-2 pl-3">
            <input
              type="checkbox"
              aria-label="Select every task on this page"
              className="block size-4"
              checked={count > 0 && count === ids.length}
              ref={(box) => {
                if (box) box.indeterminate = count > 0 && count < ids.length;
              }}
              onChange={onTogglePage}
            />
          </th>
          <th scope="col" className="w-28 px-2 py-2 font-medium">
            Status
          </th>
          <th scope="col" className="px-2 py-2 font-medium">
            Name
          </th>
          {columns.map(({ id, label, className }) => (
            <th key={id} scope="col" className={cx("px-2 py-2 font-medium last:pr-4", className)}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {ids.map((id, index) => (
          <Line
            key={id}
            id={id}
            live={live}
            columns={chosen.join()}
            selected={marks.all || marks.selected.has(id)}
            // One row can be reached by Tab; j and k go on from there.
            reachable={
              marks.active === id || (index === 0 && (marks.active === null || !live.row(marks.active)))
            }
            onToggle={onToggle}
            onActive={onActive}
          />
        ))}
      </tbody>
    </table>
  );
}

interface LineProps {
  id: string;
  live: LiveRows;
  /** Joined, so that an equal choice is equal to `memo`. */
  columns: string;
  selected: boolean;
  reachable: boolean;
  onToggle: Props["onToggle"];
  onActive: Props["onActive"];
}

/** One task. Drawn again only where it changed itself. */
const Line = memo(function Line({ id, live, columns, selected, reachable, onToggle, onActive }: LineProps) {
  const subscribe = useCallback((tell: () => void) => live.subscribeRow(id, tell), [live, id]);
  const row = useSyncExternalStore(subscribe, () => live.row(id));
  if (!row) return null;
  const chosen = columns.split(",");
  const shown = COLUMNS.filter((column: Column) => chosen.includes(column.id));
  return (
    <tr
      id={rowElement(id)}
      tabIndex={reachable ? 0 : -1}
      aria-selected={selected}
      onFocus={() => onActive(id)}
      className={cx(
        "border-b border-line/70 last:border-0 hover:bg-hover focus-visible:-outline-offset-2",
        selected && "bg-accent-soft hover:bg-accent-soft",
      )}
    >
      <td className="py-1.5 pl-3">
        <input
          type="checkbox"
          aria-label={`Select task ${id}`}
          className="block size-4"
          checked={selected}
          onClick={(event) => onToggle(id, event.shiftKey)}
          readOnly
        />
      </td>
      <td className="px-2 py-1.5">
        <StatusCell row={row} />
      </td>
      <td className="w-full max-w-0 px-2 py-1.5">
        <Link
          to="/tasks/$id"
          params={{ id }}
          preload={false}
          className="block font-medium hover:underline"
          title={row.name}
        >
          <bdi className="block truncate text-left">{row.name}</bdi>
        </Link>
      </td>
      {shown.map(({ id, className, cell }) => (
        <td key={id} className={cx("px-2 py-1.5 last:pr-4", className)}>
          {cell(row)}
        </td>
      ))}
    </tr>
  );
});
