// One account: who it is, what it may do, its sessions and its keys.
import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Account } from "../../api/types";
import { useUser } from "../../auth/use-session";
import { PageHeader } from "../../ui/PageHeader";
import { Panel } from "../../ui/Panel";
import { Properties } from "../../ui/Properties";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { Ago, Moment } from "../../ui/time";
import { AdminOnly } from "../AdminOnly";
import classes from "../admin.module.css";
import { AccountBadge } from "./AccountBadge";
import { ChangeUser } from "./ChangeUser";
import { userQuery } from "./queries";
import { UserActions } from "./UserActions";
import { UserKeys } from "./UserKeys";
import { UserSessions } from "./UserSessions";

const route = getRouteApi("/frame/admin/users/$user");

export function UserPage() {
  const { t } = useTranslation();
  return (
    <AdminOnly title={t("users.one")}>
      <UserById />
    </AdminOnly>
  );
}

function UserById() {
  const { t } = useTranslation();
  const { user: id } = route.useParams();
  const { data: user, error, refetch } = useQuery(userQuery(id));
  return (
    <>
      <PageHeader
        title={user?.username ?? t("users.one")}
        above={
          <Anchor size="sm" renderRoot={(props) => <Link to="/admin/users" {...props} />}>
            {t("pages.users")}
          </Anchor>
        }
        beside={user && <AccountBadge disabled={user.disabled} />}
        below={user && user.display_name !== user.username && user.display_name}
        actions={user && <UserActions user={user} />}
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!user && !error && <LoadingRows />}
      {user && <UserBody user={user} />}
    </>
  );
}

function UserBody({ user }: { user: Account }) {
  const { t } = useTranslation();
  const isOwn = useUser()?.id === user.id;
  return (
    <div className={classes.page}>
      <Panel title={t("users.about")}>
        <Properties
          items={[
            { name: t("users.columns.role"), value: t(`roles.${user.role}`) },
            { name: t("users.columns.kind"), value: t(`users.kinds.${user.kind}`) },
            { name: t("users.columns.unixUser"), value: user.unix_user ?? t("users.noUnixUser") },
            { name: t("users.created"), value: <Moment at={user.created_at} /> },
            {
              name: t("users.columns.seen"),
              value: user.last_seen_at ? <Ago at={user.last_seen_at} /> : t("users.neverSeen"),
            },
            {
              name: t("pages.audit"),
              value: (
                <Link to="/admin/audit" search={{ actor: user.username }} className="qd-link">
                  {t("users.deeds")}
                </Link>
              ),
            },
          ]}
        />
      </Panel>
      <Panel title={t("users.change")}>
        {/* Begins anew with what another administrator saved. */}
        <ChangeUser key={JSON.stringify(user)} user={user} isOwn={isOwn} />
      </Panel>
      {user.kind === "person" && <UserSessions user={user} />}
      <UserKeys user={user} />
    </div>
  );
}
