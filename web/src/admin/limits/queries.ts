// The limits in force.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";

export const limitsQuery = queryOptions({
  queryKey: ["limits"],
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/limits", { signal });
    return data as NonNullable<typeof data>;
  },
});
