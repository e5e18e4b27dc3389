import { QueryClient } from "@tanstack/react-query";
import { backoff, isAway, link } from "./connection";

/** What the pages have read. Kept on screen while the service is away, and read anew once it is back. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The service says what is wrong with a call at once; only silence is worth another try.
      retry: (count, error) => isAway(error) && count < 3,
      retryDelay: (count) => backoff(count + 1),
      networkMode: "always",
      staleTime: 2_000,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false, networkMode: "always" },
  },
});

let wasUp = true;
link.subscribe(() => {
  const { up } = link.get();
  if (up && !wasUp) void queries.invalidateQueries();
  wasUp = up;
});
