// Who did what to what, when, from where, with which result: filters and the open event in the URL.
import { Button } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconClipboardList, IconRefresh } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { AuditEvent } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { LoadMore } from "../../ui/LoadMore";
import { PageHeader } from "../../ui/PageHeader";
import { Panel } from "../../ui/Panel";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { Moment } from "../../ui/time";
import { AdminOnly } from "../AdminOnly";
import { AuditEventDetail } from "./AuditEventDetail";
import { AuditFilters } from "./AuditFilters";
import { useActionName } from "./actions";
import classes from "./audit.module.css";
import { ExportAudit } from "./ExportAudit";
import { type AuditSearch, auditFromSearch, filterOf } from "./filter";
import { auditQuery } from "./queries";
import { ResultBadge } from "./ResultBadge";
import { useVerifyAudit, VerifyButton, VerifyReport } from "./VerifyAudit";

const route = getRouteApi("/frame/admin/audit");

export function AuditPage() {
  const { t } = useTranslation();
  return (
    <AdminOnly title={t("pages.audit")}>
      <Audit />
    </AdminOnly>
  );
}

function Audit() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = filterOf(search);
  const columns = useEventColumns(search.event);
  const verify = useVerifyAudit();
  const { data, error, refetch, isRefetching, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(auditQuery(filter));
  const events = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const filtered = Object.keys(filter).length > 0;
  const toggle = (event: AuditEvent) =>
    void navigate({
      search: (before) =>
        auditFromSearch({ ...before, event: before.event === event.id ? undefined : event.id }),
      replace: true,
    });
  return (
    <>
      <PageHeader
        title={t("pages.audit")}
        below={t("audit.below")}
        actions={
          <>
            <VerifyButton verify={verify} />
            <ExportAudit filter={filter} />
          </>
        }
      />
      <VerifyReport verify={verify} />
      <AuditFilters
        filter={filter}
        onChange={(change) =>
          void navigate({ search: (before) => auditFromSearch({ ...before, ...change }), replace: true })
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel
        title={t("audit.events")}
        hint={t("audit.newestFirst")}
        actions={
          <Button
            variant="default"
            size="compact-xs"
            leftSection={<IconRefresh size={14} />}
            loading={isRefetching && !isFetchingNextPage}
            onClick={() => void refetch()}
          >
            {t("audit.readAgain")}
          </Button>
        }
        flush
      >
        {!events && !error && <LoadingRows rows={12} height={35} />}
        {events?.length === 0 && (
          <Empty
            icon={<IconClipboardList size={20} />}
            title={filtered ? t("audit.noneMatch") : t("audit.none")}
            actions={
              filtered && (
                <Button variant="default" onClick={() => void navigate({ search: {}, replace: true })}>
                  {t("jobs.clearFilters")}
                </Button>
              )
            }
          />
        )}
        {events && events.length > 0 && (
          <DataTable
            label={t("audit.events")}
            columns={columns}
            rows={events}
            rowKey={(event) => event.id}
            onOpen={toggle}
            detail={(event) => event.id === search.event && <AuditEventDetail event={event} />}
          />
        )}
        {hasNextPage && <LoadMore busy={isFetchingNextPage} onMore={() => void fetchNextPage()} />}
      </Panel>
    </>
  );
}

function useEventColumns(open: string | undefined): Column<AuditEvent>[] {
  const { t } = useTranslation();
  const actionName = useActionName();
  return [
    {
      id: "at",
      header: t("audit.columns.at"),
      width: 138,
      cell: (event) => {
        const isOpen = event.id === open;
        const Icon = isOpen ? IconChevronDown : IconChevronRight;
        return (
          <Link
            to="/admin/audit"
            search={(before: AuditSearch) =>
              auditFromSearch({ ...before, event: isOpen ? undefined : event.id })
            }
            replace
            className={classes.opener}
            aria-expanded={isOpen}
          >
            <Icon size={14} aria-hidden />
            <Moment at={event.at} />
          </Link>
        );
      },
    },
    {
      id: "actor",
      header: t("audit.columns.actor"),
      width: 108,
      cell: (event) => <Actor actor={event.actor} />,
    },
    {
      id: "action",
      header: t("audit.columns.action"),
      width: 180,
      cell: (event) => <span title={event.action}>{actionName(event.action)}</span>,
    },
    {
      id: "object",
      header: t("audit.columns.object"),
      width: 220,
      minor: true,
      cell: (event) => <span title={event.object}>{event.object || <span className="qd-dim">–</span>}</span>,
    },
    {
      id: "result",
      header: t("audit.columns.result"),
      width: 172,
      cell: (event) => <ResultBadge result={event.result} />,
    },
    {
      id: "address",
      header: t("audit.columns.address"),
      width: 124,
      minor: true,
      cell: (event) => <span className="qd-mono">{event.address || "–"}</span>,
    },
  ];
}

function Actor({ actor }: { actor: string }) {
  const { t } = useTranslation();
  if (actor === "") return <span className="qd-dim">{t("audit.stranger")}</span>;
  if (actor === "(server)") return <span className="qd-dim">{t("audit.server")}</span>;
  if (actor === "(command line)") return <span className="qd-dim">{t("audit.commandLine")}</span>;
  return actor;
}
