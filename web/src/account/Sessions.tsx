// My sessions: ends one, or all.
import { Button } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import type { OwnSession } from "../api/types";
import { session as here } from "../auth/session";
import { Confirm } from "../ui/Confirm";
import { Panel } from "../ui/Panel";
import { LoadingRows, ProblemNote } from "../ui/states";
import { sessionsQuery } from "./queries";
import { SecurityNotices } from "./SecurityNotices";
import { SessionTable } from "./SessionTable";
import { useDeviceName } from "./use-device-name";

export function Sessions() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(sessionsQuery);
  const [ending, setEnding] = useState<OwnSession | null>(null);
  return (
    <>
      <SecurityNotices />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel title={t("sessions.title")} actions={<SignOutEverywhere />} flush>
        {!data && !error && <LoadingRows rows={3} height={35} />}
        {data && (
          <SessionTable
            label={t("sessions.title")}
            sessions={data.items}
            onEnd={(session) => (session.current ? void here.signOut() : setEnding(session))}
          />
        )}
      </Panel>
      <EndSession session={ending} onClose={() => setEnding(null)} />
    </>
  );
}

function EndSession({ session, onClose }: { session: OwnSession | null; onClose(): void }) {
  const { t } = useTranslation();
  const deviceName = useDeviceName();
  const cache = useQueryClient();
  const end = useMutation({
    mutationFn: (id: string) => client.DELETE("/api/v1/auth/sessions/{id}", { params: { path: { id } } }),
    onSuccess: onClose,
    onSettled: () => cache.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  });
  const names = {
    device: deviceName(session?.device ?? ""),
    address: session?.address ?? "",
  };
  return (
    <Confirm
      opened={session !== null}
      title={t("sessions.endTitle", names)}
      deed={t("sessions.endDeed")}
      destructive
      busy={end.isPending}
      error={end.error}
      onConfirm={() => session && end.mutate(session.id)}
      onClose={() => {
        end.reset();
        onClose();
      }}
    >
      <p style={{ marginTop: 0 }}>{t("sessions.endText", names)}</p>
    </Confirm>
  );
}

function SignOutEverywhere() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const signOut = useMutation({ mutationFn: () => here.signOutEverywhere() });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconLogout size={15} />}
        onClick={() => {
          signOut.reset();
          setAsking(true);
        }}
      >
        {t("sessions.everywhere")}
      </Button>
      <Confirm
        opened={asking}
        title={t("sessions.everywhereTitle")}
        deed={t("sessions.everywhere")}
        destructive
        busy={signOut.isPending}
        error={signOut.error}
        onConfirm={() => signOut.mutate()}
        onClose={() => setAsking(false)}
      >
        <p style={{ marginTop: 0 }}>{t("sessions.everywhereText")}</p>
      </Confirm>
    </>
  );
}
