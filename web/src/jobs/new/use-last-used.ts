// What a new job from a template begins with: the account and the partition used last, while they are still there.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { accountsQuery } from "../../accounts/queries";
import { useUser } from "../../auth/use-session";
import { partitionsQuery } from "../../nodes/queries";
import type { JobForm } from "./form";
import { type LastUsed, lastUsedOf, useOwnJobs } from "./own-jobs";

const NOTHING: LastUsed = {};

/** An own script, and a job submitted again, say themselves what they need. */
export function useLastUsed(cluster: string, form: JobForm): LastUsed {
  const jobs = useOwnJobs(cluster);
  const accounts = useOwnAccounts(cluster);
  const { data: partitions } = useQuery(partitionsQuery(cluster));
  const used = useMemo(
    () =>
      lastUsedOf(
        jobs,
        accounts.map(({ account }) => account),
        partitions?.items.map(({ name }) => name) ?? [],
      ),
    [jobs, accounts, partitions],
  );
  return form.mode === "template" && !form.again ? used : NOTHING;
}

/** Operators are shown everybody's. */
export function useOwnAccounts(cluster: string) {
  const { data } = useQuery(accountsQuery(cluster));
  const own = useUser()?.unix_user;
  return useMemo(() => data?.items.filter(({ user }) => user === own) ?? [], [data, own]);
}
