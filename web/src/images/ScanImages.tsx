// Looks for images anew, and says what came of it.
import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import type { ImageScan } from "../api/types";
import { ProblemNote } from "../ui/states";
import { scanQuery } from "./queries";
import { isGoingOn } from "./scan-state";

type ImageScanHost = ImageScan["hosts"][number];

interface Props {
  /** The scan that was begun here last. */
  id: string | null;
  onStart(id: string): void;
}

export function ScanImages({ id, onStart }: Props) {
  const { t } = useTranslation();
  const start = api.useMutation("post", "/api/v1/images/scan", {
    onSuccess: (scan) => onStart(scan.scan_id),
  });
  const scan = useQuery({ ...scanQuery(id ?? ""), enabled: id !== null });
  const { state, message, hosts = [] } = scan.data ?? {};
  const sum = (count: (host: ImageScanHost) => number) => hosts.reduce((sum, host) => sum + count(host), 0);
  const found = sum((host) => host.images_read + host.images_unchanged);
  const removed = sum((host) => host.images_removed);
  const stale = sum((host) => host.images_stale);
  const error = start.error ?? scan.error;
  const said = {
    finished:
      hosts.length > 1 ? t("images.foundOnHosts", { count: found }) : t("images.found", { count: found }),
    cancelled: t("images.scanEnded"),
  };
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
          {state === "finished" || state === "cancelled" ? said[state] : (message ?? t("images.scanFailed"))}
          {removed > 0 && ` ${t("images.scanRemoved", { count: removed })}`}
          {stale > 0 && ` ${t("images.scanStale", { count: stale })}`}
        </p>
      )}
    </div>
  );
}
