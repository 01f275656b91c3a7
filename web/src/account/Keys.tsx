// My API keys.
import { Button } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import type { ApiKey, CreatedKey, NewApiKey } from "../api/types";
import { useUser } from "../auth/use-session";
import { KeyTable } from "../keys/KeyTable";
import { NewKey } from "../keys/NewKey";
import { RevokeKey } from "../keys/RevokeKey";
import { Panel } from "../ui/Panel";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { keysQuery } from "./queries";

export function Keys() {
  const { t } = useTranslation();
  const user = useUser();
  const cache = useQueryClient();
  const { data, error, refetch } = useQuery(keysQuery);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const changed = () => void cache.invalidateQueries({ queryKey: keysQuery.queryKey });
  const make = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
      {t("keys.new")}
    </Button>
  );
  return (
    <>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel title={t("keys.title")} actions={make} flush>
        {!data && !error && <LoadingRows rows={3} height={35} />}
        {data?.items.length === 0 && (
          <Empty icon={<IconKey size={20} />} title={t("keys.none")}>
            {t("keys.noneAdvice")}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <KeyTable label={t("keys.title")} keys={data.items} onRevoke={setRevoking} />
        )}
      </Panel>
      {making && (
        <NewKey
          scopes={user?.scopes ?? []}
          create={createKey}
          onCreated={changed}
          onClose={() => setMaking(false)}
        />
      )}
      <RevokeKey
        apiKey={revoking}
        revoke={(id) => client.DELETE("/api/v1/api-keys/{id}", { params: { path: { id } } })}
        onRevoked={changed}
        onClose={() => setRevoking(null)}
      />
    </>
  );
}

async function createKey(body: NewApiKey): Promise<CreatedKey> {
  const { data } = await client.POST("/api/v1/api-keys", { body });
  return data as NonNullable<typeof data>;
}
