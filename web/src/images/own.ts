// A person's own images, which nobody else sees: they are looked for while a page shows images.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { client } from "../api/client";
import { useCanHaveOwn } from "../auth/use-session";
import { catalogueChanged } from "./queries";

/** Whoever goes from page to page has them looked for once. */
const OFTEN = 60_000;

/** What the last look came to; undefined while it is not known, or where a person has no files here. */
export function useOwnImages() {
  const cache = useQueryClient();
  const canHaveOwn = useCanHaveOwn();
  const { data } = useQuery({
    queryKey: ["own-images"],
    queryFn: async () => {
      const { data: looked } = await client.POST("/api/v1/images/own/scan");
      if (looked && looked.images_read + looked.images_removed > 0) catalogueChanged(cache);
      return looked ?? null;
    },
    enabled: canHaveOwn,
    staleTime: OFTEN,
    retry: false,
  });
  return data ?? undefined;
}
