// A draft that is found when its file is opened: what it is, and the choice that comes before writing.
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Confirm } from "../../ui/Confirm";
import { Differences } from "../../ui/Differences";
import { useFormat } from "../../ui/format";
import type { Reading } from "./document";
import type { Draft } from "./drafts";
import classes from "./edit.module.css";

interface Props {
  name: string;
  draft: Draft;
  /** As the file is now; `null`: it is gone. */
  now: Reading | null;
  onTake(): void;
  onDiscard(): void;
}

export function DraftOffer({ name, draft, now, onTake, onDiscard }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const head = useRef<HTMLHeadingElement>(null);
  const [asks, setAsks] = useState(false);
  useEffect(() => head.current?.focus(), []);
  const since = !now
    ? t("fileEdit.draft.gone")
    : now.etag === draft.etag
      ? t("fileEdit.draft.same")
      : t("fileEdit.draft.changed", { when: format.moment(now.entry.modified_at) });
  return (
    <div className={classes.editor}>
      <section className={classes.conflict} aria-label={t("fileEdit.draft.name")}>
        <h2 ref={head} tabIndex={-1}>
          {t("fileEdit.draft.found", { name, when: format.moment(new Date(draft.at).toISOString()) })}
        </h2>
        <p className={classes.words}>
          {t("fileEdit.draft.unsaved")} {since}
        </p>
        <div className={classes.choices}>
          <Button onClick={onTake}>{t("fileEdit.draft.take")}</Button>
          <Button variant="default" onClick={() => setAsks(true)}>
            {t("fileEdit.draft.discard")}
          </Button>
        </div>
        {now?.text && (
          <Differences
            label={t("fileEdit.differences")}
            before={{ name: t("fileEdit.onDisk"), text: now.text.text }}
            after={{ name: t("fileEdit.mine"), text: draft.text }}
          />
        )}
      </section>
      <Confirm
        opened={asks}
        title={t("fileEdit.draft.discardTitle")}
        deed={t("fileEdit.draft.discard")}
        keep={t("fileEdit.draft.keep")}
        destructive
        busy={false}
        error={null}
        onConfirm={onDiscard}
        onClose={() => setAsks(false)}
      >
        {t("fileEdit.draft.discardText")}
      </Confirm>
    </div>
  );
}
