// What stays around every page: navigation at the left, the cluster's and the person's things on top.
import { Burger, Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFollowJobs } from "../live/follow-jobs";
import mark from "../ui/mark.svg";
import { AccountMenu, LanguageMenu, SchemeMenu } from "./account";
import { ClusterChoice } from "./ClusterChoice";
import { useCurrentCluster } from "./current-cluster";
import classes from "./Frame.module.css";
import { LiveMark } from "./LiveMark";
import { Navigation } from "./Navigation";

export function Frame() {
  const { t } = useTranslation();
  const cluster = useCurrentCluster();
  const [drawerOpen, drawer] = useDisclosure();
  useFollowJobs(cluster);
  return (
    <div className={classes.frame}>
      <a href="#content" className={classes.skip}>
        {t("frame.skip")}
      </a>
      <aside className={classes.rail}>
        <Brand />
        <Navigation cluster={cluster} />
      </aside>
      <Drawer
        opened={drawerOpen}
        onClose={drawer.close}
        size={260}
        padding="sm"
        title={<Brand />}
        closeButtonProps={{ "aria-label": t("common.close") }}
      >
        <Navigation cluster={cluster} onChosen={drawer.close} />
      </Drawer>
      <header className={classes.top}>
        <Burger
          className={classes.burger}
          size="sm"
          opened={drawerOpen}
          onClick={drawer.open}
          aria-label={t("frame.menu")}
        />
        <ClusterChoice cluster={cluster} />
        <LiveMark cluster={cluster} />
        <div className={classes.end}>
          <LanguageMenu />
          <SchemeMenu />
          <AccountMenu />
        </div>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className={classes.brand}>
      <img src={mark} width={22} height={22} alt="" />
      Quarterdeck
    </Link>
  );
}
