// All accounts of the portal: filters in the URL.
import { Button, NativeSelect } from "@mantine/core";
import { IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Account } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { useFormat } from "../../ui/format";
import { LoadMore } from "../../ui/LoadMore";
import { PageHeader } from "../../ui/PageHeader";
import { Panel } from "../../ui/Panel";
import { SearchBox } from "../../ui/SearchBox";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { Ago } from "../../ui/time";
import toolbar from "../../ui/toolbar.module.css";
import { AdminOnly } from "../AdminOnly";
import { AccountBadge } from "./AccountBadge";
import { ACCOUNT_KINDS, ACCOUNT_STATES, ROLES, type UserFilter, userFilterFromSearch } from "./filter";
import { NewUser } from "./NewUser";
import { usersQuery } from "./queries";

const route = getRouteApi("/frame/admin/users");

export function UsersPage() {
  const { t } = useTranslation();
  return (
    <AdminOnly title={t("pages.users")}>
      <Users />
    </AdminOnly>
  );
}

function Users() {
  const { t } = useTranslation();
  const format = useFormat();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const columns = useUserColumns();
  const [making, setMaking] = useState(false);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    usersQuery(filter),
  );
  const users = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const total = data?.pages[0]?.total ?? undefined;
  return (
    <>
      <PageHeader
        title={t("pages.users")}
        beside={total !== undefined && <span className="qd-dim qd-num">{format.number(total)}</span>}
        below={t("users.below")}
        actions={
          <Button leftSection={<IconUserPlus size={16} />} onClick={() => setMaking(true)}>
            {t("users.new")}
          </Button>
        }
      />
      <UserFilters
        filter={filter}
        onChange={(change) =>
          void navigate({
            search: (before) => userFilterFromSearch({ ...before, ...change }),
            replace: true,
          })
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel title={t("users.accounts")} flush>
        {!users && !error && <LoadingRows />}
        {users?.length === 0 && (
          <Empty icon={<IconUsers size={20} />} title={t("users.none")}>
            {t("users.noneAdvice")}
          </Empty>
        )}
        {users && users.length > 0 && (
          <DataTable
            label={t("users.accounts")}
            columns={columns}
            rows={users}
            rowKey={(user) => user.id}
            total={total}
            onOpen={(user) => void open({ to: "/admin/users/$user", params: { user: user.id } })}
          />
        )}
        {hasNextPage && <LoadMore busy={isFetchingNextPage} onMore={() => void fetchNextPage()} />}
      </Panel>
      {making && <NewUser onClose={() => setMaking(false)} />}
    </>
  );
}

interface FiltersProps {
  filter: UserFilter;
  onChange(change: Record<string, string>): void;
}

function UserFilters({ filter, onChange }: FiltersProps) {
  const { t } = useTranslation();
  return (
    <search className={toolbar.toolbar}>
      <SearchBox label={t("users.search")} value={filter.q ?? ""} onChange={(q) => onChange({ q })} />
      <NativeSelect
        aria-label={t("users.columns.role")}
        value={filter.role ?? ""}
        onChange={(event) => onChange({ role: event.currentTarget.value })}
        data={[
          { value: "", label: t("users.anyRole") },
          ...ROLES.map((value) => ({ value, label: t(`roles.${value}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("users.columns.kind")}
        value={filter.kind ?? ""}
        onChange={(event) => onChange({ kind: event.currentTarget.value })}
        data={[
          { value: "", label: t("users.anyKind") },
          ...ACCOUNT_KINDS.map((value) => ({ value, label: t(`users.kinds.${value}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("users.columns.state")}
        value={filter.state ?? ""}
        onChange={(event) => onChange({ state: event.currentTarget.value })}
        data={[
          { value: "", label: t("users.anyState") },
          ...ACCOUNT_STATES.map((value) => ({ value, label: t(`users.states.${value}`) })),
        ]}
      />
    </search>
  );
}

function useUserColumns(): Column<Account>[] {
  const { t } = useTranslation();
  return [
    {
      id: "username",
      header: t("users.columns.username"),
      width: 160,
      cell: (user) => (
        <Link to="/admin/users/$user" params={{ user: user.id }} className="qd-link">
          {user.username}
        </Link>
      ),
    },
    {
      id: "display_name",
      header: t("users.columns.displayName"),
      width: 180,
      minor: true,
      cell: (user) => user.display_name,
    },
    { id: "role", header: t("users.columns.role"), width: 110, cell: (user) => t(`roles.${user.role}`) },
    {
      id: "kind",
      header: t("users.columns.kind"),
      width: 110,
      minor: true,
      cell: (user) => t(`users.kinds.${user.kind}`),
    },
    {
      id: "unix_user",
      header: t("users.columns.unixUser"),
      width: 120,
      minor: true,
      cell: (user) => user.unix_user ?? <span className="qd-dim">–</span>,
    },
    {
      id: "state",
      header: t("users.columns.state"),
      width: 110,
      cell: (user) => <AccountBadge disabled={user.disabled} />,
    },
    {
      id: "seen",
      header: t("users.columns.seen"),
      width: 120,
      align: "end",
      minor: true,
      cell: (user) =>
        user.last_seen_at ? (
          <Ago at={user.last_seen_at} />
        ) : (
          <span className="qd-dim">{t("users.neverSeen")}</span>
        ),
    },
  ];
}
