// How full the cluster is.
import { Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Overview } from "../api/types";
import { useFormat } from "../ui/format";
import { Meter } from "../ui/Meter";
import { Panel } from "../ui/Panel";
import classes from "./overview.module.css";

export function ClusterUse({ overview }: { overview: Overview | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!overview) {
    return (
      <Panel title={t("overview.use")}>
        <div className={classes.meters}>
          <Skeleton height={31} />
          <Skeleton height={31} />
          <Skeleton height={20} />
        </div>
      </Panel>
    );
  }
  const { cpus, memory_mib: memory, gpus, jobs } = overview;
  const share = ({ used, total }: { used: number; total: number }) => (total > 0 ? used / total : 0);
  return (
    <Panel title={t("overview.use")}>
      <div className={classes.meters}>
        {/* A site may keep its nodes from its users. */}
        {cpus && (
          <Meter
            label={t("resources.cpus")}
            value={share(cpus)}
            words={t("overview.usedOf", { used: format.number(cpus.used), total: format.number(cpus.total) })}
          />
        )}
        {memory && (
          <Meter
            label={t("resources.memory")}
            value={share(memory)}
            words={t("overview.usedOf", {
              used: format.mebibytes(memory.used),
              total: format.mebibytes(memory.total),
            })}
          />
        )}
        {gpus && gpus.total > 0 && (
          <Meter
            label={t("resources.gpus")}
            value={share(gpus)}
            words={t("overview.usedOf", { used: format.number(gpus.used), total: format.number(gpus.total) })}
          />
        )}
        <p className={classes.everyone}>
          {t("overview.everyone", {
            running: format.number(jobs.running),
            pending: format.number(jobs.pending),
          })}
        </p>
      </div>
    </Panel>
  );
}
