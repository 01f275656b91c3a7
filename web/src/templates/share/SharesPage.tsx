// The templates that users offered to everybody: administrators see everybody's, others their own.
import { Anchor, NativeSelect } from "@mantine/core";
import { IconUsersGroup } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { TemplateShare } from "../../api/types";
import { useIsAdmin } from "../../auth/use-session";
import { useFollowTemplates } from "../../live/follow-templates";
import { type Column, DataTable } from "../../ui/DataTable";
import { LoadMore } from "../../ui/LoadMore";
import { PageHeader } from "../../ui/PageHeader";
import { Panel } from "../../ui/Panel";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { Moment } from "../../ui/time";
import toolbar from "../../ui/toolbar.module.css";
import { SHARE_STATES, sharesQuery } from "./queries";
import { ShareStateBadge } from "./ShareStateBadge";

const route = getRouteApi("/frame/template-shares");

export function SharesPage() {
  const { t } = useTranslation();
  const isAdmin = useIsAdmin();
  const { state: asked } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  useFollowTemplates();
  const state = SHARE_STATES.find((known) => known === asked) ?? null;
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    sharesQuery(state),
  );
  const isOpen = state === "open";
  const shares = data?.pages.flatMap((page) => page.items);
  const author: Column<TemplateShare> = {
    id: "author",
    header: t("sharing.columns.author"),
    width: 130,
    cell: (share) => share.author,
  };
  const columns: Column<TemplateShare>[] = [
    {
      id: "template",
      header: t("sharing.columns.template"),
      width: 220,
      cell: (share) => (
        <Link to="/template-shares/$share" params={{ share: share.id }} className="qd-link">
          {share.template}
        </Link>
      ),
    },
    {
      id: "version",
      header: t("templates.columns.version"),
      width: 90,
      minor: true,
      cell: (share) => <span className="qd-mono">{share.version}</span>,
    },
    ...(isAdmin ? [author] : []),
    {
      id: "note",
      header: t("sharing.columns.note"),
      width: 300,
      minor: true,
      cell: (share) => <span title={share.note}>{share.note}</span>,
    },
    {
      id: "state",
      header: t("sharing.columns.state"),
      width: 140,
      cell: (share) => <ShareStateBadge state={share.state} />,
    },
    {
      id: "when",
      header: t("sharing.columns.when"),
      width: 120,
      cell: (share) => <Moment at={share.asked_at} />,
    },
  ];
  return (
    <>
      <PageHeader
        title={t("sharing.requests")}
        above={
          <Anchor size="sm" renderRoot={(props) => <Link to="/templates" {...props} />}>
            {t("pages.templates")}
          </Anchor>
        }
        below={t(isAdmin ? "sharing.below" : "sharing.belowOwn")}
      />
      <div className={toolbar.toolbar}>
        <NativeSelect
          aria-label={t("sharing.columns.state")}
          value={state ?? ""}
          onChange={({ currentTarget: { value } }) =>
            void navigate({ search: value ? { state: value } : {}, replace: true })
          }
          data={[
            { value: "", label: t("sharing.anyState") },
            // Of others' that were taken back nothing is told.
            ...SHARE_STATES.filter((one) => !(isAdmin && one === "taken-back")).map((value) => ({
              value,
              label: t(`sharing.states.${value}`),
            })),
          ]}
        />
      </div>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel title={t("sharing.list")} flush>
        {!shares && !error && <LoadingRows />}
        {shares?.length === 0 && (
          <Empty
            icon={<IconUsersGroup size={20} />}
            title={isOpen ? t("sharing.noneOpen") : t(isAdmin ? "sharing.none" : "sharing.noneOwn")}
          >
            {t(isAdmin ? "sharing.noneAdvice" : "sharing.noneAdviceOwn")}
          </Empty>
        )}
        {shares && shares.length > 0 && (
          <DataTable
            label={t("sharing.list")}
            columns={columns}
            rows={shares}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void open({ to: "/template-shares/$share", params: { share: id } })}
          />
        )}
        {hasNextPage && <LoadMore busy={isFetchingNextPage} onMore={() => void fetchNextPage()} />}
      </Panel>
    </>
  );
}
