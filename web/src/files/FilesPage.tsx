// The person's files: a space's directories, one file looked at, or what was deleted.
import { ActionIcon, Button } from "@mantine/core";
import { IconFilePlus, IconFolderPlus, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { PageHeader } from "../ui/PageHeader";
import { LoadingRows } from "../ui/states";
import { makeDirectory, makeFile, useReadAgain } from "./changes";
import { Directory } from "./Directory";
import { Find } from "./Find";
import classes from "./files.module.css";
import { NameDialog } from "./NameDialog";
import { crumbsOf, displayName, joined, typedName } from "./paths";
import { isSearch } from "./place";
import { FilePreview } from "./preview/FilePreview";
import { spacesQuery } from "./queries";
import { SearchResults } from "./SearchResults";
import { TaskPanel } from "./TaskPanel";
import { Trash } from "./Trash";

const route = getRouteApi("/frame/files/$space");
const FileEditor = lazy(() => import("./edit/FileEditor").then((module) => ({ default: module.FileEditor })));

export function FilesPage() {
  const { space } = route.useParams();
  const wanted = route.useSearch();
  const { path = "", file, edit, trash } = wanted;
  const looksAt = trash || file !== undefined;
  const navigate = route.useNavigate();
  const enter = useCallback(
    () => void navigate({ search: { path: joined(path, file ?? "") }, replace: true }),
    [navigate, path, file],
  );
  return (
    <div className={classes.page}>
      <Head />
      <TaskPanel />
      {trash && <Trash space={space} />}
      {!looksAt && <Find key={JSON.stringify([space, path, wanted.find, wanted.min, wanted.days])} />}
      {!looksAt && !isSearch(wanted) && <Directory space={space} path={path} />}
      {!looksAt && isSearch(wanted) && (
        <SearchResults key={JSON.stringify([space, wanted])} space={space} path={path} wanted={wanted} />
      )}
      {!trash && file !== undefined && edit && (
        <Suspense fallback={<LoadingRows rows={8} />}>
          <FileEditor
            key={joined(path, file)}
            space={space}
            path={joined(path, file)}
            name={displayName(file)}
          />
        </Suspense>
      )}
      {!trash && file !== undefined && !edit && (
        <FilePreview
          key={joined(path, file)}
          space={space}
          path={joined(path, file)}
          name={displayName(file)}
          onDirectory={enter}
        />
      )}
    </div>
  );
}

function Head() {
  const { t } = useTranslation();
  const { space } = route.useParams();
  const { path = "", file, edit, trash } = route.useSearch();
  const navigate = route.useNavigate();
  const cache = useQueryClient();
  const readAgain = useReadAgain(space);
  const [making, setMaking] = useState<"directory" | "file" | null>(null);
  if (edit && file !== undefined)
    return <PageHeader title={t("fileEdit.editing", { name: displayName(file) })} below={<Crumbs />} />;
  return (
    <PageHeader
      title={trash ? t("files.trash") : t("pages.files")}
      above={<Spaces />}
      below={<Crumbs />}
      actions={
        <>
          {!trash && file === undefined && (
            <>
              <Button
                variant="default"
                leftSection={<IconFolderPlus size={16} />}
                onClick={() => setMaking("directory")}
              >
                {t("files.newDirectory")}
              </Button>
              <Button
                variant="default"
                leftSection={<IconFilePlus size={16} />}
                onClick={() => setMaking("file")}
              >
                {t("fileEdit.newFile")}
              </Button>
            </>
          )}
          {!trash && (
            <Button
              variant="default"
              leftSection={<IconTrash size={16} />}
              renderRoot={(props) => (
                <Link to="/files/$space" params={{ space }} search={{ trash: true }} {...props} />
              )}
            >
              {t("files.trash")}
            </Button>
          )}
          <ActionIcon
            size="lg"
            title={t("preview.reload")}
            aria-label={t("preview.reload")}
            onClick={() => {
              void readAgain();
              void cache.invalidateQueries({ queryKey: ["file", space] });
            }}
          >
            <IconRefresh size={16} />
          </ActionIcon>
          {making === "file" && (
            <NameDialog
              title={t("fileEdit.newFile")}
              deed={t("fileEdit.makeFile")}
              save={async (name) => {
                const made = typedName(name);
                await makeFile(space, joined(path, made));
                await readAgain();
                await navigate({ search: { ...(path ? { path } : {}), file: made, edit: true } });
              }}
              onClose={() => setMaking(null)}
            />
          )}
          {making === "directory" && (
            <NameDialog
              title={t("files.newDirectory")}
              deed={t("files.make")}
              save={async (name) => {
                await makeDirectory(space, joined(path, typedName(name)));
                await readAgain();
              }}
              onClose={() => setMaking(null)}
            />
          )}
        </>
      }
    />
  );
}

/** The other places where files are; nothing where there is one alone. */
function Spaces() {
  const { t } = useTranslation();
  const { space } = route.useParams();
  const { data } = useQuery(spacesQuery);
  if (!data || data.items.length < 2) return null;
  return (
    <nav className={classes.spaces} aria-label={t("files.spaces")}>
      {data.items.map(({ name, root }) => (
        <Link
          key={name}
          to="/files/$space"
          params={{ space: name }}
          search={{}}
          className="qd-link"
          title={root}
          aria-current={name === space ? "page" : undefined}
        >
          {name === "home" ? t("files.home") : name}
        </Link>
      ))}
    </nav>
  );
}

function Crumbs() {
  const { t } = useTranslation();
  const { space } = route.useParams();
  const { path = "", file, trash } = route.useSearch();
  const leaf = trash ? t("files.trash") : file === undefined ? null : displayName(file);
  const crumbs = crumbsOf(trash ? "" : path);
  return (
    <nav className={classes.crumbs} aria-label={t("files.where")}>
      {crumbs.map((crumb, index) => (
        <span key={crumb.path}>
          {index > 0 && <span aria-hidden> / </span>}
          <Link
            to="/files/$space"
            params={{ space }}
            search={crumb.path ? { path: crumb.path } : {}}
            className="qd-link"
            aria-current={leaf === null && index === crumbs.length - 1 ? "page" : undefined}
          >
            {index > 0 ? crumb.name : space === "home" ? t("files.home") : space}
          </Link>
        </span>
      ))}
      {leaf !== null && (
        <span>
          <span aria-hidden> / </span>
          <span aria-current="page">{leaf}</span>
        </span>
      )}
    </nav>
  );
}
