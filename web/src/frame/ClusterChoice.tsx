// Which cluster this is; a choice where there are several.
import { IconChevronDown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { clustersQuery } from "../overview/queries";
import { Menu } from "../ui/Menu";
import classes from "./Frame.module.css";

export function ClusterChoice({ cluster }: { cluster: string | null }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data } = useQuery(clustersQuery);
  const clusters = data?.items ?? [];
  if (!cluster) return null;
  if (clusters.length < 2) {
    return (
      <span className={classes.cluster} title={t("frame.cluster")}>
        {cluster}
      </span>
    );
  }
  return (
    <Menu
      align="start"
      label={t("frame.chooseCluster", { cluster })}
      button={
        <>
          {cluster}
          <IconChevronDown size={14} aria-hidden />
        </>
      }
      buttonClass={classes.cluster}
      items={clusters.map(({ name, scheduler, version }) => ({
        key: name,
        label: (
          <>
            {name}{" "}
            <span className="qd-dim">
              {t(`schedulers.${scheduler}`)} {version}
            </span>
          </>
        ),
        checked: name === cluster,
        onSelect: () => void navigate({ to: "/clusters/$cluster", params: { cluster: name } }),
      }))}
    />
  );
}
