// The CPUs in use over the last day, small; the large picture is a page of its own.
import { Anchor, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFollowUse } from "../live/follow-use";
import { useFormat } from "../ui/format";
import { Panel } from "../ui/Panel";
import { ProblemNote } from "../ui/states";
import { overTimeQuery } from "../use/queries";
import { columnsOf, meanShare } from "../use/series";
import { areasOf } from "./areas";
import classes from "./overview.module.css";

const [WIDTH, HEIGHT] = [300, 56];

export function LastDay({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  useFollowUse(cluster);
  const { data, error, refetch } = useQuery(overTimeQuery(cluster, "day"));
  const share = data && meanShare(data.items, ({ cpus }) => cpus);
  const columns =
    data &&
    columnsOf(data, ({ cpus }) => [cpus.allocated / Math.max(1, cpus.allocated + cpus.idle + cpus.down)]);
  return (
    <Panel
      title={t("cluster.day.title")}
      actions={
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/clusters/$cluster/use" params={{ cluster }} {...props} />}
        >
          {t("pages.use")}
        </Anchor>
      }
    >
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={HEIGHT} />}
      {data && typeof share !== "number" && <p className={classes.everyone}>{t("cluster.day.none")}</p>}
      {data && columns && typeof share === "number" && (
        <svg
          className={classes.day}
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={t("cluster.day.picture", { percent: format.percent(share, 1) })}
        >
          {areasOf(columns, Date.parse(data.since) / 1000, Date.parse(data.until) / 1000, WIDTH, HEIGHT).map(
            (path) => (
              <path key={path} d={path} />
            ),
          )}
        </svg>
      )}
    </Panel>
  );
}
