// What was deleted a moment ago: taken back by one click, or, where it has no trash to go to, deleted for good.
import { Button, CloseButton } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Confirm } from "../ui/Confirm";
import { useFormat } from "../ui/format";
import { ProblemNote } from "../ui/states";
import { type Deletion, restore, useReadAgain } from "./changes";
import classes from "./files.module.css";
import { removeForGood, useBegin } from "./tasks";

interface Props {
  space: string;
  deletion: Deletion;
  onClose(): void;
}

export function JustDeleted({ space, deletion, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const readAgain = useReadAgain(space);
  const { trashed, trashless, error } = deletion;
  const [asking, setAsking] = useState(trashless.length > 0);
  const undo = useMutation({
    mutationFn: () => restore(space, trashed),
    onSuccess: onClose,
    onSettled: readAgain,
  });
  const finish = useBegin((paths: string[]) => removeForGood(space, paths));
  const confirm = () =>
    finish.mutate(
      trashless.map(({ path }) => path),
      { onSuccess: () => (trashed.length > 0 ? setAsking(false) : onClose()) },
    );
  const told = (entries: readonly { name: string }[]) => ({
    count: entries.length,
    formatted: format.number(entries.length),
    name: entries[0]?.name ?? "",
  });
  return (
    <>
      {trashed.length > 0 && (
        <div className={classes.deleted} role="status">
          <span>{t("files.deleted", told(trashed))}</span>
          <Button size="compact-sm" variant="default" loading={undo.isPending} onClick={() => undo.mutate()}>
            {t("files.undo")}
          </Button>
          <CloseButton aria-label={t("common.close")} onClick={onClose} />
        </div>
      )}
      {error ? <ProblemNote error={error} /> : null}
      {undo.error && <ProblemNote error={undo.error} />}
      <Confirm
        opened={asking}
        title={t("files.forGoodTitle", told(trashless))}
        deed={t("files.forGood")}
        destructive
        busy={finish.isPending}
        error={finish.error}
        onConfirm={confirm}
        onClose={() => setAsking(false)}
      >
        <p style={{ margin: 0 }}>{t("files.forGoodText")}</p>
      </Confirm>
    </>
  );
}
