// What the server makes of the form while it is filled in: the script, and what is wrong.
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { client } from "../../api/client";
import { asProblem, type FieldProblem } from "../../api/problem";
import type { NewJob } from "../../api/types";
import { useDebounced } from "../../ui/use-debounced";

const PREVIEW_AFTER_MS = 400;

export function usePreview(cluster: string, submission: NewJob, empty: boolean) {
  const settled = useDebounced(submission, PREVIEW_AFTER_MS);
  return useQuery({
    queryKey: ["preview", cluster, settled],
    queryFn: async ({ signal }) => {
      const { data } = await client.POST("/api/v1/clusters/{cluster}/jobs/preview", {
        params: { path: { cluster } },
        body: settled,
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    enabled: !empty,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 60_000,
  });
}

type Asked = Pick<UseQueryResult<unknown, unknown>, "error" | "isSuccess" | "isPlaceholderData">;

/** What is wrong with what is typed, as the server last said: what is full of marks must not flicker with each letter. */
export function useFaults(asked: Asked): FieldProblem[] {
  const [faults, setFaults] = useState<FieldProblem[]>([]);
  const { error, isSuccess, isPlaceholderData } = asked;
  useEffect(() => {
    if (error) setFaults(asProblem(error).errors);
    else if (isSuccess && !isPlaceholderData) setFaults([]);
  }, [error, isSuccess, isPlaceholderData]);
  return faults;
}

/** The last value there was for this key: a script that is out of date is more to look at than none. */
export function useLast<Value>(value: Value | undefined, key: string): Value | undefined {
  const [last, setLast] = useState<{ key: string; value: Value }>();
  useEffect(() => {
    if (value !== undefined) setLast({ key, value });
  }, [value, key]);
  return last?.key === key ? last.value : undefined;
}
