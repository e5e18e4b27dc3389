import { Link } from "@tanstack/react-router";
import { WINDOWS, type WindowName } from "@/api/stats";
import { cx } from "./cx";

/** How far back a page looks; lives in the address. */
export function WindowChoice({ value }: { value: WindowName }) {
  return (
    <nav aria-label="Time shown" className="flex rounded-md border border-line bg-panel p-0.5">
      {(Object.keys(WINDOWS) as WindowName[]).map((each) => (
        <Link
          key={each}
          to="."
          search={{ window: each }}
          replace
          aria-current={each === value ? "true" : undefined}
          className={cx(
            "rounded px-2.5 py-0.5 text-[0.9rem] tabular-nums",
            each === value ? "bg-accent-soft font-medium text-accent" : "text-soft hover:bg-hover",
          )}
        >
          {each}
        </Link>
      ))}
    </nav>
  );
}
