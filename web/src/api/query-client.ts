// The one cache of everything that was asked of the server.
import { notifyManager, QueryClient } from "@tanstack/react-query";
import { Problem } from "./problem";

// What a click writes into the cache is shown before the browser paints: a task later, a checkbox would jump back first.
notifyManager.setScheduler(queueMicrotask);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // A refusal stays a refusal, and the last one for being asked too often has been waited for already; a server
      // that restarts is back soon.
      retry: (failures, error) => failures < 2 && !(error instanceof Problem && isRefusal(error.status)),
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500;
}
