// Does the same with the selected tasks of an array, and says what became of each that refused.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import { Problem } from "../../api/problem";
import type { Job } from "../../api/types";
import { Confirm } from "../../ui/Confirm";
import { useFormat } from "../../ui/format";
import { useProblemText } from "../../ui/problem-text";
import { ProblemNote } from "../../ui/states";
import classes from "./array.module.css";

const ACTIONS = ["cancel", "requeue", "hold", "release"] as const;
type Action = (typeof ACTIONS)[number];

/** The server takes so many at a time. */
const AT_ONCE = 500;

interface Props {
  cluster: string;
  number: string;
  chosen: Job[];
}

export function PartActions({ cluster, number, chosen }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const problemText = useProblemText();
  const [asking, setAsking] = useState<"cancel" | "requeue" | null>(null);
  const act = useMutation({
    mutationFn: async (action: Action) => {
      const results = [];
      for (let at = 0; at < chosen.length; at += AT_ONCE) {
        const some = chosen.slice(at, at + AT_ONCE);
        const { data } = await client.POST("/api/v1/clusters/{cluster}/jobs/actions", {
          params: { path: { cluster } },
          body: { action, jobs: some.map((part) => part.id) },
        });
        const items = data?.items ?? [];
        results.push(...items.map((result, index) => ({ ...result, number: some[index]?.job_id })));
      }
      return results;
    },
    onSettled: () => setAsking(null),
  });
  const count = { count: chosen.length, formatted: format.number(chosen.length) };
  const refused = (act.data ?? []).filter((result) => !result.ok);
  const done = (act.data ?? []).length - refused.length;
  return (
    <>
      {chosen.length > 0 && <span className="qd-dim">{t("array.selected", count)}</span>}
      {ACTIONS.map((action) => (
        <Button
          key={action}
          size="xs"
          variant="default"
          disabled={chosen.length === 0}
          loading={act.isPending && act.variables === action}
          onClick={() =>
            action === "cancel" || action === "requeue" ? setAsking(action) : act.mutate(action)
          }
        >
          {t(`jobs.actions.${action}`)}
        </Button>
      ))}
      <div role="status" className={classes.results}>
        {done > 0 && t("array.done", { count: done, formatted: format.number(done) })}
        {refused.length > 0 && (
          <>
            <p>{t("array.refused", { count: refused.length, formatted: format.number(refused.length) })}</p>
            <ul>
              {refused.map(({ job, number: id, problem }) => (
                <li key={job}>
                  {id ?? job}: {problem && problemText(new Problem(problem)).title}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      {act.error && <ProblemNote error={act.error} />}
      <Confirm
        opened={asking !== null}
        title={t("array.confirmTitle")}
        deed={t(`jobs.confirm.${asking ?? "cancel"}.deed`)}
        destructive
        busy={act.isPending}
        error={null}
        onConfirm={() => asking && act.mutate(asking)}
        onClose={() => setAsking(null)}
      >
        <p style={{ marginTop: 0 }}>{t("array.confirm", { ...count, id: number })}</p>
      </Confirm>
    </>
  );
}
