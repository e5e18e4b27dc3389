import { createRouter } from "@tanstack/react-router";
import { PageError, PageMissing } from "@/features/shell/page-error";
import { parseSearch, stringifySearch } from "@/features/shell/search";
import { routeTree } from "@/routes.gen";
import { PageSkeleton } from "@/ui/skeleton";

export const router = createRouter({
  routeTree,
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingComponent: PageSkeleton,
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: PageMissing,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  interface HistoryState {
    /** Tokens of the pages before this one, for going back. */
    before?: string[];
    /** What the service said when the task that is shown was created. */
    warnings?: string[];
  }
}
