import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { jobListsKey, jobQuery } from "../jobs/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { followJobs } from "./follow-jobs";

describe("what is on its way", () => {
  it.each([
    ["a list of jobs", [...jobListsKey("slurm"), "all"]],
    ["a job", jobQuery("slurm", "1").queryKey],
  ])(
    "%s is asked for again, once, where something is told meanwhile: the answer may be older",
    async (_, queryKey) => {
      const cache = new QueryClient();
      let tell: (message: ChannelMessage) => void = () => undefined;
      const connection = {
        subscribe: (_: string, { onMessage }: { onMessage: typeof tell }) => {
          tell = onMessage;
          return () => undefined;
        },
      } as unknown as LiveConnection;
      followJobs(connection, cache, "slurm");
      const answers: ((items: object) => void)[] = [];
      const observer = new QueryObserver(cache, {
        queryKey,
        queryFn: () => new Promise<object>((answer) => answers.push(answer)),
      });
      const stop = observer.subscribe(() => undefined);
      await vi.waitFor(() => expect(answers).toHaveLength(1));
      const delta = {
        channel: "jobs:slurm",
        type: "delta",
        upsert: [],
        remove: ["x"],
      } as unknown as ChannelMessage;
      tell(delta);
      tell(delta);
      answers[0]?.({ pages: [], items: [] });
      await vi.waitFor(() => expect(answers).toHaveLength(2));
      answers[1]?.({ pages: [], items: [] });
      await vi.waitFor(() => expect(observer.getCurrentResult().fetchStatus).toBe("idle"));
      tell(delta);
      await new Promise((later) => setTimeout(later, 20));
      expect(answers).toHaveLength(2);
      stop();
    },
  );
});
