// Images for tests, and their pages at their addresses.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Image, ImageDetail, ImageLocation } from "../api/types";
import { renderPart } from "./render";

export function image(id: string, change: Partial<Image> = {}): Image {
  return {
    id,
    identity: { kind: "header", value: `uuid-of-${id}` },
    name: id,
    path: `/images/${id}.sif`,
    cluster: "slurm",
    host: "n1",
    hosts: 1,
    drifts: false,
    kind: "compute",
    size: 1024,
    format: "sif",
    created_at: null,
    version: null,
    architecture: null,
    apps: [],
    labels: {},
    signed: false,
    encrypted: false,
    modified_at: "2026-11-03T02:00:00Z",
    problem: null,
    state: "active",
    gone_at: null,
    ...change,
  };
}

export function imageLocation(host: string, change: Partial<ImageLocation> = {}): ImageLocation {
  return {
    cluster: "slurm",
    host,
    path: "/images/demo.sif",
    source: "node",
    size: 1024,
    modified_at: "2026-11-03T02:00:00Z",
    state: "active",
    first_seen_at: "2026-11-04T02:00:00Z",
    last_seen_at: "2026-11-05T02:00:00Z",
    gone_at: null,
    ...change,
  };
}

export function imageDetail(id: string, change: Partial<ImageDetail> = {}): ImageDetail {
  return { ...image(id), inspect: null, help: null, definition: null, locations: [], ...change };
}

/** Shows the page of a route below the frame as the router does; what comes back says where the page has gone. */
export function showPage(
  path: "/images" | "/images/$image",
  page: () => ReactNode,
  at: string,
  language?: "en" | "ko",
) {
  const root = createRootRoute();
  const frame = createRoute({ getParentRoute: () => root, id: "frame" });
  const routes = ["/images", "/images/$image", "/clusters/$cluster/new-job"].map((other) =>
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
