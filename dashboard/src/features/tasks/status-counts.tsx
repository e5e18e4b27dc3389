import { useQuery } from "@tanstack/react-query";
import { List } from "lucide-react";
import type { MouseEvent, ReactNode } from "react";
import { countsQuery } from "@/api/calls";
import { STATUSES, type Status } from "@/api/status";
import { cx } from "@/ui/cx";
import { number } from "@/ui/format";
import { STATUS_LOOK, StatusIcon } from "@/ui/status-pill";

/** How many tasks stand where; a click shows those, with a modifier key those too. */
export function StatusCounts(props: {
  types: string[];
  chosen: Status[];
  onChoose: (statuses: Status[]) => void;
}) {
  const { types, chosen, onChoose } = props;
  const { data: counts } = useQuery(countsQuery(types));
  const choose = (status: Status) => (event: MouseEvent) => {
    const others = chosen.filter((other) => other !== status);
    const was = others.length < chosen.length;
    if (event.metaKey || event.ctrlKey || event.shiftKey) onChoose(was ? others : [...chosen, status]);
    else onChoose(was && others.length === 0 ? [] : [status]);
  };
  const total = counts && STATUSES.reduce((sum, status) => sum + counts[status], 0);
  return (
    <section aria-label="Status" className="-mx-4 overflow-x-auto px-4 lg:mx-0 lg:overflow-visible lg:px-0">
      <div className="flex w-max gap-1 lg:sticky lg:top-5 lg:w-auto lg:flex-col lg:gap-0.5">
        <Choice pressed={chosen.length === 0} onClick={() => onChoose([])} label="All" count={total}>
          <List aria-hidden className="size-4 text-faint" />
        </Choice>
        {STATUSES.map((status) => (
          <Choice
            key={status}
            pressed={chosen.includes(status)}
            onClick={choose(status)}
            label={STATUS_LOOK[status].label}
            count={counts?.[status]}
          >
            <StatusIcon status={status} />
          </Choice>
        ))}
      </div>
    </section>
  );
}

function Choice(props: {
  pressed: boolean;
  onClick: (event: MouseEvent) => void;
  label: string;
  count: number | undefined;
  children: ReactNode;
}) {
  const { pressed, onClick, label, count, children } = props;
  return (
    <button
      type="button"
      aria-pressed={pressed}
      onClick={onClick}
      title="Hold Ctrl or Shift to show several"
      className={cx(
        "flex h-8 items-center gap-2 rounded-md px-2.5 text-left whitespace-nowrap",
        pressed ? "bg-accent-soft font-medium text-text" : "text-soft hover:bg-hover hover:text-text",
      )}
    >
      {children}
      <span className="lg:flex-1">{label}</span>
      <span className={cx("text-[0.85rem]", pressed ? "text-text" : "text-faint")}>
        {count === undefined ? "–" : number(count)}
      </span>
    </button>
  );
}
