// The ways to every page.
import {
  IconBox,
  IconCalendarEvent,
  IconChartAreaLine,
  IconClipboardList,
  IconFolder,
  IconGauge,
  IconHourglass,
  IconListDetails,
  IconPlus,
  IconServer2,
  IconStack2,
  IconTemplate,
  IconUpload,
  IconUsers,
} from "@tabler/icons-react";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useIsAdmin } from "../auth/use-session";
import classes from "./Frame.module.css";

interface Props {
  cluster: string | null;
  onChosen?(): void;
}

export function Navigation({ cluster, onChosen }: Props) {
  const { t } = useTranslation();
  const isAdmin = useIsAdmin();
  const entry = (label: string, icon: ReactNode, link: LinkProps, exact = false) => (
    <li>
      <Link
        {...link}
        className={classes.navLink}
        activeOptions={{ exact, includeSearch: false }}
        onClick={onChosen}
      >
        {icon}
        {label}
      </Link>
    </li>
  );
  return (
    <nav className={classes.nav} aria-label={t("frame.navigation")}>
      {cluster && (
        <ul>
          {entry(
            t("overview.title"),
            <IconGauge size={17} />,
            { to: "/clusters/$cluster", params: { cluster } },
            true,
          )}
          {entry(t("pages.jobs"), <IconListDetails size={17} />, {
            to: "/clusters/$cluster/jobs",
            params: { cluster },
          })}
          {entry(t("pages.newJob"), <IconPlus size={17} />, {
            to: "/clusters/$cluster/new-job",
            params: { cluster },
          })}
        </ul>
      )}
      <div className={classes.navHead}>{t("frame.library")}</div>
      <ul>
        {entry(t("pages.templates"), <IconTemplate size={17} />, { to: "/templates" })}
        {entry(t("pages.images"), <IconBox size={17} />, { to: "/images" })}
      </ul>
      <div className={classes.navHead}>{t("frame.data")}</div>
      <ul>
        {entry(t("pages.uploads"), <IconUpload size={17} />, { to: "/uploads" })}
        {entry(t("pages.files"), <IconFolder size={17} />, {
          to: "/files/$space",
          params: { space: "home" },
        })}
      </ul>
      {cluster && (
        <>
          <div className={classes.navHead}>{t("frame.cluster")}</div>
          <ul>
            {entry(t("pages.nodes"), <IconServer2 size={17} />, {
              to: "/clusters/$cluster/nodes",
              params: { cluster },
            })}
            {entry(t("pages.partitions"), <IconStack2 size={17} />, {
              to: "/clusters/$cluster/partitions",
              params: { cluster },
            })}
            {entry(t("pages.reservations"), <IconCalendarEvent size={17} />, {
              to: "/clusters/$cluster/reservations",
              params: { cluster },
            })}
            {entry(t("pages.use"), <IconChartAreaLine size={17} />, {
              to: "/clusters/$cluster/use",
              params: { cluster },
            })}
          </ul>
        </>
      )}
      {isAdmin && (
        <>
          <div className={classes.navHead}>{t("frame.admin")}</div>
          <ul>
            {entry(t("pages.users"), <IconUsers size={17} />, { to: "/admin/users" })}
            {entry(t("pages.audit"), <IconClipboardList size={17} />, { to: "/admin/audit" })}
            {entry(t("pages.limits"), <IconHourglass size={17} />, { to: "/admin/limits" })}
          </ul>
        </>
      )}
    </nav>
  );
}
