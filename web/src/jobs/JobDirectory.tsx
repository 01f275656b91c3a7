// What lies in the directory where a job works, folder by folder, and one file of it looked at.
import { ActionIcon, Button } from "@mantine/core";
import { IconDownload, IconFolderOpen, IconRefresh } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import type { FileEntry, JobDetail } from "../api/types";
import { useFileColumns } from "../files/columns";
import { download } from "../files/content";
import { crumbsOf, displayName, joined, nameIn } from "../files/paths";
import { FilePreview } from "../files/preview/FilePreview";
import { filesQuery } from "../files/queries";
import { Panel } from "../ui/Panel";
import { ScrollingTable } from "../ui/ScrollingTable";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { type DirectorySearch, directoryQuery } from "./directory";
import classes from "./JobDirectory.module.css";

/** Beyond it the list scrolls. */
const MOST_HEIGHT = 420;
const ROW_HEIGHT = 35;

const route = getRouteApi("/frame/clusters/$cluster/jobs/$job");

export function JobDirectory({ job }: { job: JobDetail }) {
  const { t } = useTranslation();
  const { dir = "", file } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const { data: directory, error, refetch } = useQuery(directoryQuery(job.cluster, job.id));
  const [failure, setFailure] = useState<unknown>(null);
  const readAgain = () => {
    setFailure(null);
    if (!directory) return void refetch();
    void queries.invalidateQueries({ queryKey: ["files", directory.space] });
    void queries.invalidateQueries({ queryKey: ["file", directory.space] });
  };
  const enter = useCallback(
    () => void navigate({ search: { tab: "files", dir: joined(dir, file ?? "") }, replace: true }),
    [navigate, dir, file],
  );
  const at = directory && joined(directory.path, dir);
  return (
    <Panel
      title={t("preview.directory")}
      flush
      actions={
        <>
          {directory && at !== undefined && file === undefined && (
            <DownloadAll key={at} space={directory.space} path={at} onFailure={setFailure} />
          )}
          <ActionIcon title={t("preview.reload")} aria-label={t("preview.reload")} onClick={readAgain}>
            <IconRefresh size={16} />
          </ActionIcon>
        </>
      }
    >
      <Crumbs job={job} dir={dir} file={file} />
      {!directory && !error && <LoadingRows rows={8} height={35} />}
      {failure !== null && <ProblemNote error={failure} />}
      {error && <NoDirectory job={job} error={error} onRetry={() => void refetch()} />}
      {directory && at !== undefined && file === undefined && (
        <Entries space={directory.space} path={at} dir={dir} />
      )}
      {directory && at !== undefined && file !== undefined && (
        <FilePreview
          key={joined(at, file)}
          space={directory.space}
          path={joined(at, file)}
          name={displayName(file)}
          onDirectory={enter}
        />
      )}
    </Panel>
  );
}

/** The directory that is shown, with all that is beneath it. */
function DownloadAll(props: { space: string; path: string; onFailure(error: unknown): void }) {
  const { t } = useTranslation();
  const { space, path, onFailure } = props;
  const save = useMutation({
    mutationFn: () => download(space, path),
    onSuccess: () => onFailure(null),
    onError: onFailure,
  });
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<IconDownload size={14} />}
      loading={save.isPending}
      onClick={() => save.mutate()}
    >
      {t("preview.downloadAll")}
    </Button>
  );
}

function Entries({ space, path, dir }: { space: string; path: string; dir: string }) {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const columns = useFileColumns(
    useCallback(
      (entry: FileEntry) => {
        const search = searchOf(dir, entry);
        return (
          search && (
            <Into search={search} cut>
              {entry.name}
            </Into>
          )
        );
      },
      [dir],
    ),
  );
  const listed = useInfiniteQuery(filesQuery(space, path));
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = listed;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!entries) return <LoadingRows rows={8} height={35} />;
  if (entries.length === 0)
    return <Empty icon={<IconFolderOpen size={20} />} title={t("preview.nothingInside")} />;
  return (
    <div style={{ height: Math.min(MOST_HEIGHT, (entries.length + 1) * ROW_HEIGHT + 2) }}>
      <ScrollingTable
        label={t("preview.directory")}
        columns={columns}
        rows={entries}
        rowKey={(entry) => entry.path}
        onOpen={(entry) => {
          const search = searchOf(dir, entry);
          if (search) void navigate({ search });
        }}
        onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
      />
    </div>
  );
}

/** Links may lead to files or to directories: the server says which when the file is asked for. */
function searchOf(dir: string, entry: FileEntry): ({ tab: "files" } & DirectorySearch) | null {
  const name = nameIn(entry.path);
  if (entry.kind === "directory") return { tab: "files", dir: joined(dir, name) };
  if (entry.kind === "other") return null;
  return { tab: "files", ...(dir ? { dir } : {}), file: name };
}

function Crumbs({ job, dir, file }: { job: JobDetail; dir: string; file: string | undefined }) {
  const { t } = useTranslation();
  const crumbs = crumbsOf(dir);
  return (
    <nav className={classes.crumbs} aria-label={t("files.where")}>
      {crumbs.map((crumb, index) => {
        const name = index === 0 ? (job.working_directory ?? t("preview.directory")) : crumb.name;
        const here = index === crumbs.length - 1 && file === undefined;
        return (
          <span key={crumb.path}>
            {index > 0 && <span aria-hidden> / </span>}
            {here ? (
              <span aria-current="page">{name}</span>
            ) : (
              <Into search={{ tab: "files", ...(crumb.path ? { dir: crumb.path } : {}) }}>{name}</Into>
            )}
          </span>
        );
      })}
      {file !== undefined && (
        <span>
          <span aria-hidden> / </span>
          <span aria-current="page">{displayName(file)}</span>
        </span>
      )}
    </nav>
  );
}

interface IntoProps {
  search: { tab: "files" } & DirectorySearch;
  /** One line, cut where it is too long. */
  cut?: boolean;
  children: string;
}

function Into({ search, cut, children }: IntoProps) {
  const { cluster, job } = route.useParams();
  return (
    <Link
      to="/clusters/$cluster/jobs/$job"
      params={{ cluster, job }}
      search={search}
      className={`qd-link ${cut ? "qd-truncate" : ""}`}
      title={children}
    >
      {children}
    </Link>
  );
}

function NoDirectory({ job, error, onRetry }: { job: JobDetail; error: unknown; onRetry(): void }) {
  const { t } = useTranslation();
  const { code } = asProblem(error);
  const path = job.working_directory;
  if (path && code === "leaves-space")
    return <Empty icon={<IconFolderOpen size={20} />} title={t("preview.outside", { path })} />;
  if (path && code === "file-not-found")
    return <Empty icon={<IconFolderOpen size={20} />} title={t("preview.gone", { path })} />;
  return <ProblemNote error={error} onRetry={onRetry} />;
}
