// Says which job is submitted again.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ProblemNote } from "../../ui/states";
import { jobQuery } from "../queries";
import classes from "./new-job.module.css";

interface Props {
  cluster: string;
  job: string;
  error: unknown;
  onForget(): void;
}

export function AgainNote({ cluster, job, error, onForget }: Props) {
  const { t } = useTranslation();
  const { data } = useQuery(jobQuery(cluster, job));
  if (error) return <ProblemNote error={error} advice={t("jobActions.again.gone")} />;
  return (
    <div className={classes.again} role="status">
      <span>
        <Link to="/clusters/$cluster/jobs/$job" params={{ cluster, job }} className="qd-link">
          {t("jobActions.again.from", { id: data?.job_id ?? "…" })}
        </Link>{" "}
        {t("jobActions.again.hint")}
      </span>
      <Button variant="subtle" onClick={onForget}>
        {t("jobActions.again.change")}
      </Button>
    </div>
  );
}
