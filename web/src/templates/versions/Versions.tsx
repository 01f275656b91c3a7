// Everything that a template said before, each version to be read, compared and taken up again.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Template, TemplateVersion } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { LoadMore } from "../../ui/LoadMore";
import { Panel } from "../../ui/Panel";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { Moment } from "../../ui/time";
import { versionsQuery } from "./queries";
import { Version } from "./Version";
import classes from "./versions.module.css";

const route = getRouteApi("/frame/templates/$template");

interface Props {
  id: string;
  /** Null: it is gone, and its versions are still there. */
  template: Template | null;
}

export function Versions({ id, template }: Props) {
  const { t } = useTranslation();
  const { version: opened, against } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    versionsQuery(id),
  );
  const versions = data?.pages.flatMap((page) => page.items);
  // Of a template that never was there is nothing more to say.
  if (!template && !versions) return null;
  const compare = (other: number | null) =>
    void navigate({
      search: ({ against: _, ...before }) => (other === null ? before : { ...before, against: other }),
      replace: true,
      resetScroll: false,
    });
  const isOpen = ({ number }: TemplateVersion) => number === opened;

  const columns: Column<TemplateVersion>[] = [
    {
      id: "number",
      header: t("templates.versions.columns.number"),
      width: 190,
      cell: (version) => (
        <>
          <Link
            to="."
            search={isOpen(version) ? {} : { version: version.number }}
            resetScroll={false}
            aria-expanded={isOpen(version)}
            className="qd-link"
          >
            {t("templates.versions.number", { number: version.number })}
          </Link>
          {version.current && <strong className={classes.current}>{t("templates.versions.current")}</strong>}
        </>
      ),
    },
    {
      id: "version",
      header: t("templates.versions.columns.version"),
      width: 110,
      minor: true,
      cell: ({ version }) => <span className="qd-mono">{version}</span>,
    },
    {
      id: "when",
      header: t("templates.versions.columns.when"),
      width: 120,
      cell: (version) => <Moment at={version.seen_at} />,
    },
    {
      id: "author",
      header: t("templates.versions.columns.author"),
      width: 150,
      cell: ({ author }) => author ?? <span className="qd-dim">{t("templates.versions.byFile")}</span>,
    },
  ];

  return (
    <Panel title={t("templates.versions.title")} hint={!template && t("templates.versions.gone")} flush>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!versions && !error && <LoadingRows rows={2} />}
      {versions && (
        <DataTable
          label={t("templates.versions.title")}
          columns={columns}
          rows={versions}
          rowKey={({ number }) => String(number)}
          onOpen={(version) =>
            void navigate({
              search: isOpen(version) ? {} : { version: version.number },
              resetScroll: false,
            })
          }
          detail={(version) =>
            isOpen(version) && (
              <Version
                id={id}
                template={template}
                version={version}
                others={versions.filter(({ number }) => number !== version.number)}
                against={against ?? null}
                onCompare={compare}
              />
            )
          }
        />
      )}
      {hasNextPage && <LoadMore busy={isFetchingNextPage} onMore={() => void fetchNextPage()} />}
    </Panel>
  );
}
