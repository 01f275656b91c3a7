// Sessions that go on: from which device and where, since when, whether used.
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { OwnSession } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { Badge } from "../ui/StateBadge";
import { Ago, Moment } from "../ui/time";
import { useDeviceName } from "./use-device-name";

interface Props {
  label: string;
  sessions: OwnSession[];
  onEnd?(session: OwnSession): void;
}

export function SessionTable({ label, sessions, onEnd }: Props) {
  const { t } = useTranslation();
  const deviceName = useDeviceName();
  const columns: Column<OwnSession>[] = [
    {
      id: "device",
      header: t("sessions.columns.device"),
      width: 200,
      cell: (session) => <span title={session.device}>{deviceName(session.device)}</span>,
    },
    {
      id: "address",
      header: t("sessions.columns.address"),
      width: 150,
      minor: true,
      cell: (session) => (
        <span className="qd-mono" title={session.address}>
          {session.address}
        </span>
      ),
    },
    {
      id: "signedIn",
      header: t("sessions.columns.signedIn"),
      width: 120,
      minor: true,
      cell: (session) => <Moment at={session.created_at} />,
    },
    {
      id: "lastUsed",
      header: t("sessions.columns.lastUsed"),
      width: 130,
      cell: (session) =>
        // It is used now, by looking.
        session.current ? (
          <Badge tone="completed">{t("sessions.thisOne")}</Badge>
        ) : (
          <Ago at={session.last_used_at} />
        ),
    },
    {
      id: "ends",
      header: t("sessions.columns.ends"),
      width: 100,
      minor: true,
      cell: (session) => <Ago at={session.expires_at} />,
    },
  ];
  if (onEnd) {
    columns.push({
      id: "end",
      header: "",
      width: 110,
      align: "end",
      cell: (session) => (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={
            session.current ? undefined : t("sessions.endNamed", { device: deviceName(session.device) })
          }
          onClick={() => onEnd(session)}
        >
          {session.current ? t("frame.signOut") : t("sessions.end")}
        </Button>
      ),
    });
  }
  return <DataTable label={label} columns={columns} rows={sessions} rowKey={(session) => session.id} />;
}
