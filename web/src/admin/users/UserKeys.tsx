// An account's API keys. An administrator revokes anybody's, and makes those of services: a person makes her own.
import { Button } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { Account, ApiKey } from "../../api/types";
import { useUser } from "../../auth/use-session";
import { KeyTable } from "../../keys/KeyTable";
import { NewKey } from "../../keys/NewKey";
import { RevokeKey } from "../../keys/RevokeKey";
import { Panel } from "../../ui/Panel";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { userKeysQuery } from "./queries";

export function UserKeys({ user }: { user: Account }) {
  const { t } = useTranslation();
  const admin = useUser();
  const cache = useQueryClient();
  const { data, error, refetch } = useQuery(userKeysQuery(user.id));
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const changed = () => void cache.invalidateQueries({ queryKey: userKeysQuery(user.id).queryKey });
  const make = user.kind === "service" && !user.disabled && (
    <Button size="compact-xs" leftSection={<IconPlus size={14} />} onClick={() => setMaking(true)}>
      {t("keys.new")}
    </Button>
  );
  return (
    <Panel title={t("keys.many")} actions={make} flush>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={2} height={35} />}
      {data?.items.length === 0 && (
        <Empty icon={<IconKey size={20} />} title={t("users.noKeys")}>
          {user.kind === "person" && t("users.ownKeys")}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <KeyTable label={t("keys.many")} keys={data.items} onRevoke={setRevoking} />
      )}
      {making && (
        <NewKey
          // What the service's role does not allow of it, the server says at the field.
          scopes={admin?.scopes ?? []}
          create={async (body) => {
            const { data } = await client.POST("/api/v1/users/{id}/api-keys", {
              params: { path: { id: user.id } },
              body,
            });
            return data as NonNullable<typeof data>;
          }}
          onCreated={changed}
          onClose={() => setMaking(false)}
        />
      )}
      <RevokeKey
        apiKey={revoking}
        revoke={(key) =>
          client.DELETE("/api/v1/users/{id}/api-keys/{key}", { params: { path: { id: user.id, key } } })
        }
        onRevoked={changed}
        onClose={() => setRevoking(null)}
      />
    </Panel>
  );
}
