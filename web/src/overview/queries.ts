// Clusters and their figures.
import { api } from "../api/client";

export const clustersQuery = api.queryOptions("get", "/api/v1/clusters", {});

export const overviewQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/overview", { params: { path: { cluster } } });

/** For operators. */
export const troubleQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/trouble", { params: { path: { cluster } } });
