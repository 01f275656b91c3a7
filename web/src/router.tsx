// Every page of Quarterdeck and its URL. What a page shows is in its URL, so that it can be sent to a colleague.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { noticesQuery } from "./account/notices";
import { auditFromSearch } from "./admin/audit/filter";
import { userFilterFromSearch } from "./admin/users/filter";
import { queryClient } from "./api/query-client";
import { session } from "./auth/session";
import { placeFromSearch } from "./files/place";
import { currentCluster } from "./frame/current-cluster";
import { NoCluster, NotFound, PageProblem } from "./frame/page-states";
import { loadRest } from "./i18n/i18n";
import { type DirectorySearch, directoryFromSearch } from "./jobs/directory";
import { filterFromSearch } from "./jobs/filter";
import { newJobFromSearch } from "./jobs/new/search";
import { type SweepSearch, sweepFromSearch } from "./jobs/sweep/search";
import { nodeFilterFromSearch } from "./nodes/filter";
import { clustersQuery } from "./overview/queries";
import { partitionsFromSearch } from "./partitions/search";
import { calendarFromSearch } from "./reservations/calendar";
import { templateFromSearch } from "./templates/search";
import { rangeFromSearch } from "./use/range";

const root = createRootRoute({
  component: Outlet,
  errorComponent: PageProblem,
  notFoundComponent: NotFound,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { return?: string } =>
    isOwnPath(search.return) ? { return: search.return } : {},
  component: lazyRouteComponent(() => import("./auth/SignInPage"), "SignInPage"),
});

const NOTICES_MS = 400;

/** Everything below is for people who are signed in. */
const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  beforeLoad: async ({ location }) => {
    const state = await session.start();
    if (state.status === "signed-in") return;
    // Who signed out herself is not coming back to where she was.
    const left = state.status === "signed-out" && state.why === "left";
    throw redirect({ to: "/sign-in", search: left ? {} : { return: location.href } });
  },
  // Beside the page's own code and data, so that a notice is there with the page and does not push it down later; but no
  // page waits long for it.
  loader: () => Promise.race([queryClient.prefetchQuery(noticesQuery), passed(NOTICES_MS)]),
  component: lazyRouteComponent(() => import("./frame/Frame"), "Frame"),
});

const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  beforeLoad: async () => {
    const { items } = await queryClient.ensureQueryData(clustersQuery);
    const cluster = currentCluster(items.map((item) => item.name));
    if (cluster) throw redirect({ to: "/clusters/$cluster", params: { cluster }, replace: true });
  },
  component: NoCluster,
});

const overview = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster",
  component: lazyRouteComponent(() => import("./overview/OverviewPage"), "OverviewPage"),
});

const jobs = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/jobs",
  validateSearch: filterFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./jobs/JobsPage")),
    "JobsPage",
  ),
});

export const JOB_TABS = ["output", "steps", "script", "files"] as const;
export type JobTab = (typeof JOB_TABS)[number];

const job = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/jobs/$job",
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: JobTab; stream?: "stderr" } & DirectorySearch & SweepSearch => ({
    ...directoryFromSearch(search),
    ...sweepFromSearch(search),
    ...(JOB_TABS.includes(search.tab as JobTab) ? { tab: search.tab as JobTab } : {}),
    ...(search.stream === "stderr" ? { stream: "stderr" } : {}),
  }),
  component: lazyRouteComponent(
    withRest(() => import("./jobs/JobPage")),
    "JobPage",
  ),
});

const newJob = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/new-job",
  validateSearch: newJobFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./jobs/new/NewJobPage")),
    "NewJobPage",
  ),
});

const nodes = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/nodes",
  validateSearch: nodeFilterFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./nodes/NodesPage")),
    "NodesPage",
  ),
});

const node = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/nodes/$node",
  component: lazyRouteComponent(
    withRest(() => import("./nodes/NodePage")),
    "NodePage",
  ),
});

const partitions = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/partitions",
  validateSearch: partitionsFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./partitions/PartitionsPage")),
    "PartitionsPage",
  ),
});

const reservations = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/reservations",
  validateSearch: calendarFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./reservations/ReservationsPage")),
    "ReservationsPage",
  ),
});

const use = createRoute({
  getParentRoute: () => frame,
  path: "/clusters/$cluster/use",
  validateSearch: rangeFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./use/UsePage")),
    "UsePage",
  ),
});

const templates = createRoute({
  getParentRoute: () => frame,
  path: "/templates",
  validateSearch: textSearch("q", "category", "shelf"),
  component: lazyRouteComponent(
    withRest(() => import("./templates/TemplatesPage")),
    "TemplatesPage",
  ),
});

const template = createRoute({
  getParentRoute: () => frame,
  path: "/templates/$template",
  validateSearch: templateFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./templates/TemplatePage")),
    "TemplatePage",
  ),
});

const templateShares = createRoute({
  getParentRoute: () => frame,
  path: "/template-shares",
  validateSearch: textSearch("state"),
  component: lazyRouteComponent(
    withRest(() => import("./templates/share/SharesPage")),
    "SharesPage",
  ),
});

const templateShare = createRoute({
  getParentRoute: () => frame,
  path: "/template-shares/$share",
  component: lazyRouteComponent(
    withRest(() => import("./templates/share/SharePage")),
    "SharePage",
  ),
});

const images = createRoute({
  getParentRoute: () => frame,
  path: "/images",
  validateSearch: textSearch("q", "kind", "state"),
  component: lazyRouteComponent(
    withRest(() => import("./images/ImagesPage")),
    "ImagesPage",
  ),
});

const image = createRoute({
  getParentRoute: () => frame,
  path: "/images/$image",
  component: lazyRouteComponent(
    withRest(() => import("./images/ImagePage")),
    "ImagePage",
  ),
});

const uploads = createRoute({
  getParentRoute: () => frame,
  path: "/uploads",
  component: lazyRouteComponent(
    withRest(() => import("./uploads/UploadsPage")),
    "UploadsPage",
  ),
});

const files = createRoute({
  getParentRoute: () => frame,
  path: "/files/$space",
  validateSearch: placeFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./files/FilesPage")),
    "FilesPage",
  ),
});

const ownFiles = createRoute({
  getParentRoute: () => frame,
  path: "/files",
  beforeLoad: () => {
    throw redirect({ to: "/files/$space", params: { space: "home" }, replace: true });
  },
});

const notifications = createRoute({
  getParentRoute: () => frame,
  path: "/notifications",
  validateSearch: (search: Record<string, unknown>): { unread?: true } =>
    search.unread === true ? { unread: true } : {},
  component: lazyRouteComponent(
    withRest(() => import("./notifications/NotificationsPage")),
    "NotificationsPage",
  ),
});

export const ACCOUNT_TABS = ["sessions", "notifications", "keys", "password"] as const;
export type AccountTab = (typeof ACCOUNT_TABS)[number];

const account = createRoute({
  getParentRoute: () => frame,
  path: "/account",
  validateSearch: (search: Record<string, unknown>): { tab?: AccountTab } =>
    ACCOUNT_TABS.includes(search.tab as AccountTab) ? { tab: search.tab as AccountTab } : {},
  component: lazyRouteComponent(
    withRest(() => import("./account/AccountPage")),
    "AccountPage",
  ),
});

const users = createRoute({
  getParentRoute: () => frame,
  path: "/admin/users",
  validateSearch: userFilterFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./admin/users/UsersPage")),
    "UsersPage",
  ),
});

const user = createRoute({
  getParentRoute: () => frame,
  path: "/admin/users/$user",
  component: lazyRouteComponent(
    withRest(() => import("./admin/users/UserPage")),
    "UserPage",
  ),
});

const audit = createRoute({
  getParentRoute: () => frame,
  path: "/admin/audit",
  validateSearch: auditFromSearch,
  component: lazyRouteComponent(
    withRest(() => import("./admin/audit/AuditPage")),
    "AuditPage",
  ),
});

const limits = createRoute({
  getParentRoute: () => frame,
  path: "/admin/limits",
  component: lazyRouteComponent(
    withRest(() => import("./admin/limits/LimitsPage")),
    "LimitsPage",
  ),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    frame.addChildren([
      home,
      overview,
      jobs,
      job,
      newJob,
      nodes,
      node,
      partitions,
      reservations,
      use,
      templates,
      template,
      templateShares,
      templateShare,
      images,
      image,
      uploads,
      files,
      ownFiles,
      notifications,
      account,
      users,
      user,
      audit,
      limits,
    ]),
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: PageProblem,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** A page beside the texts and styles that a first visit does without; they come in their order, so that pages override. */
function withRest<Module>(load: () => Promise<Module>): () => Promise<Module> {
  return async () => {
    const rest = [import("./ui/mantine-styles-rest"), loadRest()];
    const [module] = await Promise.all([load(), ...rest]);
    return module;
  };
}

function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A search of optional texts; the router reads `?q=12` as a number. */
function textSearch<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): { [N in Name]?: string } => {
    const texts: { [N in Name]?: string } = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === "number" || (typeof value === "string" && value !== ""))
        texts[name] = String(value);
    }
    return texts;
  };
}

/** A path of this page, and no other host's (`//host`, `/\host`). */
function isOwnPath(value: unknown): value is string {
  return typeof value === "string" && /^\/(?![/\\])/.test(value);
}
