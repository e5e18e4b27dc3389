import type { ReactNode } from "react";
import { cx } from "./cx";

export interface FactColumn<T> {
  title: string;
  /** Numbers stand at the right. */
  right?: boolean;
  cell: (row: T) => ReactNode;
}

/** A plain table that scrolls within itself where it is wider than the page. */
export function FactsTable<T>(props: {
  label: string;
  rows: T[];
  rowKey: (row: T) => string;
  columns: FactColumn<T>[];
}) {
  const { label, rows, rowKey, columns } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section aria-label={label} tabIndex={0} className="overflow-x-auto">
      <table className="w-full text-left text-[0.93rem]">
        <thead className="text-[0.85rem] text-faint">
          <tr>
            {columns.map((column) => (
              <th
                key={column.title}
                scope="col"
                className={cx("px-4 py-2 font-medium whitespace-nowrap", column.right && "text-right")}
              >
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="border-t border-line">
              {columns.map((column) => (
                <td
                  key={column.title}
                  className={cx("px-4 py-2 align-top", column.right && "text-right tabular-nums")}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
