// Where an image lies, then where it lay.
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ImageLocation } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Panel } from "../ui/Panel";
import { Moment } from "../ui/time";
import { DRIFT_ID } from "./DriftPanel";
import { ImageStateBadge } from "./ImageStateBadge";
import classes from "./images.module.css";

interface Props {
  locations: ImageLocation[];
  /** Other hosts have another image where this one lies. */
  drifts: boolean;
}

export function Locations({ locations, drifts }: Props) {
  const { t } = useTranslation();
  const columns = useLocationColumns();
  return (
    <Panel
      title={t("images.locations")}
      hint={
        drifts && (
          <>
            {t("images.drifts")}{" "}
            <Link to="/images" hash={DRIFT_ID} className={`qd-link ${classes.inText}`}>
              {t("images.compare")}
            </Link>
          </>
        )
      }
      flush
    >
      <DataTable
        label={t("images.locations")}
        columns={columns}
        rows={locations}
        rowKey={({ source, cluster, host, path }) => `${source} ${cluster} ${host} ${path}`}
      />
    </Panel>
  );
}

function useLocationColumns(): Column<ImageLocation>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      id: "host",
      header: t("images.columns.node"),
      width: 130,
      cell: ({ host, source, cluster }) => (
        <div className={classes.whole} title={`${cluster}: ${host}`}>
          {source === "own" ? t("images.ownFiles") : host}{" "}
          {source === "server" && <span className="qd-dim">{t("images.portalHost")}</span>}
        </div>
      ),
    },
    {
      id: "path",
      header: t("images.path"),
      width: 222,
      cell: ({ path }) => (
        <div className={classes.whole}>
          <span className="qd-mono">{path}</span>
        </div>
      ),
    },
    {
      id: "size",
      header: t("images.columns.size"),
      width: 80,
      align: "end",
      minor: true,
      cell: ({ size }) => format.bytes(size),
    },
    {
      id: "modified",
      header: t("images.columns.modified"),
      width: 140,
      minor: true,
      cell: (location) => <Moment at={location.modified_at} />,
    },
    {
      id: "seen",
      header: t("images.lastSeen"),
      width: 120,
      minor: true,
      cell: (location) => <Moment at={location.last_seen_at} />,
    },
    {
      id: "state",
      header: t("images.columns.state"),
      width: 254,
      cell: ({ state, gone_at, last_seen_at }) => (
        <div className={classes.whole}>
          <ImageStateBadge state={state} goneAt={gone_at} lastSeenAt={last_seen_at} />
        </div>
      ),
    },
  ];
}
