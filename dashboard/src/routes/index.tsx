import { createFileRoute } from "@tanstack/react-router";
import { readWindow, type WindowName } from "@/api/stats";
import { OverviewPage } from "@/features/overview/overview-page";

export const Route = createFileRoute("/")({
  validateSearch: (raw: Record<string, unknown>): { window?: WindowName } =>
    raw.window === undefined ? {} : { window: readWindow(raw.window) },
  component: Overview,
});

function Overview() {
  return <OverviewPage window={Route.useSearch().window ?? "1h"} />;
}
