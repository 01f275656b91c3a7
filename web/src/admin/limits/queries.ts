// The limits in force.
import { queryOptions } from "@tanstack/react-query";
import { authorizedFetch } from "../../api/http";
import { problemOf } from "../../api/problem";

export interface Limit {
  class: "sign_in" | "submit" | "new_upload" | "node_action" | "reboot" | "scan" | "write" | "read";
  amount: number | null;
  period_seconds: number | null;
  burst: number | null;
  counted_by: "user" | "address_and_name";
  refused_last_hour: number;
}

export interface Limits {
  store: "process" | "redis";
  store_state: "up" | "down" | null;
  items: Limit[];
}

export const limitsQuery = queryOptions({
  queryKey: ["limits"],
  queryFn: async ({ signal }): Promise<Limits> => {
    const response = await authorizedFetch(new Request("/api/v1/limits", { signal }));
    if (!response.ok) throw await problemOf(response);
    return response.json();
  },
});
