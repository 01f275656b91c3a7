// A directory's entries, and what can be done with those that are selected.
import { IconFolderOpen } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { FileEntry } from "../api/types";
import { ScrollingTable } from "../ui/ScrollingTable";
import { useSelection } from "../ui/selection";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import type { Deletion } from "./changes";
import { useFileColumns } from "./columns";
import { FileSelection } from "./FileSelection";
import classes from "./files.module.css";
import { JustDeleted } from "./JustDeleted";
import { nameIn } from "./paths";
import type { PlaceSearch } from "./place";
import { filesQuery } from "./queries";
import { UploadHere } from "./UploadHere";

/** As many as one download may name. */
const MOST_AT_ONCE = 100;
const pathOf = (entry: FileEntry) => entry.path;

const route = getRouteApi("/frame/files/$space");

export function Directory({ space, path }: { space: string; path: string }) {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const [deletion, setDeletion] = useState<Deletion | null>(null);
  const columns = useFileColumns(
    useCallback(
      (entry: FileEntry) => {
        const search = leadsTo(entry, path);
        return search ? (
          <Link
            to="/files/$space"
            params={{ space }}
            search={search}
            className="qd-link qd-truncate"
            title={entry.name}
          >
            {entry.name}
          </Link>
        ) : null;
      },
      [space, path],
    ),
  );
  const listed = useInfiniteQuery(filesQuery(space, path));
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = listed;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const selection = useSelection(entries, pathOf, MOST_AT_ONCE, JSON.stringify([space, path]));
  return (
    <UploadHere space={space} path={path}>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {deletion && (
        <JustDeleted
          key={deletion.trashed.map(({ id }) => id).join()}
          space={space}
          deletion={deletion}
          onClose={() => setDeletion(null)}
        />
      )}
      {selection.rows.length > 0 && (
        <FileSelection space={space} directory={path} selection={selection} onDeleted={setDeletion} />
      )}
      <div className={classes.table}>
        {!entries && !error && <LoadingRows rows={12} height={35} />}
        {entries?.length === 0 && (
          <Empty icon={<IconFolderOpen size={20} />} title={t("files.empty")}>
            {t("files.emptyAdvice")}
          </Empty>
        )}
        {entries && entries.length > 0 && (
          <ScrollingTable
            label={t("pages.files")}
            columns={columns}
            rows={entries}
            rowKey={pathOf}
            selection={selection}
            selectLabel={({ name }) => t("files.selectOne", { name })}
            onOpen={(entry) => {
              const search = leadsTo(entry, path);
              if (search) void navigate({ search });
            }}
            onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
          />
        )}
      </div>
    </UploadHere>
  );
}

/** Links may lead to files or to directories: the server says which when the file is asked for. */
function leadsTo(entry: FileEntry, directory: string): PlaceSearch | null {
  if (entry.kind === "directory") return { path: entry.path };
  if (entry.kind === "other") return null;
  return { ...(directory ? { path: directory } : {}), file: nameIn(entry.path) };
}
