// What the site's support needs to know of a job: read and mended first, then saved and sent.
import { Anchor, Button, Checkbox, Group, Modal, Stack, Textarea } from "@mantine/core";
import { IconDownload, IconExternalLink, IconMail } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { JobDetail, JobHelp } from "../../api/types";
import { useFormat } from "../../ui/format";
import { saveAs } from "../../ui/save";
import { LoadingRows, ProblemNote } from "../../ui/states";
import classes from "./help.module.css";
import { fileNameOf, mailTo } from "./mail";

interface Props {
  cluster: string;
  job: JobDetail;
  onClose(): void;
}

export function HelpDialog({ cluster, job, onClose }: Props) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ["help", cluster, job.id],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/help", {
        params: { path: { cluster, job: job.id } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    // What was mended must not be laid over by a newer reading.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t("efficiency.help.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {!data && !error && <LoadingRows rows={10} />}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data && <Review help={data} job={job} />}
    </Modal>
  );
}

function Review({ help, job }: { help: JobHelp; job: JobDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [text, setText] = useState(help.text);
  const [question, setQuestion] = useState("");
  const [checked, setChecked] = useState(false);
  const file = fileNameOf(job);
  const save = () => {
    const asked = question.trim() ? `${question.trim()}\n\n` : "";
    saveAs(new Blob([`${asked}${text}`], { type: "text/markdown;charset=utf-8" }), file);
  };
  const body = [question.trim(), t("efficiency.help.attached", { file }), window.location.href]
    .filter(Boolean)
    .join("\n\n");
  return (
    <Stack gap="sm">
      <p className={classes.words}>{t("efficiency.help.review")}</p>
      {help.redacted > 0 && (
        <p className={classes.redacted} role="note">
          {t("efficiency.help.redacted", {
            count: help.redacted,
            formatted: format.number(help.redacted),
          })}
        </p>
      )}
      <Textarea
        label={t("efficiency.help.question")}
        description={t("efficiency.help.questionHint")}
        autosize
        minRows={2}
        maxRows={6}
        value={question}
        onChange={(event) => setQuestion(event.currentTarget.value)}
      />
      <Textarea
        label={t("efficiency.help.text")}
        rows={14}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--qd-mono)", fontSize: "0.75rem", lineHeight: 1.5 } }}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChecked(false);
        }}
      />
      <Checkbox
        label={t("efficiency.help.checked")}
        checked={checked}
        onChange={(event) => setChecked(event.currentTarget.checked)}
      />
      <p className={`${classes.words} qd-dim`}>
        {help.email || help.url ? t("efficiency.help.mailHint") : t("efficiency.help.nobody")}
      </p>
      <Group gap="xs">
        <Button leftSection={<IconDownload size={15} />} disabled={!checked} onClick={save}>
          {t("efficiency.help.save")}
        </Button>
        {help.email && (
          <Button
            variant="default"
            leftSection={<IconMail size={15} />}
            disabled={!checked}
            {...(checked ? { component: "a" as const, href: mailTo(help.email, help.subject, body) } : {})}
          >
            {t("efficiency.help.mail")}
          </Button>
        )}
        {help.url && (
          <Anchor href={help.url} target="_blank" rel="noreferrer noopener" size="sm">
            {t("efficiency.help.page")} <IconExternalLink size={13} aria-hidden />
          </Anchor>
        )}
      </Group>
    </Stack>
  );
}
