// What the person was told, the newest first: leads to what each is about, and marks it as read.
import { Anchor, Button } from "@mantine/core";
import {
  IconBell,
  IconCheck,
  IconChecks,
  IconClock,
  IconPlayerPlay,
  IconSettings,
  IconX,
} from "@tabler/icons-react";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Notification } from "../api/types";
import { useUnread } from "../live/follow-notifications";
import { LoadMore } from "../ui/LoadMore";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import type { Tone } from "../ui/StateBadge";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { Moment } from "../ui/time";
import classes from "./notifications.module.css";
import { markAllRead, markRead, notificationsList } from "./queries";
import { jobOf, shareOf, toneOf, useNotificationText } from "./text";

const route = getRouteApi("/frame/notifications");

const ICONS: Record<Tone, ReactNode> = {
  waiting: <IconClock size={16} aria-hidden />,
  running: <IconPlayerPlay size={16} aria-hidden />,
  completed: <IconCheck size={16} aria-hidden />,
  failed: <IconX size={16} aria-hidden />,
  cancelled: <IconX size={16} aria-hidden />,
  unknown: <IconBell size={16} aria-hidden />,
};

export function NotificationsPage() {
  const { t } = useTranslation();
  const { unread = false } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    notificationsList(unread),
  );
  const left = useUnread();
  const all = useMutation({ mutationFn: markAllRead });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHeader
        title={t("notifications.title")}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconChecks size={16} />}
              disabled={left === 0}
              loading={all.isPending}
              onClick={() => all.mutate()}
            >
              {t("notifications.markAll")}
            </Button>
            <Button
              variant="default"
              leftSection={<IconSettings size={16} />}
              renderRoot={(props) => <Link to="/account" search={{ tab: "notifications" }} {...props} />}
            >
              {t("notifications.settings.open")}
            </Button>
          </>
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {all.error && <ProblemNote error={all.error} />}
      <Panel
        title={t("notifications.told")}
        flush
        actions={
          <label className={classes.filter}>
            <input
              type="checkbox"
              checked={unread}
              onChange={({ currentTarget }) =>
                void navigate({ search: currentTarget.checked ? { unread: true } : {}, replace: true })
              }
            />
            {t("notifications.unreadOnly")}
          </label>
        }
      >
        {!data && !error && <LoadingRows rows={8} height={45} />}
        {data && items.length === 0 && (
          <Empty
            icon={<IconBell size={20} />}
            title={t(unread ? "notifications.noneUnread" : "notifications.none")}
          >
            {t("notifications.noneAdvice")}
          </Empty>
        )}
        {items.length > 0 && (
          <ul className={classes.list} aria-label={t("notifications.told")}>
            {items.map((item) => (
              <Row key={item.id} notification={item} />
            ))}
          </ul>
        )}
        {hasNextPage && <LoadMore busy={isFetchingNextPage} onMore={() => void fetchNextPage()} />}
      </Panel>
    </>
  );
}

function Row({ notification }: { notification: Notification }) {
  const { t } = useTranslation();
  const text = useNotificationText();
  const job = jobOf(notification);
  const share = shareOf(notification);
  const failure = text.failure(notification);
  const isNew = notification.read_at == null;
  // That it was read is told by the live channel; where that fails, it stays unread.
  const read = () => {
    if (isNew) void markRead(notification.id).catch(() => undefined);
  };
  return (
    <li className={classes.row} data-unread={isNew || undefined}>
      <span className={classes.icon} data-tone={toneOf(notification)}>
        {ICONS[toneOf(notification)]}
      </span>
      <div className={classes.words}>
        {job ? (
          <Anchor
            className={classes.text}
            renderRoot={(props) => (
              <Link to="/clusters/$cluster/jobs/$job" params={job} {...props} onClick={read} />
            )}
          >
            {text(notification)}
          </Anchor>
        ) : share ? (
          <Anchor
            className={classes.text}
            renderRoot={(props) => (
              <Link to="/template-shares/$share" params={{ share }} {...props} onClick={read} />
            )}
          >
            {text(notification)}
          </Anchor>
        ) : (
          <Anchor
            className={classes.text}
            renderRoot={(props) => <Link to="/account" search={{}} {...props} onClick={read} />}
          >
            {text(notification)}
          </Anchor>
        )}
        {isNew && <span className={classes.hidden}>{t("notifications.unread")}</span>}
        {failure && <p className={classes.failure}>{failure}</p>}
      </div>
      <span className={classes.time}>
        <Moment at={notification.created_at} />
      </span>
      <span className={classes.mark}>
        {isNew && (
          <button
            type="button"
            className={classes.read}
            aria-label={t("notifications.markRead", { what: text(notification) })}
            title={t("notifications.markReadShort")}
            onClick={read}
          >
            <span className={classes.dot} aria-hidden />
          </button>
        )}
      </span>
    </li>
  );
}
