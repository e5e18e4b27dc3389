import { createFileRoute } from "@tanstack/react-router";
import { readSearch } from "@/features/tasks/filter";
import { TasksPage } from "@/features/tasks/tasks-page";

export const Route = createFileRoute("/tasks/")({ validateSearch: readSearch, component: Tasks });

function Tasks() {
  // Read once more: the router keeps what was dropped, since another route might know it.
  const search = Route.useSearch({ select: readSearch, structuralSharing: true });
  return <TasksPage search={search} />;
}
