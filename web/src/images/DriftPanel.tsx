// Paths at which hosts of a cluster have different images, with these side by side. Nothing where there is none.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { DriftedImage, ImageDrift } from "../api/types";
import { useFormat } from "../ui/format";
import { Panel } from "../ui/Panel";
import { Properties } from "../ui/Properties";
import { ProblemNote } from "../ui/states";
import { Moment } from "../ui/time";
import { Identity } from "./Identity";
import classes from "./images.module.css";
import { driftQuery } from "./queries";

export const DRIFT_ID = "drift";
/** Of the hosts that have an image, so many by name. */
const HOSTS_NAMED = 12;

export function DriftPanel() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(driftQuery);
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data || data.items.length === 0) return null;
  const clusters = new Set(data.items.map(({ cluster }) => cluster));
  return (
    <div id={DRIFT_ID} className={classes.drift}>
      <Panel title={t("images.drift")}>
        <p className={classes.quiet}>{t("images.driftAdvice")}</p>
        {data.items.map((drift) => (
          <DriftedPath key={`${drift.cluster} ${drift.path}`} drift={drift} ofSeveral={clusters.size > 1} />
        ))}
        {data.next_cursor && <p className={classes.quiet}>{t("images.driftMore")}</p>}
      </Panel>
    </div>
  );
}

function DriftedPath({ drift, ofSeveral }: { drift: ImageDrift; ofSeveral: boolean }) {
  return (
    <section className={classes.driftedPath} aria-label={drift.path}>
      <h3 className={classes.path}>
        <span className="qd-mono">{drift.path}</span>{" "}
        {ofSeveral && <span className="qd-dim">{drift.cluster}</span>}
      </h3>
      <ul className={classes.sideBySide}>
        {drift.images.map((image) => (
          <Drifted key={image.id} image={image} />
        ))}
      </ul>
    </section>
  );
}

function Drifted({ image }: { image: DriftedImage }) {
  const { t } = useTranslation();
  const format = useFormat();
  const named = image.hosts.slice(0, HOSTS_NAMED).join(", ");
  const more = image.hosts.length - HOSTS_NAMED;
  const hosts = more > 0 ? t("images.andMore", { hosts: named, count: more }) : named;
  return (
    <li className={classes.drifted}>
      <Link
        to="/images/$image"
        params={{ image: image.id }}
        className="qd-link"
        // The file's name, which is the same on each host.
        aria-label={t("images.onHostsNamed", { name: image.name, hosts })}
      >
        {image.name}
      </Link>
      {image.problem && <p className={classes.problem}>{image.problem}</p>}
      <Properties
        items={[
          { name: t("images.hosts"), value: hosts, wide: true },
          { name: t("images.columns.version"), value: image.version ?? null },
          { name: t("images.columns.size"), value: format.bytes(image.size) },
          { name: t("images.built"), value: image.created_at ? <Moment at={image.created_at} /> : null },
          { name: t("images.identity"), value: <Identity identity={image.identity} />, wide: true },
        ]}
      />
    </li>
  );
}
