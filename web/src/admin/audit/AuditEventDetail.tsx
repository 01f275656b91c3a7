// All that is known of one event.
import { useTranslation } from "react-i18next";
import { CodeView, CopyButton } from "../../ui/CodeView";
import { useFormat } from "../../ui/format";
import { Properties } from "../../ui/Properties";
import classes from "./audit.module.css";
import type { AuditEvent } from "./queries";

export function AuditEventDetail({ event }: { event: AuditEvent }) {
  const { t } = useTranslation();
  const format = useFormat();
  const id = (value: string | null | undefined) =>
    value ? (
      <span className={classes.id}>
        <span className="qd-mono">{value}</span>
        <CopyButton text={value} />
      </span>
    ) : null;
  const hasDetail =
    typeof event.detail === "object" && event.detail !== null && Object.keys(event.detail).length > 0;
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
          { name: t("audit.columns.object"), value: event.object },
          { name: t("audit.jobId"), value: event.job_id },
          { name: t("audit.columns.address"), value: event.address },
          { name: t("users.columns.unixUser"), value: event.unix_user },
          { name: t("audit.place"), value: event.seq === null ? t("audit.noPlace") : event.seq },
        ]}
      />
      <Properties
        items={[
          { name: t("audit.requestId"), value: id(event.request_id), wide: true },
          { name: t("audit.actorId"), value: id(event.actor_id), wide: true },
          { name: t("audit.sessionId"), value: id(event.session_id), wide: true },
          { name: t("audit.keyId"), value: id(event.key_id), wide: true },
        ]}
      />
      {hasDetail && (
        <CodeView code={JSON.stringify(event.detail, null, 2)} label={t("audit.detail")} maxHeight={260} />
      )}
    </div>
  );
}
