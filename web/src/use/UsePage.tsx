// How much of the cluster, or of a partition, was in use: pictures over time, and the same as a table.
import { NativeSelect, SegmentedControl } from "@mantine/core";
import { IconChartAreaLine } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { UseOverTime, UsePoint } from "../api/types";
import { useFollowUse } from "../live/follow-use";
import { partitionsQuery } from "../nodes/queries";
import { useFormat } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import toolbar from "../ui/toolbar.module.css";
import { Chart, type Line } from "./Chart";
import { overTimeQuery } from "./queries";
import { RANGES, rangeFromSearch } from "./range";
import { columnsOf, meanShare } from "./series";
import classes from "./use.module.css";

const route = getRouteApi("/frame/clusters/$cluster/use");

export function UsePage() {
  const { t } = useTranslation();
  const { cluster } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useFollowUse(cluster);
  const range = search.range ?? "day";
  const { data, error, refetch } = useQuery(overTimeQuery(cluster, range, search.partition));
  const { data: partitions } = useQuery(partitionsQuery(cluster));
  const narrow = (change: Record<string, string>) =>
    void navigate({ search: (before) => rangeFromSearch({ ...before, ...change }), replace: true });
  const names = new Set([...(partitions?.items ?? []).map(({ name }) => name), search.partition]);
  return (
    <>
      <PageHeader title={t("pages.use")} />
      <search className={toolbar.toolbar}>
        <SegmentedControl
          aria-label={t("use.range")}
          size="xs"
          value={range}
          onChange={(value) => narrow({ range: value })}
          data={RANGES.map((value) => ({ value, label: t(`use.ranges.${value}`) }))}
        />
        <NativeSelect
          aria-label={t("partitions.columns.name")}
          value={search.partition ?? ""}
          onChange={(event) => narrow({ partition: event.currentTarget.value })}
          data={[
            { value: "", label: t("use.whole") },
            ...[...names].flatMap((name) => (name ? [{ value: name, label: name }] : [])),
          ]}
        />
      </search>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={8} />}
      {data?.items.length === 0 && (
        <Empty icon={<IconChartAreaLine size={20} />} title={t("use.none")}>
          {t("use.noneAdvice")}
        </Empty>
      )}
      {data && data.items.length > 0 && <Pictures used={data} />}
    </>
  );
}

function Pictures({ used }: { used: UseOverTime }) {
  const { t } = useTranslation();
  const format = useFormat();
  const number = (value: number) => format.number(value, value < 10 ? 1 : 0);
  const has = (of: (point: UsePoint) => UsePoint["cpus"]) =>
    used.items.some((point) => of(point).allocated + of(point).idle + of(point).down > 0);
  return (
    <>
      <p className={classes.hint}>
        {t(`use.steps.${used.resolution}`)} {t("use.gaps")}
      </p>
      <div className={classes.pictures}>
        <Shares title={t("use.cpus")} used={used} of={cpusOf} word={number} />
        {has(gpusOf) && <Shares title={t("use.gpus")} used={used} of={gpusOf} word={number} />}
        <Shares title={t("use.memory")} used={used} of={memoryOf} word={format.mebibytes} binary />
        {used.items.some(({ jobs }) => jobs) && <Jobs used={used} word={number} />}
      </div>
    </>
  );
}

const cpusOf = ({ cpus }: UsePoint) => cpus;
const gpusOf = ({ gpus }: UsePoint) => gpus;
const memoryOf = ({ memory_mib }: UsePoint) => memory_mib;
const jobsOf = ({ jobs }: UsePoint) => [jobs?.running ?? 0, jobs?.pending ?? 0];

interface SharesProps {
  title: string;
  used: UseOverTime;
  of(point: UsePoint): UsePoint["cpus"];
  word(value: number): string;
  binary?: boolean;
}

function Shares({ title, used, of, word, binary }: SharesProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const lines: Line[] = [
    { label: t("use.allocated"), colour: "--qd-running" },
    { label: t("use.idle"), colour: "--qd-completed", dash: [6, 3] },
    { label: t("use.down"), colour: "--qd-failed", dash: [2, 3] },
  ];
  const values = useCallback(
    (point: UsePoint) => {
      const { allocated, idle, down } = of(point);
      return [allocated, idle, down];
    },
    [of],
  );
  const share = meanShare(used.items, of);
  const mean = t("use.mean", { percent: format.percent(share ?? 0, 1) });
  return (
    <Picture
      title={title}
      mean={mean}
      used={used}
      lines={lines}
      values={values}
      word={word}
      stack
      binary={binary ?? false}
    />
  );
}

function Jobs({ used, word }: { used: UseOverTime; word(value: number): string }) {
  const { t } = useTranslation();
  const lines: Line[] = [
    { label: t("use.running"), colour: "--qd-running" },
    { label: t("use.pending"), colour: "--qd-waiting", dash: [6, 3] },
  ];
  const all = used.items.reduce((sum, { readings }) => sum + readings, 0);
  const mean = (at: 0 | 1) =>
    used.items.reduce((sum, point) => sum + (jobsOf(point)[at] ?? 0) * point.readings, 0) / Math.max(1, all);
  const words = t("use.meanJobs", { running: word(mean(0)), pending: word(mean(1)) });
  return <Picture title={t("use.jobs")} mean={words} used={used} lines={lines} values={jobsOf} word={word} />;
}

interface PictureProps {
  title: string;
  mean: string;
  used: UseOverTime;
  lines: Line[];
  values(point: UsePoint): number[];
  word(value: number): string;
  stack?: boolean;
  binary?: boolean;
}

function Picture({ title, mean, used, lines, values, word, stack, binary }: PictureProps) {
  const { t } = useTranslation();
  const columns = useMemo(() => columnsOf(used, values), [used, values]);
  return (
    <Panel title={title} hint={mean}>
      <Chart
        label={t("use.picture", { what: title, mean })}
        lines={lines}
        columns={columns}
        from={Date.parse(used.since) / 1000}
        to={Date.parse(used.until) / 1000}
        stack={stack ?? false}
        binary={binary ?? false}
        format={word}
      />
      <AsTable title={title}>
        <thead>
          <tr>
            <th scope="col">{t("use.at")}</th>
            {lines.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <Rows used={used} lines={lines} values={values} word={word} />
      </AsTable>
    </Panel>
  );
}

/** Hundreds of rows are made only for whoever wants them. */
function AsTable({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <details className={classes.asTable} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("use.asTable")}</summary>
      {open && (
        // Scrollable parts must be reachable by keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        <div className={classes.tableFrame} tabIndex={0}>
          <table aria-label={title}>{children}</table>
        </div>
      )}
    </details>
  );
}

function Rows({ used, lines, values, word }: Pick<PictureProps, "used" | "lines" | "values" | "word">) {
  const format = useFormat();
  return (
    <tbody>
      {[...used.items].reverse().map((point) => (
        <tr key={point.at}>
          <th scope="row">
            <time dateTime={point.at}>{format.moment(point.at)}</time>
          </th>
          {values(point).map((value, at) => (
            <td key={lines[at]?.label}>{word(value)}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}
