// Asks the server to look at every event there is, and says whether all are as they were written.
import { Button } from "@mantine/core";
import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { type UseMutationResult, useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { AuditFinding, AuditReport } from "../../api/types";
import { useLookUp } from "../../i18n/use-look-up";
import { type Column, DataTable } from "../../ui/DataTable";
import { useFormat } from "../../ui/format";
import { Panel } from "../../ui/Panel";
import { ProblemNote } from "../../ui/states";
import { Moment } from "../../ui/time";
import { useActionName } from "./actions";
import classes from "./audit.module.css";
import { verifyAudit } from "./queries";

type Verify = UseMutationResult<AuditReport, Error, void>;

export function useVerifyAudit(): Verify {
  return useMutation({ mutationFn: verifyAudit });
}

export function VerifyButton({ verify }: { verify: Verify }) {
  const { t } = useTranslation();
  return (
    <Button
      variant="default"
      leftSection={<IconShieldCheck size={15} />}
      loading={verify.isPending}
      onClick={() => verify.mutate()}
    >
      {t("audit.verify")}
    </Button>
  );
}

export function VerifyReport({ verify }: { verify: Verify }) {
  return (
    <div role="status">
      {verify.error && <ProblemNote error={verify.error} onRetry={() => verify.mutate()} />}
      {verify.data?.ok && <Unaltered report={verify.data} />}
      {verify.data && !verify.data.ok && <Findings report={verify.data} />}
    </div>
  );
}

function Unaltered({ report }: { report: AuditReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <p className={classes.unaltered}>
      <IconShieldCheck size={17} aria-hidden />
      {t("audit.unaltered", { count: report.checked, formatted: format.number(report.checked) })}
    </p>
  );
}

function Findings({ report }: { report: AuditReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  const actionName = useActionName();
  const columns: Column<AuditFinding>[] = [
    {
      id: "kind",
      header: t("audit.findingColumns.kind"),
      width: 150,
      cell: (finding) => lookUp(`audit.findings.${finding.kind}`) ?? finding.kind,
    },
    { id: "seq", header: t("audit.place"), width: 80, cell: (finding) => finding.seq ?? "–" },
    { id: "at", header: t("audit.columns.at"), width: 120, cell: (finding) => <Moment at={finding.at} /> },
    {
      id: "action",
      header: t("audit.columns.action"),
      width: 150,
      minor: true,
      cell: (finding) => (finding.action ? actionName(finding.action) : "–"),
    },
    {
      id: "detail",
      header: t("audit.detail"),
      width: 320,
      minor: true,
      cell: (finding) => <span title={finding.detail}>{finding.detail}</span>,
    },
  ];
  return (
    <Panel
      title={t("audit.altered")}
      lead={<IconShieldX size={18} color="var(--qd-failed)" aria-hidden />}
      className={classes.report}
      flush
    >
      <p className={classes.reportText}>
        {t("audit.alteredHint", {
          checked: format.number(report.checked),
          findings: format.number(report.findings.length + report.omitted),
        })}
      </p>
      <DataTable
        label={t("audit.altered")}
        columns={columns}
        rows={report.findings}
        rowKey={(finding) => `${finding.kind} ${finding.seq} ${finding.event_id}`}
      />
    </Panel>
  );
}
