// One upload, of those that the page has anyway.
import { useQuery } from "@tanstack/react-query";
import { uploadsQuery } from "./queries";

/** One of the newest, as the server has it; `null`: there is nothing to ask for. */
export function useUploadOf(uploadId: string | null) {
  const { data } = useQuery({
    ...uploadsQuery,
    enabled: uploadId !== null,
    select: ({ items }) => items.find(({ id }) => id === uploadId),
  });
  return data;
}
