import { Link } from "@tanstack/react-router";
import { buttonClass } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { ErrorNote } from "@/ui/note";
import { Page } from "@/ui/page";

/** In place of a page that broke. */
export function PageError({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <Page title="This page broke" tab="Error">
      <ErrorNote error={error} onRetry={reset ?? (() => window.location.reload())} />
    </Page>
  );
}

export function PageMissing() {
  return (
    <Page title="Not here" tab="Not found">
      <Empty
        title="There is no page at this address"
        action={
          <Link to="/tasks" className={buttonClass("primary")}>
            To the tasks
          </Link>
        }
      />
    </Page>
  );
}
