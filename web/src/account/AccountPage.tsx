// My account: who I am here, my sessions, what I am told, my keys, my password.
import { Tabs } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useUser } from "../auth/use-session";
import { ACCOUNT_TABS, type AccountTab } from "../router";
import { PageHeader } from "../ui/PageHeader";
import { LoadingRows } from "../ui/states";
import classes from "./account.module.css";
import { Keys } from "./Keys";
import { Password } from "./Password";
import { Sessions } from "./Sessions";

const NotificationSettings = lazy(() =>
  import("../notifications/settings/SettingsTab").then((module) => ({ default: module.SettingsTab })),
);

const route = getRouteApi("/frame/account");

export function AccountPage() {
  const { t } = useTranslation();
  const user = useUser();
  const { tab = "sessions" } = route.useSearch();
  const navigate = route.useNavigate();
  if (!user) return null;
  const facts = [
    user.display_name,
    user.username,
    ...user.roles.map((role) => t(`roles.${role}`)),
    user.unix_user ? t("frame.unixUser", { user: user.unix_user }) : t("account.noUnixUser"),
  ];
  return (
    <>
      <PageHeader title={t("pages.account")} below={[...new Set(facts)].join(" · ")} />
      {!user.unix_user && (
        <p className={classes.hint}>
          <IconInfoCircle size={16} aria-hidden />
          <span>{t("account.noUnixUserMeans")}</span>
        </p>
      )}
      <Tabs
        value={tab}
        onChange={(value) => void navigate({ search: { tab: value as AccountTab }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          {ACCOUNT_TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`account.tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="sessions">
          <Sessions />
        </Tabs.Panel>
        <Tabs.Panel value="notifications">
          <Suspense fallback={<LoadingRows rows={6} height={36} />}>
            <NotificationSettings />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <Keys />
        </Tabs.Panel>
        <Tabs.Panel value="password">
          <Password />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
