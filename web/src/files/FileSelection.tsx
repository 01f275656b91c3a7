// The selected files and directories: how many they are, and what can be done with them.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { FileEntry } from "../api/types";
import { useFormat } from "../ui/format";
import type { Selection } from "../ui/selection";
import { ProblemNote } from "../ui/states";
import { type Deletion, moveToTrash, rename, useReadAgain } from "./changes";
import { download } from "./content";
import classes from "./files.module.css";
import { NameDialog } from "./NameDialog";
import { joined, typedName } from "./paths";
import { PermissionsDialog } from "./permissions/PermissionsDialog";

interface Props {
  space: string;
  directory: string;
  selection: Selection<FileEntry>;
  onDeleted(deletion: Deletion): void;
}

export function FileSelection({ space, directory, selection, onDeleted }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const readAgain = useReadAgain(space);
  const [renaming, setRenaming] = useState<FileEntry | null>(null);
  const [permitting, setPermitting] = useState(false);
  const { rows } = selection;
  const [one, ...others] = rows;
  const save = useMutation({ mutationFn: () => download(space, ...rows.map(({ path }) => path)) });
  const remove = useMutation({
    mutationFn: () => moveToTrash(space, rows),
    onSuccess: (deletion) => {
      selection.clear();
      onDeleted(deletion);
    },
    onSettled: readAgain,
  });
  return (
    <section className={classes.selection} aria-label={t("files.selected")}>
      <strong role="status">
        {t("files.count", { count: rows.length, formatted: format.number(rows.length) })}
      </strong>
      <Button variant="default" loading={save.isPending} onClick={() => save.mutate()}>
        {t("preview.download")}
      </Button>
      {one && others.length === 0 && (
        <Button variant="default" onClick={() => setRenaming(one)}>
          {t("files.rename")}
        </Button>
      )}
      <Button variant="default" onClick={() => setPermitting(true)}>
        {t("permissions.open")}
      </Button>
      <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
        {t("files.delete")}
      </Button>
      <Button variant="subtle" onClick={selection.clear}>
        {t("files.clear")}
      </Button>
      {save.error && <ProblemNote error={save.error} />}
      {remove.error && <ProblemNote error={remove.error} />}
      {permitting && (
        <PermissionsDialog
          space={space}
          entries={rows}
          onChanged={readAgain}
          onClose={() => setPermitting(false)}
        />
      )}
      {renaming && (
        <NameDialog
          title={t("files.renameTitle", { name: renaming.name })}
          deed={t("files.rename")}
          initial={renaming.name}
          save={async (name) => {
            await rename(space, renaming.path, joined(directory, typedName(name)));
            selection.clear();
            await readAgain();
          }}
          onClose={() => setRenaming(null)}
        />
      )}
    </section>
  );
}
