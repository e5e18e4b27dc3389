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
          title={<bdi>{each.message}</bdi>}
        >
          {each.advice}
        </Note>
      ))}
    </section>
  );
}
