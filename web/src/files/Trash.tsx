// What was deleted from a space, and can be taken back.
import { Button } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TrashEntry } from "../api/types";
import { Confirm } from "../ui/Confirm";
import type { Column } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { ScrollingTable } from "../ui/ScrollingTable";
import { useSelection } from "../ui/selection";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { Moment } from "../ui/time";
import { restore, useReadAgain } from "./changes";
import { EntryName } from "./columns";
import classes from "./files.module.css";
import { trashQuery } from "./queries";
import { emptyTrash, useBegin } from "./tasks";

const MOST_AT_ONCE = 100;
const idOf = (item: TrashEntry) => item.id;

export function Trash({ space }: { space: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const readAgain = useReadAgain(space);
  const listed = useInfiniteQuery(trashQuery(space));
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = listed;
  const items = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const selection = useSelection(items, idOf, MOST_AT_ONCE, space);
  const back = useMutation({
    mutationFn: () => restore(space, selection.rows),
    onSuccess: selection.clear,
    onSettled: readAgain,
  });
  const columns = useTrashColumns();
  const [asking, setAsking] = useState<"selected" | "all" | null>(null);
  const empty = useBegin((ids: string[] | undefined) => emptyTrash(space, ids));
  const destroy = () =>
    empty.mutate(asking === "all" ? undefined : selection.rows.map(idOf), {
      onSuccess: () => {
        setAsking(null);
        selection.clear();
      },
    });
  const told = {
    count: selection.rows.length,
    formatted: format.number(selection.rows.length),
    name: selection.rows[0]?.name ?? "",
  };
  return (
    <>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {back.error && <ProblemNote error={back.error} />}
      {selection.rows.length > 0 && (
        <section className={classes.selection} aria-label={t("files.selected")}>
          <strong role="status">{t("files.count", told)}</strong>
          <Button variant="default" loading={back.isPending} onClick={() => back.mutate()}>
            {t("files.restore")}
          </Button>
          <Button variant="default" onClick={() => setAsking("selected")}>
            {t("fileTasks.removeForGood")}
          </Button>
          <Button variant="subtle" onClick={selection.clear}>
            {t("files.clear")}
          </Button>
        </section>
      )}
      {items && items.length > 0 && selection.rows.length === 0 && (
        <div className={classes.selection}>
          <Button variant="default" leftSection={<IconTrash size={16} />} onClick={() => setAsking("all")}>
            {t("fileTasks.emptyTrash")}
          </Button>
        </div>
      )}
      <Confirm
        opened={asking !== null}
        title={asking === "all" ? t("fileTasks.emptyTitle") : t("files.forGoodTitle", told)}
        deed={asking === "all" ? t("fileTasks.empty") : t("files.forGood")}
        destructive
        busy={empty.isPending}
        error={empty.error}
        onConfirm={destroy}
        onClose={() => setAsking(null)}
      >
        <p style={{ margin: 0 }}>{t("fileTasks.forGoodText")}</p>
      </Confirm>
      <div className={classes.table}>
        {!items && !error && <LoadingRows rows={8} height={35} />}
        {items?.length === 0 && <Empty icon={<IconTrash size={20} />} title={t("files.trashEmpty")} />}
        {items && items.length > 0 && (
          <ScrollingTable
            label={t("files.trash")}
            columns={columns}
            rows={items}
            rowKey={idOf}
            selection={selection}
            selectLabel={({ name }) => t("files.selectOne", { name })}
            onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
          />
        )}
      </div>
    </>
  );
}

function useTrashColumns(): Column<TrashEntry>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("files.columns.name"),
        width: 220,
        cell: (item) => <EntryName kind={item.kind} name={item.name} link={null} />,
      },
      {
        id: "was-at",
        header: t("files.wasAt"),
        width: 320,
        minor: true,
        cell: ({ was_at }) => (
          <span className="qd-mono qd-truncate" title={was_at ?? undefined}>
            {was_at ?? "–"}
          </span>
        ),
      },
      {
        id: "deleted",
        header: t("files.deletedAt"),
        width: 120,
        align: "end",
        cell: ({ deleted_at }) =>
          deleted_at ? <Moment at={deleted_at} /> : <span className="qd-dim">–</span>,
      },
    ],
    [t],
  );
}
