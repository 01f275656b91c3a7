// The permissions of one or several entries: who may do what, in words, bits and octal.
import { Button, Group, Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import type { FileEntry } from "../../api/types";
import { useFormat } from "../../ui/format";
import { useProblemText } from "../../ui/problem-text";
import { ProblemNote } from "../../ui/states";
import { AccessLists } from "./AccessLists";
import { aclQuery, isSameRights, type Rights, setAcl } from "./acl";
import { Bits } from "./Bits";
import { granted, modeOf, NO_WISH, SPECIAL, type Wish } from "./mode";
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

interface Lists {
  named: Rights["named"];
  inherited: Rights | null;
}

export function PermissionsDialog({ space, entries, onChanged, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [wish, setWish] = useState<Wish>(NO_WISH);
  // As they were when the dialog opened: a list that changes behind it must not change what was ticked.
  const [settable] = useState(() => entries.filter(isSettable));
  const left = entries.length - settable.length;
  const [only, ...others] = entries;
  const single = others.length === 0 ? settable[0] : undefined;
  const reading = useQuery({ ...aclQuery(space, single?.path ?? ""), enabled: single !== undefined });
  const acl = single && reading.data;
  const [lists, setLists] = useState<Lists | null>(null);
  const { named, inherited } = lists ?? { named: acl?.access.named ?? [], inherited: acl?.default ?? null };
  // Where somebody is named, the group's bits of a listing are what all of them get at most.
  const modes = settable.map(({ mode }) => (acl ? (modeOf(mode) & 0o7000) | acl.access.mode : modeOf(mode)));
  const asked = modes.map((mode) => granted(mode, wish));
  const access: Rights = { mode: (asked[0] ?? 0) & 0o777, named };
  const changesLists =
    acl !== undefined &&
    !(isSameRights(acl.access, { ...acl.access, named }) && isSameRights(acl.default, inherited));
  const saving = useMutation({
    mutationFn: async () => {
      if (!single || !acl || !(changesLists || named.length > 0))
        return setPermissions(space, settable, wish);
      await setAcl(space, single.path, acl.etag, access, inherited);
      return [];
    },
    onSuccess: (failures) => {
      if (failures.length === 0) onClose();
    },
    onSettled: onChanged,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!saving.isPending && changes) saving.mutate();
  };
  const changes = changesLists || asked.some((mode, at) => mode !== modes[at]);
  const lookAgain = () => {
    saving.reset();
    setWish(NO_WISH);
    setLists(null);
    void reading.refetch();
  };
  const title =
    only && others.length === 0
      ? t("permissions.titleOne", { name: only.name })
      : t("permissions.title", { count: entries.length, formatted: format.number(entries.length) });
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={submit} className={classes.form}>
        {settable.length > 0 && <Bits entries={settable} modes={modes} wish={wish} onChange={setWish} />}
        {settable.length > 0 && <Meaning entries={settable} modes={asked} hasNamed={named.length > 0} />}
        {single && acl && (
          <AccessLists
            entry={single}
            acl={acl}
            access={access}
            inherited={inherited}
            problem={saving.error && asProblem(saving.error)}
            onChange={(change) => setLists({ named, inherited, ...change })}
          />
        )}
        {left > 0 && (
          <p className={classes.words}>
            {t("permissions.left", { count: left, formatted: format.number(left) })}
          </p>
        )}
        {saving.data && saving.data.length > 0 && <Failures failures={saving.data} of={settable.length} />}
        {saving.error && (
          <ProblemNote
            error={saving.error}
            onRetry={asProblem(saving.error).code === "changed" ? lookAgain : undefined}
          />
        )}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            {saving.data ? t("common.close") : t("common.cancel")}
          </Button>
          <Button type="submit" loading={saving.isPending} disabled={!changes || reading.isLoading}>
            {t("permissions.set")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

/** What it means, in sentences, and what one would rather not do. */
function Meaning({
  entries,
  modes,
  hasNamed,
}: {
  entries: readonly FileEntry[];
  modes: readonly number[];
  hasNamed: boolean;
}) {
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
        {hasNamed && ` ${t("permissions.namedToo")}`}
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
