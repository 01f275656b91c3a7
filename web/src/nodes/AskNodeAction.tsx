// Asks before nodes are drained, taken back or rebooted, and tells what became of each.
import { Button, Checkbox, Group, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import { Problem } from "../api/problem";
import type { NodeAction, NodeResult } from "../api/types";
import { holdWhileComposing } from "../ui/composition";
import { useFieldErrors } from "../ui/field-errors";
import { useFormat } from "../ui/format";
import { useProblemText } from "../ui/problem-text";
import { ProblemNote } from "../ui/states";
import classes from "./nodes.module.css";
import { nodeQuery, nodesQuery } from "./queries";

interface Props {
  cluster: string;
  nodes: string[];
  action: NodeAction;
  onClose(): void;
  /** All of them were done. */
  onDone?(): void;
}

export function AskNodeAction({ cluster, nodes, action, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const cache = useQueryClient();
  const [reason, setReason] = useState("");
  const [asap, setAsap] = useState(false);
  const [reasonMissing, setReasonMissing] = useState(false);
  const act = useMutation({
    mutationFn: async () => {
      const body = { action, nodes, asap, reason: action === "resume" ? null : reason.trim() || null };
      const { data } = await client.POST("/api/v1/clusters/{cluster}/nodes/actions", {
        params: { path: { cluster } },
        body,
      });
      return data?.items ?? [];
    },
    onSuccess: (results) => {
      if (!results.every(({ ok }) => ok)) return;
      onDone?.();
      onClose();
    },
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: nodesQuery(cluster).queryKey });
      for (const node of nodes) void cache.invalidateQueries({ queryKey: nodeQuery(cluster, node).queryKey });
    },
  });
  const errors = useFieldErrors(act.error, ["/reason"]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const missing = action === "drain" && reason.trim() === "";
    setReasonMissing(missing);
    if (!missing) act.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`nodes.ask.${action}.title`, {
        count: nodes.length,
        formatted: format.number(nodes.length),
        node: nodes[0],
      })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {act.data ? (
        <Results results={act.data} onClose={onClose} />
      ) : (
        <form onSubmit={submit} onKeyDown={holdWhileComposing} noValidate>
          <p style={{ marginTop: 0 }}>{t(`nodes.ask.${action}.text`)}</p>
          <p className={classes.names}>{nodes.join(", ")}</p>
          {action !== "resume" && (
            <TextInput
              label={t("nodes.reason")}
              description={t("nodes.reasonHelp")}
              required={action === "drain"}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              error={reasonMissing ? t("nodes.reasonMissing") : errors.at("/reason")}
              data-autofocus
            />
          )}
          {action === "reboot" && (
            <Checkbox
              mt="sm"
              label={t("nodes.asap")}
              checked={asap}
              onChange={(event) => setAsap(event.currentTarget.checked)}
            />
          )}
          {errors.rest ? <ProblemNote error={errors.rest} /> : null}
          <Group justify="flex-end" mt="md" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.keep")}
            </Button>
            <Button type="submit" color={action === "reboot" ? "red" : undefined} loading={act.isPending}>
              {t(`nodes.actions.${action}`)}
            </Button>
          </Group>
        </form>
      )}
    </Modal>
  );
}

function Results({ results, onClose }: { results: NodeResult[]; onClose(): void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const text = useProblemText();
  const failed = results.filter(({ ok }) => !ok);
  const done = results.length - failed.length;
  const why = ({ problem }: NodeResult) =>
    problem
      ? text(
          new Problem({
            status: problem.status,
            code: problem.code,
            detail: problem.detail ?? problem.title,
            params: problem.params as Record<string, unknown>,
          }),
        ).title
      : "";
  return (
    <div role="status">
      {done > 0 && (
        <p style={{ marginTop: 0 }}>{t("nodes.done", { count: done, formatted: format.number(done) })}</p>
      )}
      <p>{t("nodes.failed", { count: failed.length, formatted: format.number(failed.length) })}</p>
      <ul className={classes.results}>
        {failed.map((result) => (
          <li key={result.node}>
            <strong>{result.node}</strong>: {why(result)}
          </li>
        ))}
      </ul>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("common.close")}
        </Button>
      </Group>
    </div>
  );
}
