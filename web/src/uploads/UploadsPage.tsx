// Brings files to the cluster, and lists what was brought.
import { Button } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { UploadInfo } from "../api/types";
import { useFollowUploads } from "../live/follow-uploads";
import type { TableProps } from "../ui/DataTable";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { ScrollingTable } from "../ui/ScrollingTable";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { KindOfUpload } from "./KindOfUpload";
import { uploadsQuery } from "./queries";
import { Unfinished } from "./Unfinished";
import { UnifiedUploader } from "./UnifiedUploader";
import { UploadTable } from "./UploadTable";
import { uploadQueue, useUploadItems } from "./uploads";
import classes from "./uploads.module.css";

export function UploadsPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageHeader title={t("pages.uploads")} below={t("uploading.below")} />
      <div style={{ display: "grid", gap: "var(--qd-gap)" }}>
        <FromHere />
        <OnServer />
      </div>
    </>
  );
}

/** Apart from what is on the server: this part changes many times while files are sent. */
function FromHere() {
  const { t } = useTranslation();
  const items = useUploadItems();
  return (
    <>
      <Panel
        title={t("uploading.add")}
        actions={
          items.some((item) => item.state === "finished") && (
            <Button variant="subtle" size="compact-xs" onClick={() => uploadQueue.clearFinished()}>
              {t("uploading.clearFinished")}
            </Button>
          )
        }
      >
        <UnifiedUploader items={items} />
      </Panel>
      <Unfinished items={items} />
    </>
  );
}

function OnServer() {
  const { t } = useTranslation();
  useFollowUploads();
  const { data, error, refetch } = useQuery(uploadsQuery);
  return (
    <Panel title={t("uploading.onServer")} flush>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows />}
      {data?.items.length === 0 && (
        <Empty icon={<IconUpload size={20} />} title={t("uploading.none")}>
          {t("uploading.noneAdvice")}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <UploadTable
          uploads={data.items}
          kindOf={(upload) => <KindOfUpload upload={upload} />}
          Long={LongTable}
        />
      )}
    </Panel>
  );
}

function LongTable(table: TableProps<UploadInfo>) {
  return (
    <div className={classes.longTable}>
      <ScrollingTable {...table} />
    </div>
  );
}
