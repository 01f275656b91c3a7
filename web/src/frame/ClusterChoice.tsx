// Which cluster this is; a choice where there are several.
import { Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { clustersQuery } from "../overview/queries";
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
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className={classes.cluster} aria-label={t("frame.chooseCluster", { cluster })}>
          {cluster}
          <IconChevronDown size={14} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {clusters.map(({ name, scheduler, version }) => (
          <Menu.Item
            key={name}
            aria-current={name === cluster}
            onClick={() => void navigate({ to: "/clusters/$cluster", params: { cluster: name } })}
          >
            {name}{" "}
            <span className="qd-dim">
              {t(`schedulers.${scheduler}`)} {version}
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
