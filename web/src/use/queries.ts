// Use over time, which grows by a point each minute. Its key has no times in it: what is shown of a range goes on while
// the new points are on their way.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../api/client";
import type { UseOverTime } from "../api/types";
import { beginOf, type Range } from "./range";

export const overTimeKey = (cluster: string) => ["use", cluster] as const;

export const overTimeQuery = (cluster: string, range: Range, partition?: string) =>
  queryOptions({
    queryKey: [...overTimeKey(cluster), range, partition ?? null] as const,
    queryFn: async ({ signal }): Promise<UseOverTime> => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/use", {
        params: {
          path: { cluster },
          query: { since: beginOf(range, Date.now()), ...(partition ? { partition } : {}) },
        },
        signal,
      });
      return data as UseOverTime;
    },
  });
