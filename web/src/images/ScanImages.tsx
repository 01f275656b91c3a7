// Looks for images anew, and says how far that is.
import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import type { ImageScan } from "../api/types";
import { ProblemNote } from "../ui/states";
import { scanQuery } from "./queries";

type ImageScanHost = ImageScan["hosts"][number];

export function ScanImages() {
  const { t } = useTranslation();
  const [id, setId] = useState<string | null>(null);
  const start = api.useMutation("post", "/api/v1/images/scan", { onSuccess: (scan) => setId(scan.scan_id) });
  const scan = useQuery({ ...scanQuery(id ?? ""), enabled: id !== null });
  const { state, message, hosts = [] } = scan.data ?? {};
  const sum = (count: (host: ImageScanHost) => number) => hosts.reduce((sum, host) => sum + count(host), 0);
  const found = sum((host) => host.images_read + host.images_unchanged);
  const removed = sum((host) => host.images_removed);
  const stale = sum((host) => host.images_stale);
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
          {removed > 0 && ` ${t("images.scanRemoved", { count: removed })}`}
          {stale > 0 && ` ${t("images.scanStale", { count: stale })}`}
        </p>
      )}
    </div>
  );
}

function isGoingOn(state: string | undefined): boolean {
  return state === "queued" || state === "running";
}
