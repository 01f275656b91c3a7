// The newest files the person brought.
import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFollowUploads } from "../live/follow-uploads";
import { Panel } from "../ui/Panel";
import { LoadingRows, ProblemNote } from "../ui/states";
import { uploadsQuery } from "../uploads/queries";
import { UploadTable } from "../uploads/UploadTable";
import classes from "./overview.module.css";

const SHOWN = 4;

export function RecentUploads() {
  const { t } = useTranslation();
  useFollowUploads();
  const { data, error, refetch } = useQuery(uploadsQuery);
  return (
    <Panel
      title={t("overview.recentUploads")}
      flush
      actions={
        <Anchor size="sm" renderRoot={(props) => <Link to="/uploads" {...props} />}>
          {t("overview.allUploads")}
        </Anchor>
      }
    >
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={SHOWN} height={35} />}
      {data?.items.length === 0 && <p className={classes.quiet}>{t("overview.noUploads")}</p>}
      {data && data.items.length > 0 && <UploadTable uploads={data.items.slice(0, SHOWN)} />}
    </Panel>
  );
}
