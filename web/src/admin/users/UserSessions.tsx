// An account's sessions, which an administrator can end together.
import { Button } from "@mantine/core";
import { IconDevicesOff, IconLogout } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { SessionTable } from "../../account/SessionTable";
import { client } from "../../api/client";
import type { Account } from "../../api/types";
import { Confirm } from "../../ui/Confirm";
import { Panel } from "../../ui/Panel";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { userSessionsQuery } from "./queries";

export function UserSessions({ user }: { user: Account }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(userSessionsQuery(user.id));
  const some = data !== undefined && data.items.length > 0;
  return (
    <Panel title={t("users.sessions")} actions={some && <EndAll user={user} />} flush>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={2} height={35} />}
      {data && !some && <Empty icon={<IconDevicesOff size={20} />} title={t("users.noSessions")} />}
      {some && <SessionTable label={t("users.sessions")} sessions={data.items} />}
    </Panel>
  );
}

function EndAll({ user }: { user: Account }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const end = useMutation({
    mutationFn: () => client.DELETE("/api/v1/users/{id}/sessions", { params: { path: { id: user.id } } }),
    onSuccess: () => setAsking(false),
    onSettled: () => cache.invalidateQueries({ queryKey: userSessionsQuery(user.id).queryKey }),
  });
  return (
    <>
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconLogout size={14} />}
        onClick={() => {
          end.reset();
          setAsking(true);
        }}
      >
        {t("users.endSessions")}
      </Button>
      <Confirm
        opened={asking}
        title={t("users.endSessionsTitle", { user: user.username })}
        deed={t("users.endSessions")}
        destructive
        busy={end.isPending}
        error={end.error}
        onConfirm={() => end.mutate()}
        onClose={() => setAsking(false)}
      >
        <p style={{ marginTop: 0 }}>{t("users.endSessionsText", { user: user.username })}</p>
      </Confirm>
    </>
  );
}
