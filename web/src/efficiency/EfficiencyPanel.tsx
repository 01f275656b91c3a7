// What a job used of what it was given, what it left unused, and what to ask for next time.
import { Button } from "@mantine/core";
import { IconBulb } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { JobDetail, JobEfficiency, JobFigures } from "../api/types";
import { useFormat } from "../ui/format";
import { Meter } from "../ui/Meter";
import { Panel } from "../ui/Panel";
import { LoadingRows, ProblemNote } from "../ui/states";
import classes from "./efficiency.module.css";
import { hours } from "./hours";
import { efficiencyQuery } from "./queries";
import { useSuggestionText } from "./suggestion";

/** Nothing before the job has started, and where the scheduler keeps no figures. */
export function EfficiencyPanel({ cluster, job }: { cluster: string; job: JobDetail }) {
  const { t } = useTranslation();
  const started = job.started_at !== null && job.started_at !== undefined && job.job_id !== null;
  const { data, error, refetch, isFetching } = useQuery({
    ...efficiencyQuery(cluster, job),
    enabled: started,
  });
  if (!started || data?.missing === "not_kept" || data?.missing === "not_started") return null;
  const open = data?.stage === "running" || data?.missing === "not_yet" || data?.missing === "unreachable";
  return (
    <Panel
      title={t("efficiency.title")}
      actions={
        open && (
          <Button size="compact-xs" variant="subtle" loading={isFetching} onClick={() => void refetch()}>
            {t("efficiency.measureAgain")}
          </Button>
        )
      }
    >
      {!data && !error && <LoadingRows rows={4} />}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data && <Found found={data} job={job} />}
    </Panel>
  );
}

function Found({ found, job }: { found: JobEfficiency; job: JobDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const text = useSuggestionText();
  const { figures, missing, parts, wasted, suggestions } = found;
  return (
    <div className={classes.meters}>
      {found.stage === "running" && figures && (
        <p className={classes.quiet}>
          {t("efficiency.soFar", { time: format.shortMoment(found.measured_at) })}
        </p>
      )}
      {figures && <Meters figures={figures} job={job} parts={parts !== null} />}
      {missing && missing !== "not_kept" && missing !== "not_started" && (
        <p className={classes.quiet}>{t(`efficiency.missing.${missing}`)}</p>
      )}
      {parts && (
        <>
          <p className={classes.quiet}>{t("efficiency.tasks", { formatted: format.number(parts.count) })}</p>
          <Bands label={t("efficiency.spread.cpu")} counts={parts.cpu} />
          <Bands label={t("efficiency.spread.memory")} counts={parts.memory} />
          <p className={classes.quiet}>{t("efficiency.bandsBelow")}</p>
        </>
      )}
      {found.stage === "ended" && figures?.cpu_seconds_used !== null && wasted.cpu_hours > 0 && (
        <p className={classes.wasted}>
          {t("efficiency.wasted", { cpu: hours(wasted.cpu_hours, format) })}
          {wasted.gpu_hours > 0 && ` ${t("efficiency.wastedGpu", { gpu: hours(wasted.gpu_hours, format) })}`}
        </p>
      )}
      {suggestions.length > 0 && (
        <div className={classes.next}>
          <h3>
            <IconBulb size={15} aria-hidden /> {t("efficiency.nextTime")}
          </h3>
          <ul>
            {suggestions.map((suggestion) => (
              <li key={suggestion.resource}>{text("next", suggestion)}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function Meters({ figures, job, parts }: { figures: JobFigures; job: JobDetail; parts: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const meter = (
    label: string,
    used: number | null | undefined,
    given: number,
    words: (value: number) => string,
  ) => {
    const known = used !== null && used !== undefined;
    return (
      <Meter
        label={label}
        value={known && given > 0 ? used / given : 0}
        words={
          known
            ? t("waste.usedOf", {
                used: words(used),
                given: words(given),
                share: format.percent(used, given),
              })
            : t("efficiency.notMeasured", { given: words(given) })
        }
      />
    );
  };
  const duration = (seconds: number) => format.duration(seconds);
  const limit = job.time_limit_minutes;
  return (
    <>
      <div title={t("efficiency.given")}>
        {meter(t("efficiency.cpu"), figures.cpu_seconds_used, figures.cpu_seconds_given, duration)}
      </div>
      {figures.memory_mib_given !== null &&
        figures.memory_mib_given !== undefined &&
        meter(t("efficiency.memory"), figures.memory_mib_used, figures.memory_mib_given, format.mebibytes)}
      {figures.gpus > 0 &&
        meter(t("efficiency.gpu"), figures.gpu_percent, figures.gpus * 100, (percent) =>
          t("efficiency.gpuPercent", {
            percent: format.percent(percent, figures.gpus * 100),
            count: format.number(figures.gpus),
          }),
        )}
      {figures.gpu_memory_mib !== null && figures.gpu_memory_mib !== undefined && (
        <p className={classes.quiet}>
          {t("efficiency.gpuMemory", { used: format.mebibytes(figures.gpu_memory_mib) })}
        </p>
      )}
      {limit && !parts ? (
        meter(t("efficiency.time"), figures.elapsed_seconds, limit * 60, duration)
      ) : (
        <p className={classes.quiet}>
          {t("efficiency.runTime", { time: format.duration(figures.elapsed_seconds) })}
        </p>
      )}
    </>
  );
}

/** How many tasks used how much: a bar for each tenth. */
function Bands({ label, counts }: { label: string; counts: readonly number[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const most = Math.max(...counts);
  if (most === 0) return null;
  const bands = counts.map((count, band) => {
    const from = band * 10;
    const words = { from: String(from), to: String(from + 10), count: format.number(count) };
    return { from, count, words: t("efficiency.bandOf", words) };
  });
  const told = bands.flatMap(({ count, words }) => (count > 0 ? words : [])).join("; ");
  return (
    <figure className={classes.bands}>
      <figcaption>{label}</figcaption>
      <div role="img" aria-label={`${label}: ${told}`}>
        {bands.map(({ from, count, words }) => (
          <span
            key={from}
            title={words}
            style={{ height: `${Math.max(count > 0 ? 8 : 2, (count / most) * 100)}%` }}
            data-empty={count === 0 || undefined}
          />
        ))}
      </div>
    </figure>
  );
}
