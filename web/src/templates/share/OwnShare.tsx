// On the page of a template of one's own: what became of it when one shared it last.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Template } from "../../api/types";
import { useFormat } from "../../ui/format";
import { Panel } from "../../ui/Panel";
import { ProblemNote } from "../../ui/states";
import { lastShareQuery } from "./queries";
import { ShareStateBadge } from "./ShareStateBadge";
import classes from "./share.module.css";
import { TakeBack } from "./TakeBack";

export function OwnShare({ template }: { template: Template }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data: share, error, refetch } = useQuery(lastShareQuery(template.id));
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!share || share.state === "taken-back") return null;
  const isOpen = share.state === "open";
  return (
    <Panel
      title={t("sharing.shared")}
      hint={<ShareStateBadge state={share.state} />}
      actions={isOpen && <TakeBack share={share} />}
    >
      <div className={classes.told}>
        <p>
          {t(`sharing.became.${share.state}`, {
            version: share.version,
            template: share.template,
            by: share.decided_by ?? "",
            time: format.moment(share.decided_at ?? share.asked_at),
          })}
        </p>
        {share.reason && <blockquote className={classes.words}>{share.reason}</blockquote>}
        <p>
          <Link to="/template-shares/$share" params={{ share: share.id }} className="qd-link">
            {t("sharing.look")}
          </Link>
        </p>
        {isOpen && share.template === share.own_template && share.hash !== template.hash && (
          <p className="qd-dim">{t("sharing.changedSince")}</p>
        )}
      </div>
    </Panel>
  );
}
