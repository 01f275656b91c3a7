// Korean for signing in, the overview and what stands around every page: all that a first visit loads.

import { cluster } from "./cluster";
import { fallback } from "./fallback";
import { frame, live, notFound, pages, signIn, stale } from "./frame";
import { jobColumns } from "./job-columns";
import { overview } from "./overview";
import { problem } from "./problem";
import { uploads } from "./uploads";
import { shares, waste } from "./waste";
import { common, kinds, resources, roles, schedulers, states, table } from "./words";

export const first = {
  common,
  frame,
  pages,
  roles,
  schedulers,
  live,
  stale,
  problem,
  notFound,
  table,
  signIn,
  states,
  resources,
  kinds,
  overview,
  uploads,
  waste,
  shares,
  cluster,
  jobColumns,
  fallback,
};
