// The permissions of one or several entries: who may do what, in words, bits and octal.
import { Button, Checkbox, Group, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import type { FileEntry } from "../../api/types";
import { useFormat } from "../../ui/format";
import { useProblemText } from "../../ui/problem-text";
import {
  bitOf,
  CLASSES,
  checkOf,
  DEEDS,
  granted,
  modeOf,
  modeText,
  NO_WISH,
  octalOf,
  SPECIAL,
  turned,
  type Wish,
} from "./mode";
import classes from "./permissions.module.css";
import { type Failure, isSettable, setPermissions } from "./set-permissions";
import { usePermissionWords } from "./words";

interface Props {
  space: string;
  entries: readonly FileEntry[];
  /** Of some of them, even where others could not be set. */
  onChanged(): Promise<void>;
  onClose(): void;
}

export function PermissionsDialog({ space, entries, onChanged, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [wish, setWish] = useState<Wish>(NO_WISH);
  // As they were when the dialog opened: a list that changes behind it must not change what was ticked.
  const [settable] = useState(() => entries.filter(isSettable));
  const left = entries.length - settable.length;
  const modes = settable.map(({ mode }) => modeOf(mode));
  const asked = modes.map((mode) => granted(mode, wish));
  const saving = useMutation({
    mutationFn: () => setPermissions(space, settable, wish),
    onSuccess: (failures) => {
      if (failures.length === 0) onClose();
    },
    onSettled: onChanged,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!saving.isPending && changes) saving.mutate();
  };
  const changes = asked.some((mode, at) => mode !== modes[at]);
  const [only, ...others] = entries;
  const title =
    only && others.length === 0
      ? t("permissions.titleOne", { name: only.name })
      : t("permissions.title", { count: entries.length, formatted: format.number(entries.length) });
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={submit} className={classes.form}>
        {settable.length > 0 && <Bits entries={settable} modes={modes} wish={wish} onChange={setWish} />}
        {settable.length > 0 && <Meaning entries={settable} modes={asked} />}
        {left > 0 && (
          <p className={classes.words}>
            {t("permissions.left", { count: left, formatted: format.number(left) })}
          </p>
        )}
        {saving.data && saving.data.length > 0 && <Failures failures={saving.data} of={settable.length} />}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            {saving.data ? t("common.close") : t("common.cancel")}
          </Button>
          <Button type="submit" loading={saving.isPending} disabled={!changes}>
            {t("permissions.set")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

interface BitsProps {
  entries: readonly FileEntry[];
  /** Theirs, in the same order. */
  modes: readonly number[];
  wish: Wish;
  onChange(wish: Wish): void;
}

function Bits({ entries, modes, wish, onChange }: BitsProps) {
  const { t } = useTranslation();
  const octal = useId();
  const asked = modes.map((mode) => granted(mode, wish));
  const [first = 0] = asked;
  const isSame = asked.every((mode) => mode === first);
  const kinds = new Set(entries.map(({ kind }) => kind));
  const execute =
    kinds.size > 1
      ? t("permissions.executeOrEnter")
      : kinds.has("directory")
        ? t("permissions.enter")
        : t("permissions.deeds.execute");
  const deedName = (deed: (typeof DEEDS)[number]) =>
    deed === "execute" ? execute : t(`permissions.deeds.${deed}`);
  return (
    <>
      <table className={classes.bits}>
        <thead>
          <tr>
            <td />
            {DEEDS.map((deed) => (
              <th key={deed} scope="col">
                {deedName(deed)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {CLASSES.map((who) => (
            <tr key={who}>
              <th scope="row">{t(`permissions.classes.${who}`)}</th>
              {DEEDS.map((deed) => {
                const check = checkOf(asked, bitOf(who, deed));
                return (
                  <td key={deed}>
                    <Checkbox
                      size="sm"
                      aria-label={`${t(`permissions.classes.${who}`)}: ${deedName(deed)}`}
                      checked={check === "on"}
                      indeterminate={check === "mixed"}
                      onChange={() => onChange(turned(modes, wish, bitOf(who, deed)))}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p className={classes.octal}>
        <span id={octal}>{t("permissions.octal")}</span>
        <output aria-labelledby={octal} className="qd-mono">
          {isSame ? `${octalOf(first)} ${modeText(first)}` : t("permissions.differ")}
        </output>
      </p>
    </>
  );
}

/** What it means, in sentences, and what one would rather not do. */
function Meaning({ entries, modes }: { entries: readonly FileEntry[]; modes: readonly number[] }) {
  const { t } = useTranslation();
  const words = usePermissionWords();
  const meanings = new Set(
    entries.map(({ kind }, at) => words.meaning(modes[at] ?? 0, kind === "directory")),
  );
  const [meaning, ...others] = meanings;
  const has = (bit: number) => modes.some((mode) => mode & bit);
  const isOwnerOut = modes.some((mode, at) => {
    const needed = entries[at]?.kind === "directory" ? 0o500 : 0o400;
    return (mode & needed) !== needed;
  });
  const warnings = [
    // In a sticky directory people delete and rename only what is their own.
    modes.some((mode) => mode & 0o002 && !(mode & SPECIAL.sticky)) && t("permissions.warnEverybody"),
    modes.some((mode) => mode & 0o002 && mode & SPECIAL.sticky) && t("permissions.warnSticky"),
    isOwnerOut && t("permissions.warnOwner"),
  ].filter((warning) => warning !== false);
  return (
    <>
      <div className={classes.words} role="status">
        {others.length === 0 ? meaning : t("permissions.mixed")}
        {others.length === 0 && modes.some((mode) => mode & 0o007) && ` ${t("permissions.above")}`}
      </div>
      {has(SPECIAL.setGroupId) && <p className={classes.words}>{t("permissions.setGroupId")}</p>}
      {has(SPECIAL.sticky) && <p className={classes.words}>{t("permissions.sticky")}</p>}
      {warnings.map((warning) => (
        <p key={warning} className={classes.warning} role="alert">
          {warning}
        </p>
      ))}
    </>
  );
}

function Failures({ failures, of }: { failures: readonly Failure[]; of: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const text = useProblemText();
  return (
    <div className={classes.failures} role="alert">
      <p>
        {t("permissions.failed", {
          count: failures.length,
          formatted: format.number(failures.length),
          of: format.number(of),
        })}
      </p>
      <ul>
        {failures.map(({ entry, error }) => (
          <li key={entry.path}>
            <strong>{entry.name}</strong>: {text(asProblem(error)).title}
          </li>
        ))}
      </ul>
    </div>
  );
}
