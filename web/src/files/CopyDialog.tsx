// Asks where to: a directory of any space, walked to by its name.
import { Button, Group, Modal, NativeSelect } from "@mantine/core";
import { IconFolder } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { LoadMore } from "../ui/LoadMore";
import { LoadingRows, ProblemNote } from "../ui/states";
import { crumbsOf } from "./paths";
import { filesQuery, spacesQuery } from "./queries";
import { copy, type Target, useBegin } from "./tasks";
import classes from "./tasks.module.css";

interface Props {
  title: string;
  space: string;
  /** Where they are. */
  directory: string;
  paths: string[];
  onBegun(): void;
  onClose(): void;
}

export function CopyDialog({ title, space, directory, paths, onBegun, onClose }: Props) {
  const { t } = useTranslation();
  const [target, setTarget] = useState<Target>({ space, path: directory });
  const begin = useBegin((to: Target) => copy(space, paths, to));
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <DirectoryPicker target={target} onChange={setTarget} />
      {begin.error && <ProblemNote error={begin.error} />}
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button loading={begin.isPending} onClick={() => begin.mutate(target, { onSuccess: onBegun })}>
          {t("fileTasks.copyHere")}
        </Button>
      </Group>
    </Modal>
  );
}

function DirectoryPicker({ target, onChange }: { target: Target; onChange(target: Target): void }) {
  const { t } = useTranslation();
  const { space, path } = target;
  const spaces = useQuery(spacesQuery).data?.items ?? [];
  const listed = useInfiniteQuery(filesQuery(space, path));
  const entries = listed.data?.pages.flatMap((page) => page.items);
  const directories = entries?.filter(({ kind }) => kind === "directory");
  const named = (name: string) => (name === "home" ? t("files.home") : name);
  const crumbs = crumbsOf(path);
  return (
    <>
      {spaces.length > 1 && (
        <NativeSelect
          label={t("fileTasks.space")}
          value={space}
          onChange={(event) => onChange({ space: event.currentTarget.value, path: "" })}
          data={spaces.map(({ name }) => ({ value: name, label: named(name) }))}
          mb="xs"
        />
      )}
      <nav aria-label={t("fileTasks.target")}>
        {crumbs.map((crumb, index) => (
          <span key={crumb.path}>
            {index > 0 && <span aria-hidden> / </span>}
            <Button
              size="compact-sm"
              variant="subtle"
              aria-current={index === crumbs.length - 1 ? "location" : undefined}
              onClick={() => onChange({ space, path: crumb.path })}
            >
              {index > 0 ? crumb.name : named(space)}
            </Button>
          </span>
        ))}
      </nav>
      {listed.error && <ProblemNote error={listed.error} onRetry={() => void listed.refetch()} />}
      {!directories && !listed.error && <LoadingRows rows={4} />}
      {directories && (
        <ul className={classes.picker} aria-label={t("fileTasks.directories")}>
          {directories.map((entry) => (
            <li key={entry.path}>
              <button
                type="button"
                className={classes.directory}
                onClick={() => onChange({ space, path: entry.path })}
              >
                <IconFolder size={16} aria-hidden />
                {entry.name}
              </button>
            </li>
          ))}
          {directories.length === 0 && <li className="qd-dim">{t("fileTasks.noDirectories")}</li>}
        </ul>
      )}
      {listed.hasNextPage && (
        <LoadMore busy={listed.isFetchingNextPage} onMore={() => void listed.fetchNextPage()} />
      )}
    </>
  );
}
