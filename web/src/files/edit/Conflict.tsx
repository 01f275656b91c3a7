// Somebody else changed the file meanwhile: what became of it, and what can be done with both texts.
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Differences } from "../../ui/Differences";
import { useFormat } from "../../ui/format";
import { ProblemNote } from "../../ui/states";
import type { Reading } from "./document";
import classes from "./edit.module.css";

interface Props {
  name: string;
  /** As the file is now; `null`: it is gone. */
  now: Reading | null;
  /** The text as it is in the editor at this moment. */
  mine(): string;
  busy: boolean;
  error: unknown;
  onSaveAnyway(): void;
  onSaveElsewhere(): void;
  onDrop(): void;
}

export function Conflict({ name, now, mine, busy, error, ...choices }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const head = useRef<HTMLHeadingElement>(null);
  const [compared, setCompared] = useState<string | null>(null);
  useEffect(() => head.current?.focus(), []);
  return (
    <section className={classes.conflict} aria-label={t("fileEdit.conflict")}>
      <h2 ref={head} tabIndex={-1}>
        {now ? t("fileEdit.changed", { name }) : t("fileEdit.gone", { name })}
      </h2>
      <p className={classes.words}>
        {now &&
          t("fileEdit.changedWhen", {
            when: format.moment(now.entry.modified_at),
            size: format.bytes(now.entry.size),
          })}{" "}
        {t("fileEdit.kept")}
      </p>
      {error ? <ProblemNote error={error} /> : null}
      <div className={classes.choices}>
        {now?.text && (
          <Button variant="default" onClick={() => setCompared(compared === null ? mine() : null)}>
            {compared === null ? t("fileEdit.compare") : t("fileEdit.compareNot")}
          </Button>
        )}
        <Button variant="default" loading={busy} onClick={choices.onSaveAnyway}>
          {now ? t("fileEdit.saveAnyway") : t("fileEdit.saveAgain")}
        </Button>
        <Button variant="default" onClick={choices.onSaveElsewhere}>
          {t("fileEdit.saveElsewhere")}
        </Button>
        <Button variant="default" onClick={choices.onDrop}>
          {t("fileEdit.drop")}
        </Button>
      </div>
      {now?.text && compared !== null && (
        <Differences
          label={t("fileEdit.differences")}
          before={{ name: t("fileEdit.onDisk"), text: now.text.text }}
          after={{ name: t("fileEdit.mine"), text: compared }}
        />
      )}
    </section>
  );
}
