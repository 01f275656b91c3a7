// The template library: what can be run here, by category.
import { Button, NativeSelect } from "@mantine/core";
import { IconRefresh, IconTemplate, IconUsersGroup } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import type { Template } from "../api/types";
import { useCanHaveOwn, useIsAdmin, useIsOperator } from "../auth/use-session";
import { useText } from "../i18n/use-text";
import { useFollowTemplates } from "../live/follow-templates";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { SearchBox } from "../ui/SearchBox";
import { useSelection } from "../ui/selection";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import toolbar from "../ui/toolbar.module.css";
import { Favourite } from "./Favourite";
import { categoriesOf, onShelf, SHELVES, searchTemplates, useCategoryName } from "./library";
import { ImportTemplates } from "./own/ImportTemplates";
import { libraryChanged, templateFaultsQuery, templatesQuery } from "./queries";
import { openSharesQuery } from "./share/queries";
import { MOST_SELECTED, TemplateSelection } from "./TemplateSelection";
import { Unavailable } from "./Unavailable";

const route = getRouteApi("/frame/templates");

export function TemplatesPage() {
  const { t } = useTranslation();
  const text = useText();
  const categoryName = useCategoryName();
  const operator = useIsOperator();
  const format = useFormat();
  const canHaveOwn = useCanHaveOwn();
  const { q = "", category = "", shelf: asked } = route.useSearch();
  const shelf = SHELVES.find((known) => known === asked) ?? "all";
  const navigate = route.useNavigate();
  const open = useNavigate();
  useFollowTemplates();
  const { data, error, refetch } = useQuery(templatesQuery);
  const templates = data && onShelf(searchTemplates(data.items, q, category), shelf);
  const selection = useSelection(templates, keyOf, MOST_SELECTED);

  const favourite: Column<Template> = {
    id: "favourite",
    header: t("templates.shelves.favourite"),
    unseen: true,
    width: 40,
    cell: (template) => <Favourite template={template} />,
  };
  const columns: Column<Template>[] = [
    ...(canHaveOwn ? [favourite] : []),
    {
      id: "name",
      header: t("templates.columns.name"),
      width: 220,
      cell: (template) => (
        <Link to="/templates/$template" params={{ template: template.id }} className="qd-link">
          {text(template.name)}
        </Link>
      ),
    },
    {
      id: "description",
      header: t("templates.columns.description"),
      width: 380,
      minor: true,
      cell: (template) =>
        template.available ? (
          <span title={text(template.description)}>{text(template.description)}</span>
        ) : (
          <Unavailable reason={template.unavailable_reason} />
        ),
    },
    {
      id: "category",
      header: t("templates.columns.category"),
      width: 120,
      cell: (template) => categoryName(template.category),
    },
    {
      id: "version",
      header: t("templates.columns.version"),
      width: 80,
      minor: true,
      cell: (template) => template.version,
    },
    {
      id: "source",
      header: t("templates.columns.source"),
      width: 96,
      cell: (template) => t(`templates.sources.${template.source}`),
    },
    {
      id: "jobs",
      header: t("templates.columns.jobs"),
      width: 72,
      minor: true,
      cell: (template) => format.number(template.uses.jobs),
    },
  ];

  return (
    <>
      <PageHeader
        title={t("pages.templates")}
        below={t("templates.below")}
        actions={
          <>
            {canHaveOwn && <Shares />}
            {canHaveOwn && <ImportTemplates />}
            {operator && <Rescan />}
          </>
        }
      />
      <search className={toolbar.toolbar}>
        <SearchBox
          label={t("templates.search")}
          value={q}
          onChange={(next) =>
            void navigate({ search: (before) => withText({ ...before, q: next }), replace: true })
          }
        />
        <NativeSelect
          aria-label={t("templates.shelf")}
          value={shelf}
          onChange={(event) => {
            const next = event.currentTarget.value;
            const shelf = next === "all" ? "" : next;
            void navigate({ search: (before) => withText({ ...before, shelf }), replace: true });
          }}
          data={SHELVES.map((value) => ({ value, label: t(`templates.shelves.${value}`) }))}
        />
        <NativeSelect
          aria-label={t("templates.columns.category")}
          value={category}
          onChange={(event) => {
            const next = event.currentTarget.value;
            void navigate({ search: (before) => withText({ ...before, category: next }), replace: true });
          }}
          data={[
            { value: "", label: t("templates.anyCategory") },
            ...categoriesOf(data?.items ?? []).map((value) => ({ value, label: categoryName(value) })),
          ]}
        />
      </search>
      {selection.rows.length > 0 && <TemplateSelection selection={selection} />}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel title={t("templates.library")} flush>
        {!templates && !error && <LoadingRows />}
        {templates?.length === 0 && (
          <Empty icon={<IconTemplate size={20} />} title={t("templates.none")}>
            {t("templates.noneAdvice")}
          </Empty>
        )}
        {templates && templates.length > 0 && (
          <DataTable
            label={t("templates.library")}
            columns={columns}
            rows={templates}
            rowKey={keyOf}
            selection={selection}
            selectLabel={(template) => t("templates.selectOne", { name: text(template.name) })}
            onOpen={(template) =>
              void open({ to: "/templates/$template", params: { template: template.id } })
            }
          />
        )}
      </Panel>
    </>
  );
}

const keyOf = ({ id }: Template) => id;

/** To what was offered to everybody; administrators are told how much waits for them. */
function Shares() {
  const { t } = useTranslation();
  const format = useFormat();
  const isAdmin = useIsAdmin();
  const { data: count = 0 } = useQuery({ ...openSharesQuery, enabled: isAdmin });
  const waits = isAdmin && count > 0;
  return (
    <Button
      variant="default"
      leftSection={<IconUsersGroup size={15} />}
      renderRoot={(props) => (
        <Link to="/template-shares" search={waits ? { state: "open" } : {}} {...props} />
      )}
    >
      {waits ? t("sharing.requestsOpen", { count, formatted: format.number(count) }) : t("sharing.requests")}
    </Button>
  );
}

/** Looks at the template files now, and says which cannot be used and where. */
function Rescan() {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const { mutate, isPending, data, error } = api.useMutation("post", "/api/v1/templates/scan", {
    onSuccess: () => libraryChanged(cache),
  });
  const { data: faults } = useQuery(templateFaultsQuery);
  const failed = faults?.failed ?? [];
  return (
    <div>
      <Button
        variant="default"
        leftSection={<IconRefresh size={15} />}
        loading={isPending}
        onClick={() => mutate({})}
      >
        {t("templates.rescan")}
      </Button>
      {error && <ProblemNote error={error} />}
      {(data || failed.length > 0) && (
        <p role="status" className="qd-dim" style={{ margin: "6px 0 0", fontSize: "0.8125rem" }}>
          {data && t("templates.loaded", { count: data.loaded })}
          {failed.map((failure) => (
            <span
              key={`${failure.file} ${failure.message}`}
              style={{ display: "block", color: "var(--qd-failed)" }}
            >
              {failure.file}
              {failure.line ? `:${failure.line}` : ""}: {failure.message}
              {failure.served && ` ${t("templates.served", { template: failure.served })}`}
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

interface LibrarySearch {
  q?: string;
  category?: string;
  shelf?: string;
}

/** What says nothing is not in the address. */
function withText(search: LibrarySearch): LibrarySearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value));
}
