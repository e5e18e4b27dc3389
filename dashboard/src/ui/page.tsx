import { type ReactNode, useEffect } from "react";
import { cx } from "./cx";

/** A page: its heading, what can be done there, and what it shows. */
export function Page(props: {
  title: ReactNode;
  /** For the browser's tab, where the title is not a plain text. */
  tab?: string;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  const { title, actions, children, className } = props;
  const tab = props.tab ?? (typeof title === "string" ? title : undefined);
  useEffect(() => {
    document.title = tab ? `${tab} · Task Service` : "Task Service";
  }, [tab]);
  return (
    <div className={cx("mx-auto w-full max-w-[130rem] px-4 py-4 sm:px-6 sm:py-5", className)}>
      <header className="mb-4 flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h1 className="min-w-0 text-lg font-semibold tracking-tight">{title}</h1>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page, with a heading of its own. */
export function Card(props: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  flush?: boolean;
}) {
  const { title, actions, children, className, flush } = props;
  return (
    <section className={cx("min-w-0 rounded-lg border border-line bg-panel", className)}>
      {(title || actions) && (
        <header className="flex min-h-10 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1">
          <h2 className="text-[0.93rem] font-semibold">{title}</h2>
          {actions && <div className="flex items-center gap-1">{actions}</div>}
        </header>
      )}
      <div className={flush ? undefined : "p-4"}>{children}</div>
    </section>
  );
}
