import { createFileRoute } from "@tanstack/react-router";
import { CreatePage } from "@/features/create/create-page";
import { readCreateSearch } from "@/features/create/search";

export const Route = createFileRoute("/create")({ validateSearch: readCreateSearch, component: Create });

function Create() {
  return <CreatePage search={Route.useSearch()} />;
}
