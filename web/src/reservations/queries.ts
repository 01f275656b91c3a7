// Reservations.
import { api } from "../api/client";

export const reservationsQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/reservations", { params: { path: { cluster } } });
