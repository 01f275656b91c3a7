// What one should know before one looks at figures: a maintenance that is near, and what one's jobs wait for.
import { IconClock, IconTool } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Overview } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { useFollowReservations } from "../live/follow-reservations";
import { nextMaintenance } from "../reservations/calendar";
import { reservationsQuery } from "../reservations/queries";
import { useFormat } from "../ui/format";
import { useNow } from "../ui/use-now";
import classes from "./overview.module.css";

/** So long before it begins it concerns jobs that are submitted now. */
const AHEAD_MS = 14 * 86_400_000;

/** Nothing where there is none. */
export function MaintenanceNote({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  useFollowReservations(cluster);
  const { data } = useQuery(reservationsQuery(cluster));
  const now = useNow();
  const next = nextMaintenance(data?.items ?? [], new Date(now), new Date(now + AHEAD_MS));
  if (!next) return null;
  const { reservation, from, to } = next;
  const [begins, ends] = [from.toISOString(), to.toISOString()];
  const count = reservation.node_count;
  return (
    <div className={classes.note} data-tone="waiting" role="status">
      <IconTool size={17} aria-hidden />
      <p>
        <Link to="/clusters/$cluster/reservations" params={{ cluster }} className={classes.noteLink}>
          {from.getTime() <= now
            ? t("cluster.maintenance.now", { name: reservation.name, time: format.shortMoment(ends) })
            : t("cluster.maintenance.soon", {
                name: reservation.name,
                ago: format.ago(begins, now),
                time: format.shortMoment(begins),
                duration: format.duration((to.getTime() - from.getTime()) / 1000),
              })}
        </Link>{" "}
        {t("cluster.maintenance.nodes", { count, formatted: format.number(count) })}
      </p>
    </div>
  );
}

/** Nothing where none of her jobs waits. */
export function MyWaiting({ cluster, waiting }: { cluster: string; waiting: Overview["waiting"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  if (!waiting) return null;
  const { jobs, next_start_at: start, reason } = waiting;
  const word = reason && reason !== "None" ? reason : null;
  // "ReqNodeNotAvail, UnavailableNodes:c1"
  const kind = word?.split(/[,(]/)[0];
  return (
    <div className={classes.note} role="status">
      <IconClock size={17} aria-hidden />
      <p>
        <Link
          to="/clusters/$cluster/jobs"
          params={{ cluster }}
          search={{ mine: true, group: "waiting" }}
          className={classes.noteLink}
        >
          {t("cluster.waiting.jobs", { count: jobs, formatted: format.number(jobs) })}
        </Link>{" "}
        {start && t("cluster.waiting.start", { time: format.shortMoment(start) })}{" "}
        {word &&
          t("cluster.waiting.why", {
            reason: lookUp(`cluster.waiting.reasons.${kind}`) ?? word,
          })}
      </p>
    </div>
  );
}
