// What a search finds, while it goes on. It ends when nobody looks any more.
import { Button } from "@mantine/core";
import { IconSearchOff } from "@tabler/icons-react";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import { problemIn } from "../api/problem";
import type { FileEntry, FileTask } from "../api/types";
import { useFormat } from "../ui/format";
import { ScrollingTable } from "../ui/ScrollingTable";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { useFileColumns } from "./columns";
import pageClasses from "./files.module.css";
import { displayName, nameIn } from "./paths";
import type { PlaceSearch } from "./place";
import { cancelTask, isRunning, search } from "./tasks";
import classes from "./tasks.module.css";

const ASK_AGAIN_MS = 500;
const PAGE_SIZE = 500;
const DAY_MS = 24 * 3600 * 1000;

interface Props {
  space: string;
  path: string;
  wanted: PlaceSearch;
}

export function SearchResults({ space, path, wanted }: Props) {
  const { t } = useTranslation();
  const begun = useQuery(begunQuery(space, path, wanted));
  const id = begun.data?.id ?? "";
  const asked = useQuery({ ...taskQuery(id), enabled: id !== "" });
  const task = asked.data ?? begun.data;
  const listed = useQuery({
    queryKey: ["file-search", "found", id, task?.found ?? 0],
    queryFn: ({ signal }) => foundOf(id, signal),
    enabled: (task?.found ?? 0) > 0,
    placeholderData: keepPreviousData,
  });
  useEffect(() => {
    // It may be over, or forgotten, already.
    if (id !== "") return () => void cancelTask(id).catch(() => undefined);
    return undefined;
  }, [id]);
  const columns = useFileColumns(useLinks(space, path));
  const entries = useMemo(() => (task?.found ? listed.data : []), [task?.found, listed.data]);
  const error = begun.error ?? asked.error ?? listed.error ?? (task?.problem && problemIn(task.problem));
  const running = task ? isRunning(task) : begun.isPending;
  return (
    <>
      <div className={classes.found}>
        <span role="status">{task ? <Words task={task} /> : t("common.loading")}</span>
        {running && id !== "" && (
          <Button size="compact-sm" variant="default" onClick={() => void cancelTask(id)}>
            {t("common.cancel")}
          </Button>
        )}
        <Link to="/files/$space" params={{ space }} search={path ? { path } : {}} className="qd-link">
          {t("fileTasks.find.back")}
        </Link>
      </div>
      {error ? <ProblemNote error={error} onRetry={() => void begun.refetch()} /> : null}
      <div className={pageClasses.table}>
        {(!entries || (running && entries.length === 0)) && !error && <LoadingRows rows={8} height={35} />}
        {entries?.length === 0 && !running && !error && (
          <Empty icon={<IconSearchOff size={20} />} title={t("fileTasks.find.nothing")}>
            {t("fileTasks.find.hint")}
          </Empty>
        )}
        {entries && entries.length > 0 && (
          <ScrollingTable
            label={t("fileTasks.find.results")}
            columns={columns}
            rows={entries}
            rowKey={({ path }) => path}
          />
        )}
      </div>
    </>
  );
}

/** Each with the directories on its way from where the search began. */
function useLinks(space: string, below: string) {
  return useCallback(
    (entry: FileEntry) => {
      const cut = entry.path.lastIndexOf("/");
      const directory = entry.path.slice(0, Math.max(0, cut));
      const shown = displayName(
        below && entry.path.startsWith(`${below}/`) ? entry.path.slice(below.length + 1) : entry.path,
      );
      const to: PlaceSearch =
        entry.kind === "directory"
          ? { path: entry.path }
          : {
              ...(directory ? { path: directory } : {}),
              ...(entry.kind === "other" ? {} : { file: nameIn(entry.path) }),
            };
      return (
        <Link to="/files/$space" params={{ space }} search={to} className="qd-link qd-truncate" title={shown}>
          {shown}
        </Link>
      );
    },
    [space, below],
  );
}

function Words({ task }: { task: FileTask }) {
  const { t } = useTranslation();
  const format = useFormat();
  const told = { count: task.found, formatted: format.number(task.found) };
  if (isRunning(task)) {
    return t("fileTasks.find.running", { ...told, looked: format.number(task.entries.done) });
  }
  return task.more ? t("fileTasks.find.more", told) : t("fileTasks.find.found", told);
}

/** Looking again is a new search. */
const begunQuery = (space: string, path: string, { find, min, days }: PlaceSearch) =>
  queryOptions({
    queryKey: ["file-search", "begun", space, path, find, min, days],
    queryFn: () =>
      search(space, {
        path,
        ...(find ? { name: find } : {}),
        ...(min ? { min_size: min } : {}),
        ...(days ? { modified_since: new Date(Date.now() - days * DAY_MS).toISOString() } : {}),
      }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });

const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ["file-search", "task", id],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/files/tasks/{id}", { params: { path: { id } }, signal });
      return data as NonNullable<typeof data>;
    },
    refetchInterval: ({ state }) => (state.data && !isRunning(state.data) ? false : ASK_AGAIN_MS),
    gcTime: 0,
  });

async function foundOf(id: string, signal: AbortSignal): Promise<FileEntry[]> {
  const page = async (from: number) => {
    const { data } = await client.GET("/api/v1/files/tasks/{id}/found", {
      params: { path: { id }, query: { limit: PAGE_SIZE, ...(from > 0 ? { cursor: String(from) } : {}) } },
      signal,
    });
    return (data as NonNullable<typeof data>).items;
  };
  const first = await page(0);
  return first.length < PAGE_SIZE ? first : [...first, ...(await page(PAGE_SIZE))];
}
