// The text of one file, written in and saved.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Confirm } from "../../ui/Confirm";
import { useFormat } from "../../ui/format";
import { LeaveUnsaved } from "../../ui/LeaveUnsaved";
import { ProblemNote } from "../../ui/states";
import { useSaveKeys } from "../../ui/use-save-keys";
import { NameDialog } from "../NameDialog";
import { joined, placeOf, typedName } from "../paths";
import { Conflict } from "./Conflict";
import { readingQuery } from "./document";
import type { Draft, DraftPlace } from "./drafts";
import classes from "./edit.module.css";
import { TextArea, type TextAreaHandle } from "./TextArea";
import type { TextFile } from "./text-file";
import { useDraft } from "./use-draft";
import { type Base, type Saving, useSaving } from "./use-saving";

interface Props {
  space: string;
  path: string;
  /** For display. */
  name: string;
  first: Base;
  /** Where what is typed is kept until it is saved. */
  place: DraftPlace;
  /** What was kept there, and is gone on with. */
  draft: Draft | null;
  /** Set where the file is no longer as the draft's was. */
  conflict?: Saving["conflict"];
}

type Question = "utf-8" | "name" | "drop";

export function Editing({ space, path, name, first, place, draft, conflict: found = null }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const hint = useId();
  const area = useRef<TextAreaHandle>(null);
  const saving = useSaving(space, path, first, found);
  const { base, conflict } = saving;
  const kept = useDraft(place, base, draft);
  const [dirty, setDirty] = useState(draft !== null);
  const [question, setQuestion] = useState<Question | null>(null);
  const mine = () => area.current?.text() ?? "";
  const isDirty = () => mine() !== base.text.text;
  // What was typed while it was being saved is not saved.
  useEffect(() => setDirty((area.current?.text() ?? "") !== base.text.text), [base]);
  // What led here is gone from the page, and the focus with it; a conflict takes it itself.
  const focusFirst = useEffectEvent(() => found || area.current?.focus());
  useEffect(() => void focusFirst(), []);
  const blocker = useBlocker({
    shouldBlockFn: isDirty,
    enableBeforeUnload: isDirty,
    withResolver: true,
  });

  /** Asked once before the file is no longer CP949, and not while it is being saved. */
  const save = () => {
    if (saving.isPending || conflict || question || blocker.status === "blocked" || !isDirty()) return;
    if (base.text.encoding === "cp949") setQuestion("utf-8");
    else void saving.save(mine()).catch(ignored);
  };
  useSaveKeys(save);
  const leave = (search: ReturnType<typeof placeOf>) =>
    navigate({ to: "/files/$space", params: { space }, search, ignoreBlocker: true });
  const drop = async () => {
    setQuestion(null);
    const theirs = saving.takeTheirs();
    if (theirs) {
      area.current?.replace(theirs.text);
      kept.typed(theirs.text);
      setDirty(false);
      area.current?.focus();
    } else {
      kept.discard();
      cache.removeQueries({ queryKey: readingQuery(space, path).queryKey });
      const { path: directory } = placeOf(path);
      await leave(conflict?.now ? placeOf(path) : directory ? { path: directory } : {});
    }
  };

  return (
    <div className={classes.editor}>
      <div className={classes.tools}>
        <Status dirty={dirty} savedAt={saving.savedAt} />
        <Button
          variant="default"
          renderRoot={(props) => (
            <Link to="/files/$space" params={{ space }} search={placeOf(path)} {...props} />
          )}
        >
          {t("fileEdit.done")}
        </Button>
        <Button loading={saving.isPending} disabled={!dirty || conflict !== null} onClick={save}>
          {t("common.save")}
        </Button>
      </div>
      {base.text.encoding === "cp949" && <p className={classes.note}>{t("fileEdit.cp949")}</p>}
      {conflict && (
        <Conflict
          // Of another state, nothing was said or compared yet.
          key={conflict.now?.etag ?? "gone"}
          name={name}
          now={conflict.now}
          mine={mine}
          busy={saving.isPending}
          error={saving.error}
          onSaveAnyway={() => void saving.saveAnyway(mine()).then(() => area.current?.focus(), ignored)}
          onSaveElsewhere={() => setQuestion("name")}
          onDrop={() => setQuestion("drop")}
        />
      )}
      {saving.error && !conflict ? <ProblemNote error={saving.error} /> : null}
      <TextArea
        ref={area}
        label={t("fileEdit.textOf", { name })}
        describedBy={hint}
        initial={draft?.text ?? first.text.text}
        onChange={(text) => {
          kept.typed(text);
          setDirty(text !== base.text.text);
        }}
      />
      <div className={classes.state}>
        <span>{base.text.encoding === "cp949" ? "CP949" : base.text.bom ? "UTF-8 (BOM)" : "UTF-8"}</span>
        <span>{useEndingName(base.text)}</span>
        <span id={hint}>{t("fileEdit.keys")}</span>
      </div>

      <Confirm
        opened={question === "utf-8"}
        title={t("fileEdit.toUtf8", { name })}
        deed={t("fileEdit.saveAsUtf8")}
        busy={false}
        error={null}
        onConfirm={() => {
          setQuestion(null);
          void saving.save(mine()).catch(ignored);
        }}
        onClose={() => setQuestion(null)}
      >
        {t("fileEdit.toUtf8Text")}
      </Confirm>
      <Confirm
        opened={question === "drop"}
        title={t("fileEdit.dropTitle")}
        deed={t("fileEdit.drop")}
        keep={t("fileEdit.goOn")}
        destructive
        busy={false}
        error={null}
        onConfirm={() => void drop()}
        onClose={() => setQuestion(null)}
      >
        {t("fileEdit.dropText")}
      </Confirm>
      <LeaveUnsaved name={name} blocker={blocker} onLeave={() => kept.discard()} />
      {question === "name" && (
        <NameDialog
          title={t("fileEdit.saveElsewhere")}
          deed={t("common.save")}
          initial={name}
          save={async (other) => {
            const to = joined(placeOf(path).path ?? "", typedName(other));
            await saving.saveElsewhere(mine(), to);
            kept.discard();
            await leave({ ...placeOf(to), edit: true });
          }}
          onClose={() => setQuestion(null)}
        />
      )}
    </div>
  );
}

function Status({ dirty, savedAt }: { dirty: boolean; savedAt: number | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const saved =
    savedAt === null
      ? ""
      : t("fileEdit.savedAt", { when: format.shortMoment(new Date(savedAt).toISOString()) });
  return (
    <span className={classes.status} role="status">
      {dirty ? t("fileEdit.unsaved") : saved}
    </span>
  );
}

function useEndingName({ endings }: TextFile): string {
  const { t } = useTranslation();
  if (typeof endings !== "string") return t("fileEdit.mixedEndings");
  return { "\n": "LF", "\r\n": "CRLF", "\r": "CR" }[endings];
}

/** The mutation keeps it, and the page shows it. */
function ignored(): void {}
