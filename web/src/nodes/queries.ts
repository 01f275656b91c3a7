// Nodes and partitions.
import { api } from "../api/client";

export const nodesQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/nodes", { params: { path: { cluster } } });

export const nodeQuery = (cluster: string, node: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/nodes/{node}", { params: { path: { cluster, node } } });

export const partitionsQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/partitions", { params: { path: { cluster } } });
