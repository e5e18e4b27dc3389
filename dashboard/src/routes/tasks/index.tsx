import { createFileRoute } from "@tanstack/react-router";
import { readSearch } from "@/features/tasks/filter";
import { TasksPage } from "@/features/tasks/tasks-page";

export const Route = createFileRoute("/tasks/")({ validateSearch: readSearch, component: Tasks });

function Tasks() {
  return <TasksPage search={Route.useSearch()} />;
}
