// API keys: what each may do, until when, whether it is used.
import { Button } from "@mantine/core";
import { IconBan, IconCheck, IconClockOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { ApiKey } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { Badge, type Tone } from "../ui/StateBadge";
import { Ago, Moment } from "../ui/time";
import { useNow } from "../ui/use-now";
import { type KeyState, keyState } from "./key-state";

const LOOKS: Record<KeyState, { tone: Tone; icon: ReactNode }> = {
  live: { tone: "completed", icon: <IconCheck size={14} stroke={2.4} /> },
  expired: { tone: "cancelled", icon: <IconClockOff size={14} /> },
  revoked: { tone: "failed", icon: <IconBan size={14} /> },
};

interface Props {
  label: string;
  keys: ApiKey[];
  onRevoke(key: ApiKey): void;
}

export function KeyTable({ label, keys, onRevoke }: Props) {
  const { t } = useTranslation();
  const now = useNow();
  const columns: Column<ApiKey>[] = [
    {
      id: "name",
      header: t("keys.columns.name"),
      width: 170,
      cell: (key) => <span title={key.name}>{key.name}</span>,
    },
    {
      id: "state",
      header: t("keys.columns.state"),
      width: 110,
      cell: (key) => {
        const state = keyState(key, now);
        return (
          <Badge tone={LOOKS[state].tone} icon={LOOKS[state].icon}>
            {t(`keys.states.${state}`)}
          </Badge>
        );
      },
    },
    {
      id: "scopes",
      header: t("keys.columns.scopes"),
      width: 220,
      minor: true,
      cell: (key) => (
        <span className="qd-mono" title={key.scopes.join(" ")}>
          {key.scopes.join(" ")}
        </span>
      ),
    },
    {
      id: "created",
      header: t("keys.columns.created"),
      width: 105,
      minor: true,
      cell: (key) => <Moment at={key.created_at} />,
    },
    {
      id: "ends",
      header: t("keys.columns.ends"),
      width: 100,
      minor: true,
      cell: (key) => <Ago at={key.expires_at} />,
    },
    {
      id: "used",
      header: t("keys.columns.used"),
      width: 180,
      minor: true,
      cell: (key) =>
        key.last_used_at ? (
          <>
            <Ago at={key.last_used_at} /> <span className="qd-dim qd-mono">{key.last_used_address}</span>
          </>
        ) : (
          <span className="qd-dim">{t("keys.neverUsed")}</span>
        ),
    },
    {
      id: "revoke",
      header: "",
      width: 96,
      align: "end",
      cell: (key) =>
        keyState(key, now) === "live" && (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={t("keys.revokeNamed", { name: key.name })}
            onClick={() => onRevoke(key)}
          >
            {t("keys.revoke")}
          </Button>
        ),
    },
  ];
  return <DataTable label={label} columns={columns} rows={keys} rowKey={(key) => key.id} />;
}
