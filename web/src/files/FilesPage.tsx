// A space's directories and files.
import { Button } from "@mantine/core";
import { IconFolderOpen } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { FileEntry } from "../api/types";
import { PageHeader } from "../ui/PageHeader";
import { ScrollingTable } from "../ui/ScrollingTable";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { useFileColumns } from "./columns";
import classes from "./files.module.css";
import { crumbsOf } from "./paths";
import { filesQuery } from "./queries";

const route = getRouteApi("/frame/files/$space");

export function FilesPage() {
  const { t } = useTranslation();
  const { space } = route.useParams();
  const { path = "" } = route.useSearch();
  const open = useNavigate();
  const columns = useFileColumns(
    useCallback(
      (entry: FileEntry) =>
        entry.kind === "directory" ? (
          <Link to="/files/$space" params={{ space }} search={{ path: entry.path }} className="qd-link">
            {entry.name}
          </Link>
        ) : null,
      [space],
    ),
  );
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    filesQuery(space, path),
  );
  const entries = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  return (
    <div className={classes.page}>
      <PageHeader title={t("pages.files")} below={<Crumbs space={space} path={path} />} />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <div className={classes.table}>
        {!entries && !error && <LoadingRows rows={12} height={35} />}
        {entries?.length === 0 && (
          <Empty
            icon={<IconFolderOpen size={20} />}
            title={t("files.empty")}
            actions={
              <Button variant="default" renderRoot={(props) => <Link to="/uploads" {...props} />}>
                {t("uploads.add")}
              </Button>
            }
          />
        )}
        {entries && entries.length > 0 && (
          <ScrollingTable
            label={t("pages.files")}
            columns={columns}
            rows={entries}
            rowKey={(entry) => entry.path}
            onOpen={(entry) =>
              entry.kind === "directory" &&
              void open({ to: "/files/$space", params: { space }, search: { path: entry.path } })
            }
            onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
          />
        )}
      </div>
    </div>
  );
}

function Crumbs({ space, path }: { space: string; path: string }) {
  const { t } = useTranslation();
  const spaceName = space === "home" ? t("files.home") : space;
  return (
    <nav className={classes.crumbs} aria-label={t("files.where")}>
      {crumbsOf(path).map((crumb, index, all) => (
        <span key={crumb.path}>
          {index > 0 && <span aria-hidden> / </span>}
          <Link
            to="/files/$space"
            params={{ space }}
            search={crumb.path ? { path: crumb.path } : {}}
            className="qd-link"
            aria-current={index === all.length - 1 ? "page" : undefined}
          >
            {index === 0 ? spaceName : crumb.name}
          </Link>
        </span>
      ))}
    </nav>
  );
}
