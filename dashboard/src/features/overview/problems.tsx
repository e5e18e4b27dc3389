import { useQuery } from "@tanstack/react-query";
import { problemsQuery } from "@/api/stats";
import { Note } from "@/ui/note";
import { Skeleton } from "@/ui/skeleton";

/**
 * What is wrong now, the gravest first, each with what to do about it. All is well in the same two lines,
 * so that nothing below moves once it is known.
 */
export function Problems() {
  const problems = useQuery(problemsQuery());
  // Elsewhere on the page it says that the service cannot be asked.
  if (!problems.data) return problems.isError ? null : <Skeleton className="h-[3.9rem] w-full rounded-md" />;
  if (problems.data.length === 0) {
    return (
      <Note tone="good" title="All is well">
        Whatever waits has a worker; backlog, retries, late writes and lost workers are as usual.
      </Note>
    );
  }
  return (
    <section aria-label="Problems" className="space-y-2">
      {problems.data.map((each) => (
        <Note
          key={`${each.code} ${each.type} ${each.message}`}
          tone={each.critical ? "error" : "warning"}
          title={<bdi className="inline-block first-letter:uppercase">{marked(each.message)}</bdi>}
        >
          <span className="inline-block first-letter:uppercase">{marked(each.advice)}</span>
        </Note>
      ))}
    </section>
  );
}

/** What the service puts between backticks is set as code. */
function marked(text: string) {
  return text.split("`").map((part, n) => (n % 2 === 1 ? <code key={`${n} ${part}`}>{part}</code> : part));
}
