// All that is known of one event.
import { useTranslation } from "react-i18next";
import type { AuditEvent } from "../../api/types";
import { CodeView, CopyButton } from "../../ui/CodeView";
import { useFormat } from "../../ui/format";
import { Properties } from "../../ui/Properties";
import classes from "./audit.module.css";

export function AuditEventDetail({ event }: { event: AuditEvent }) {
  const { t } = useTranslation();
  const format = useFormat();
  const hasDetail = Object.keys(event.detail).length > 0;
  const ids: [string, string | null | undefined][] = [
    [t("audit.columns.object"), event.object],
    [t("audit.requestId"), event.request_id],
    [t("audit.actorId"), event.actor_id],
    [t("audit.sessionId"), event.session_id],
    [t("audit.keyId"), event.key_id],
  ];
  return (
    <div className={classes.detail}>
      <Properties
        items={[
          { name: t("audit.columns.at"), value: format.moment(event.at) },
          {
            name: t("audit.concluded"),
            value: event.concluded_at ? format.moment(event.concluded_at) : null,
          },
          { name: t("audit.action"), value: <span className="qd-mono">{event.action}</span> },
          { name: t("audit.jobId"), value: event.job_id },
          { name: t("audit.columns.address"), value: event.address },
          { name: t("users.columns.unixUser"), value: event.unix_user },
          { name: t("audit.place"), value: event.seq ?? t("audit.noPlace") },
        ]}
      />
      <dl className={classes.ids}>
        {ids.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <span className="qd-mono">{value}</span>
                  <CopyButton text={value} />
                </dd>
              </div>
            ),
        )}
      </dl>
      {hasDetail && (
        <CodeView code={JSON.stringify(event.detail, null, 2)} label={t("audit.detail")} maxHeight={260} />
      )}
    </div>
  );
}
