// When which nodes are reserved, for whom or for maintenance: a calendar of a week or a month, and all of them as a list.
import { Button, SegmentedControl } from "@mantine/core";
import { IconCalendarEvent, IconChevronLeft, IconChevronRight, IconTool } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Reservation } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { useFollowReservations } from "../live/follow-reservations";
import { useFormat } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { Badge } from "../ui/StateBadge";
import { Empty, LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import { useNow } from "../ui/use-now";
import {
  addDays,
  CALENDAR_VIEWS,
  type CalendarSearch,
  formatDay,
  parseDay,
  repeatOf,
  startOfDay,
} from "./calendar";
import { type CalendarDay, calendar } from "./calendar-days";
import { reservationsQuery } from "./queries";
import classes from "./reservations.module.css";

const route = getRouteApi("/frame/clusters/$cluster/reservations");

export function ReservationsPage() {
  const { t } = useTranslation();
  const { cluster } = route.useParams();
  useFollowReservations(cluster);
  const { data, error, refetch } = useQuery(reservationsQuery(cluster));
  const repeats = data?.items.some((one) => repeatOf(one) !== null);
  return (
    <>
      <PageHeader title={t("pages.reservations")} />
      <StaleNote asOf={data?.as_of} stale={data?.stale} reason={data?.stale_reason} />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <div className={classes.parts}>
        <Calendar reservations={data?.items ?? []} />
        <Panel title={t("reservations.all")} flush>
          {!data && !error && <LoadingRows rows={3} height={60} />}
          {data?.items.length === 0 && (
            <Empty icon={<IconCalendarEvent size={20} />} title={t("reservations.none")}>
              {t("reservations.noneAdvice")}
            </Empty>
          )}
          {data && data.items.length > 0 && (
            <ul className={classes.list}>
              {[...data.items].sort(byStart).map((reservation) => (
                <ReservationItem key={reservation.name} reservation={reservation} />
              ))}
            </ul>
          )}
          {repeats && <p className={classes.hint}>{t("reservations.more")}</p>}
        </Panel>
      </div>
    </>
  );
}

function byStart(one: Reservation, other: Reservation): number {
  return one.starts_at.localeCompare(other.starts_at) || one.name.localeCompare(other.name);
}

function Calendar({ reservations }: { reservations: Reservation[] }) {
  const { t, i18n } = useTranslation();
  const language = i18n.resolvedLanguage ?? "en";
  const { cluster } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const view = search.view ?? "month";
  const today = startOfDay(new Date());
  const day = (search.day && parseDay(search.day)) || today;
  const days = calendar(reservations, day, view, firstDayOfWeek(language));
  const period = new Intl.DateTimeFormat(
    language,
    view === "week" ? { dateStyle: "medium" } : { year: "numeric", month: "long" },
  );
  const [first, last] = [days[0], days.at(-1)];
  const words =
    view === "week" && first && last ? period.formatRange(first.date, last.date) : period.format(day);
  const moved = (by: 1 | -1) =>
    view === "week" ? addDays(day, 7 * by) : new Date(day.getFullYear(), day.getMonth() + by, 1);
  const to = (date: Date): CalendarSearch => ({ ...search, day: formatDay(date) });
  const step = (by: 1 | -1) => (
    <Button
      variant="default"
      aria-label={t(by < 0 ? "reservations.before" : "reservations.after")}
      renderRoot={(props) => (
        <Link
          to="/clusters/$cluster/reservations"
          params={{ cluster }}
          search={to(moved(by))}
          replace
          {...props}
        />
      )}
    >
      {by < 0 ? <IconChevronLeft size={16} /> : <IconChevronRight size={16} />}
    </Button>
  );
  const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
  const longWeekday = new Intl.DateTimeFormat(language, { weekday: "long" });
  const weeks: CalendarDay[][] = [];
  for (let at = 0; at < days.length; at += 7) weeks.push(days.slice(at, at + 7));
  return (
    <section className={classes.calendar} aria-label={t("reservations.calendar", { period: words })}>
      <div className={classes.head}>
        <h2 className={classes.period} aria-live="polite">
          {words}
        </h2>
        <div className={classes.steps}>
          {step(-1)}
          <Button
            variant="default"
            renderRoot={(props) => (
              <Link
                to="/clusters/$cluster/reservations"
                params={{ cluster }}
                search={{ ...search, day: undefined }}
                replace
                {...props}
              />
            )}
          >
            {t("reservations.today")}
          </Button>
          {step(1)}
          <SegmentedControl
            aria-label={t("reservations.view")}
            size="xs"
            value={view}
            onChange={(value) =>
              void navigate({
                search: (before) => ({ ...before, view: value === "week" ? "week" : undefined }),
                replace: true,
              })
            }
            data={CALENDAR_VIEWS.map((value) => ({
              value,
              label: t(`reservations.views.${value}`),
            }))}
          />
        </div>
      </div>
      <table className={classes.table} data-view={view}>
        <thead>
          <tr>
            {days.slice(0, 7).map(({ date }) => (
              <th key={date.getDay()} scope="col" abbr={longWeekday.format(date)}>
                {weekday.format(date)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0]?.date.getTime()}>
              {week.map((one) => (
                <Day key={one.date.getTime()} day={one} today={one.date.getTime() === today.getTime()} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Day({ day, today }: { day: CalendarDay; today: boolean }) {
  const { t, i18n } = useTranslation();
  const language = i18n.resolvedLanguage ?? "en";
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const whole = new Intl.DateTimeFormat(language, { dateStyle: "full" });
  const next = addDays(day.date, 1);
  const time = (from: Date, to: Date) => {
    const [begins, ends] = [from >= day.date, to <= next];
    if (begins && ends)
      return `${clock.format(from)}–${to.getTime() === next.getTime() ? "24:00" : clock.format(to)}`;
    if (begins) return `${clock.format(from)} →`;
    return ends ? `→ ${clock.format(to)}` : "→";
  };
  return (
    <td data-outside={day.outside || undefined} data-today={today || undefined}>
      <time
        className={classes.date}
        dateTime={formatDay(day.date)}
        title={whole.format(day.date)}
        aria-current={today ? "date" : undefined}
      >
        {day.date.getDate()}
      </time>
      {day.occurrences.length > 0 && (
        <ul className={classes.chips}>
          {day.occurrences.map(({ reservation, from, to, expected }) => (
            <li key={`${reservation.name} ${from.getTime()}`}>
              <a
                href={`#${anchorOf(reservation)}`}
                className={classes.chip}
                data-maintenance={reservation.is_maintenance || undefined}
                data-expected={expected || undefined}
                title={`${reservation.name}${reservation.is_maintenance ? ` (${t("reservations.maintenance")})` : ""}`}
              >
                {reservation.is_maintenance && <IconTool size={12} aria-hidden />}
                <span className={classes.chipTime}>{time(from, to)}</span>
                <span>{reservation.name}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </td>
  );
}

function ReservationItem({ reservation }: { reservation: Reservation }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  const now = useNow();
  const { starts_at, ends_at, node_count: count, nodes, users, accounts } = reservation;
  const repeat = repeatOf(reservation);
  const [from, to] = [Date.parse(starts_at), Date.parse(ends_at)];
  const phase = to <= now ? "over" : from <= now ? "active" : "ahead";
  const forWhom = [
    users.length > 0 && t("reservations.users", { names: users.join(", ") }),
    accounts.length > 0 && t("reservations.accounts", { names: accounts.join(", ") }),
  ].filter(Boolean);
  return (
    <li id={anchorOf(reservation)} className={classes.item}>
      <div className={classes.itemHead}>
        <strong>{reservation.name}</strong>
        {reservation.is_maintenance && (
          <Badge tone="waiting" icon={<IconTool size={14} />} title="MAINT">
            {t("reservations.maintenance")}
          </Badge>
        )}
        <Badge
          tone={phase === "active" ? "running" : phase === "over" ? "completed" : "unknown"}
          icon={phase === "ahead" ? <IconCalendarEvent size={14} /> : undefined}
        >
          {t(`reservations.${phase}`)}
        </Badge>
        {phase === "ahead" && <span className="qd-dim">{format.ago(starts_at, now)}</span>}
      </div>
      <dl className={classes.facts}>
        <div>
          <dt>{t("reservations.columns.when")}</dt>
          <dd>
            {t("reservations.fromTo", {
              from: format.shortMoment(starts_at),
              to: format.shortMoment(ends_at),
            })}{" "}
            ({format.duration((to - from) / 1000)}
            {repeat && `, ${lookUp(`reservations.repeats.${repeat}`) ?? repeat}`})
          </dd>
        </div>
        <div>
          <dt>{t("reservations.columns.nodes")}</dt>
          <dd>
            {nodes
              ? t("reservations.nodes", { count, formatted: format.number(count), names: nodes })
              : t("reservations.licences")}
          </dd>
        </div>
        <div>
          <dt>{t("reservations.columns.who")}</dt>
          <dd>{reservation.is_maintenance ? t("reservations.nobody") : forWhom.join(" · ") || "–"}</dd>
        </div>
      </dl>
    </li>
  );
}

/** Names may hold anything. */
function anchorOf({ name }: Reservation): string {
  return `reservation-${encodeURIComponent(name)}`;
}

/** 0 is Sunday. */
function firstDayOfWeek(language: string): number {
  const locale = new Intl.Locale(language) as Intl.Locale & {
    getWeekInfo?(): { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (locale.getWeekInfo?.() ?? locale.weekInfo ?? { firstDay: 7 }).firstDay % 7;
}
