// Looks for images anew. The scan is watched only while it runs and this page is open.
import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import { ProblemNote } from "../ui/states";
import { imagesQuery } from "./queries";

const WATCH_EVERY_MS = 1000;

export function ScanImages() {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [id, setId] = useState<string | null>(null);
  const start = api.useMutation("post", "/api/v1/images/scan", { onSuccess: (scan) => setId(scan.scan_id) });
  const scan = useQuery({
    ...api.queryOptions("get", "/api/v1/images/scans/{id}", { params: { path: { id: id ?? "" } } }),
    enabled: id !== null,
    refetchInterval: (query) => (isGoingOn(query.state.data?.state) ? WATCH_EVERY_MS : false),
  });
  const { state, message, hosts = [] } = scan.data ?? {};
  const found = hosts.reduce((sum, host) => sum + host.images_read + host.images_unchanged, 0);
  useEffect(() => {
    if (state === "finished") void cache.invalidateQueries({ queryKey: imagesQuery.queryKey });
  }, [state, cache]);
  const error = start.error ?? scan.error;
  return (
    <div>
      <Button
        variant="default"
        leftSection={<IconRefresh size={15} />}
        loading={start.isPending || isGoingOn(state)}
        onClick={() => start.mutate({})}
      >
        {t("images.scan")}
      </Button>
      {error && <ProblemNote error={error} />}
      {state && !isGoingOn(state) && (
        <p role="status" className="qd-dim" style={{ margin: "6px 0 0", fontSize: "0.8125rem" }}>
          {state === "finished" ? t("images.found", { count: found }) : (message ?? t("images.scanFailed"))}
        </p>
      )}
    </div>
  );
}

function isGoingOn(state: string | undefined): boolean {
  return state === "queued" || state === "running";
}
