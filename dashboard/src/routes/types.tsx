import { createFileRoute } from "@tanstack/react-router";
import { readWindow, type WindowName } from "@/api/stats";
import { TypesPage } from "@/features/types/types-page";

export const Route = createFileRoute("/types")({
  validateSearch: (raw: Record<string, unknown>): { window?: WindowName } =>
    raw.window === undefined ? {} : { window: readWindow(raw.window) },
  component: Types,
});

function Types() {
  return <TypesPage window={Route.useSearch().window ?? "1h"} />;
}
