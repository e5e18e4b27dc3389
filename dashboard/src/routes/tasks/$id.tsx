import { createFileRoute } from "@tanstack/react-router";
import { TaskPage } from "@/features/task/task-page";

export const Route = createFileRoute("/tasks/$id")({ component: Task });

function Task() {
  return <TaskPage id={Route.useParams().id} />;
}
