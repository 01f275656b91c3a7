import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { jobListsKey } from "../jobs/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { followJobs } from "./follow-jobs";

describe("a list of jobs that is on its way", () => {
  it("is asked for again, once, where something is told meanwhile: its answer may be older", async () => {
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
      queryKey: [...jobListsKey("slurm"), "all"],
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
  });
});
