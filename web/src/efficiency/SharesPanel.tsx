// The person's accounts: fair share, use, and what is left of their limits.
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Share } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { useFormat } from "../ui/format";
import { Meter } from "../ui/Meter";
import { Panel } from "../ui/Panel";
import { StaleNote } from "../ui/states";
import classes from "./efficiency.module.css";
import { hours } from "./hours";
import { sharesQuery } from "./queries";
import { limitsOf } from "./shares";

/** Nothing where the site keeps no accounts, or she has none. */
export function SharesPanel({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(sharesQuery(cluster));
  const own = data?.items.filter((share) => share.mine) ?? [];
  if (!data || own.length === 0) return null;
  return (
    <Panel title={t("shares.title")}>
      <StaleNote asOf={data.as_of} stale={data.stale} reason={data.stale_reason} />
      <div className={classes.meters}>
        {own.map((share) => (
          <Account key={share.account} share={share} all={data.items} />
        ))}
        <p className={classes.quiet}>{t("shares.below")}</p>
      </div>
    </Panel>
  );
}

function Account({ share, all }: { share: Share; all: readonly Share[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  const fairShare = share.fair_share;
  return (
    <div className={classes.account}>
      <h3>{share.account}</h3>
      <p className={classes.quiet}>
        {fairShare === null || fairShare === undefined
          ? t("shares.fairShareUnknown")
          : t("shares.fairShare", { value: format.number(fairShare, 2) })}
        {" · "}
        {t("shares.usage", { hours: hours((share.raw_usage_seconds ?? 0) / 3600, format) })}
      </p>
      {limitsOf(share, all).map(({ balance, of }) => {
        const { resource, limit_minutes: limit, remaining_minutes: left, reserved_minutes: kept } = balance;
        const name = lookUp(`shares.resources.${resource.replace(/^gres\//, "")}`) ?? resource;
        return (
          <div key={`${of.account} ${of.user} ${resource}`} className={classes.limit}>
            <Meter
              label={t("shares.left", { resource: name })}
              value={limit > 0 ? left / limit : 0}
              words={t("shares.leftOf", {
                left: hours(left / 60, format),
                limit: hours(limit / 60, format),
              })}
            />
            <p className={classes.quiet}>
              {[
                of.user === null || of.user === undefined ? t("shares.above", { account: of.account }) : null,
                kept > 0 ? t("shares.reserved", { hours: hours(kept / 60, format) }) : null,
                left === 0 ? t("shares.used") : null,
              ]
                .filter(Boolean)
                .join(" · ")}
            </p>
          </div>
        );
      })}
    </div>
  );
}
