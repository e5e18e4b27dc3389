import { useQuery } from "@tanstack/react-query";
import { problemsQuery } from "@/api/stats";
import { Note } from "@/ui/note";

/** What is wrong now, the gravest first, each with what to do about it. */
export function Problems() {
  const problems = useQuery(problemsQuery());
  if (!problems.data?.length) return null;
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
