// Pages at their addresses, for tests.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { renderPart } from "./render";

const PATHS = ["/images", "/images/$image", "/templates/$template", "/template-shares/$share"] as const;
/** Where those pages lead to. */
const ELSEWHERE = ["/templates", "/template-shares", "/clusters/$cluster/new-job"] as const;

/** Shows the page of a route below the frame as the router does; what comes back says where the page has gone. */
export function showPage(
  path: (typeof PATHS)[number],
  page: () => ReactNode,
  at: string,
  language?: "en" | "ko",
) {
  const root = createRootRoute();
  const frame = createRoute({ getParentRoute: () => root, id: "frame" });
  const routes = [...PATHS, ...ELSEWHERE].map((other) =>
    createRoute({
      getParentRoute: () => frame,
      path: other,
      validateSearch: (search: Record<string, unknown>) => search,
      component: other === path ? page : () => null,
    }),
  );
  const router = createRouter({
    routeTree: root.addChildren([frame.addChildren(routes)]),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  renderPart(
    <QueryClientProvider client={cache}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
    language,
  );
  return { address: () => router.state.location.href };
}
