// The selected files and directories: how many they are, and what can be done with them.
import { Button } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { FileEntry } from "../api/types";
import { Confirm } from "../ui/Confirm";
import { useFormat } from "../ui/format";
import { Menu, type MenuItem } from "../ui/Menu";
import type { Selection } from "../ui/selection";
import { ProblemNote } from "../ui/states";
import { CopyDialog } from "./CopyDialog";
import { type Deletion, moveToTrash, rename, useReadAgain } from "./changes";
import { download } from "./content";
import classes from "./files.module.css";
import { NameDialog } from "./NameDialog";
import { joined, nameIn, typedName } from "./paths";
import { PermissionsDialog } from "./permissions/PermissionsDialog";
import { archive, checksum, extract, isArchive, removeForGood, useBegin } from "./tasks";
import taskClasses from "./tasks.module.css";

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
  const [asking, setAsking] = useState<"copy" | "archive" | "remove" | null>(null);
  const [permitting, setPermitting] = useState(false);
  const { rows } = selection;
  const [one, ...others] = rows;
  const single = others.length === 0 ? one : undefined;
  const paths = rows.map(({ path }) => path);
  const close = () => setAsking(null);
  const begun = () => {
    close();
    selection.clear();
  };
  const unpack = useBegin((path: string) => extract(space, path));
  const sum = useBegin((path: string) => checksum(space, path));
  const destroy = useBegin((which: string[]) => removeForGood(space, which));
  const pack = useBegin((name: string) => archive(space, paths, directory, name));
  const told = { count: rows.length, formatted: format.number(rows.length), name: one?.name ?? "" };
  const more: MenuItem[] = [
    { key: "archive", label: t("fileTasks.archive"), onSelect: () => setAsking("archive") },
  ];
  if (single?.kind === "file") {
    const { path, name } = single;
    if (isArchive(name)) {
      const onSelect = () => unpack.mutate(path, { onSuccess: begun });
      more.push({ key: "extract", label: t("fileTasks.extract"), onSelect });
    }
    const onSelect = () => sum.mutate(path, { onSuccess: begun });
    more.push({ key: "checksum", label: t("fileTasks.checksum"), onSelect });
  }
  more.push({ key: "remove", label: t("fileTasks.removeForGood"), onSelect: () => setAsking("remove") });
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
      <Button variant="default" onClick={() => setAsking("copy")}>
        {t("fileTasks.copy")}
      </Button>
      {single && (
        <Button variant="default" onClick={() => setRenaming(single)}>
          {t("files.rename")}
        </Button>
      )}
      <Button variant="default" onClick={() => setPermitting(true)}>
        {t("permissions.open")}
      </Button>
      <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
        {t("files.delete")}
      </Button>
      <Menu
        label={t("fileTasks.more")}
        button={
          <>
            {t("fileTasks.more")}
            <IconChevronDown size={14} aria-hidden />
          </>
        }
        buttonClass={taskClasses.more}
        align="start"
        items={more}
      />
      <Button variant="subtle" onClick={selection.clear}>
        {t("files.clear")}
      </Button>
      {save.error && <ProblemNote error={save.error} />}
      {remove.error && <ProblemNote error={remove.error} />}
      {[unpack.error, sum.error].map((error) => error && <ProblemNote key={error.message} error={error} />)}
      {asking === "copy" && (
        <CopyDialog
          title={t("fileTasks.copyTitle", told)}
          space={space}
          directory={directory}
          paths={paths}
          onBegun={begun}
          onClose={close}
        />
      )}
      {asking === "archive" && (
        <NameDialog
          title={t("fileTasks.archiveTitle", told)}
          deed={t("fileTasks.pack")}
          initial={`${single?.name ?? (nameIn(directory) || "files")}.zip`}
          initialIsGood
          hint={t("fileTasks.archiveHint")}
          fault={(name) => (isArchive(name) ? undefined : t("fileTasks.archiveHint"))}
          save={async (name) => {
            await pack.mutateAsync(typedName(name));
            selection.clear();
          }}
          onClose={close}
        />
      )}
      <Confirm
        opened={asking === "remove"}
        title={t("files.forGoodTitle", told)}
        deed={t("files.forGood")}
        destructive
        busy={destroy.isPending}
        error={destroy.error}
        onConfirm={() => destroy.mutate(paths, { onSuccess: begun })}
        onClose={close}
      >
        <p style={{ margin: 0 }}>{t("fileTasks.forGoodText")}</p>
      </Confirm>
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
