// What stays around every page: navigation at the left, the cluster's and the person's things on top.
import { useDisclosure } from "@mantine/hooks";
import { IconMenu2 } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useReusedSession } from "../account/notices";
import { useUser } from "../auth/use-session";
import { useFollowJobs } from "../live/follow-jobs";
import { useFollowNotifications } from "../live/follow-notifications";
import mark from "../ui/mark.svg";
import { AccountMenu, LanguageMenu, SchemeMenu } from "./account";
import { ClusterChoice } from "./ClusterChoice";
import { useCurrentCluster } from "./current-cluster";
import classes from "./Frame.module.css";
import { LiveMark } from "./LiveMark";
import { Navigation } from "./Navigation";
import { NotificationBell } from "./NotificationBell";
import { SecurityBanner } from "./SecurityBanner";
import { WaitingNote } from "./WaitingNote";

const NavigationDrawer = lazy(() =>
  import("./NavigationDrawer").then((module) => ({ default: module.NavigationDrawer })),
);

/** Another person begins with nothing of the last one's. */
export function Frame() {
  return <FrameOfPerson key={useUser()?.id} />;
}

function FrameOfPerson() {
  const { t } = useTranslation();
  const cluster = useCurrentCluster();
  const [wasOpened, setWasOpened] = useState(false);
  const [drawerOpen, drawer] = useDisclosure(false, { onOpen: () => setWasOpened(true) });
  const { reused, dismiss } = useReusedSession();
  const content = useRef<HTMLElement>(null);
  useFollowJobs(cluster);
  useFollowNotifications();
  return (
    <div className={classes.frame}>
      <a href="#content" className={classes.skip}>
        {t("frame.skip")}
      </a>
      <aside className={classes.rail}>
        <Brand />
        <Navigation cluster={cluster} />
      </aside>
      {wasOpened && (
        <Suspense>
          <NavigationDrawer cluster={cluster} title={<Brand />} opened={drawerOpen} onClose={drawer.close} />
        </Suspense>
      )}
      <header className={classes.top}>
        <button
          type="button"
          className={`${classes.tool} ${classes.burger}`}
          aria-label={t("frame.menu")}
          aria-expanded={drawerOpen}
          onClick={drawer.open}
        >
          <IconMenu2 size={20} aria-hidden />
        </button>
        <ClusterChoice cluster={cluster} />
        <LiveMark cluster={cluster} />
        <div className={classes.end}>
          <NotificationBell />
          <LanguageMenu />
          <SchemeMenu />
          <AccountMenu marked={reused !== null} />
        </div>
      </header>
      {reused && (
        <SecurityBanner
          reused={reused}
          onDismiss={() => {
            dismiss();
            // The button that had it is gone.
            content.current?.focus();
          }}
        />
      )}
      <main ref={content} id="content" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
      <WaitingNote />
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
