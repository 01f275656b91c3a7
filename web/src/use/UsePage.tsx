// How much of the cluster, or of a partition, was in use: pictures over time, and the same as a table.
import { NativeSelect, SegmentedControl } from "@mantine/core";
import { IconChartAreaLine } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
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
      <PageHeader title={t("cluster.use.title")} />
      <search className={toolbar.toolbar}>
        <SegmentedControl
          aria-label={t("cluster.use.range")}
          size="xs"
          value={range}
          onChange={(value) => narrow({ range: value })}
          data={RANGES.map((value) => ({ value, label: t(`cluster.use.ranges.${value}`) }))}
        />
        <NativeSelect
          aria-label={t("cluster.partitions.columns.name")}
          value={search.partition ?? ""}
          onChange={(event) => narrow({ partition: event.currentTarget.value })}
          data={[
            { value: "", label: t("cluster.use.whole") },
            ...[...names].flatMap((name) => (name ? [{ value: name, label: name }] : [])),
          ]}
        />
      </search>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={8} />}
      {data?.items.length === 0 && (
        <Empty icon={<IconChartAreaLine size={20} />} title={t("cluster.use.none")}>
          {t("cluster.use.noneAdvice")}
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
        {t(`cluster.use.steps.${used.resolution}`)} {t("cluster.use.gaps")}
      </p>
      <div className={classes.pictures}>
        <Shares title={t("cluster.use.cpus")} used={used} of={({ cpus }) => cpus} word={number} />
        {has(({ gpus }) => gpus) && (
          <Shares title={t("cluster.use.gpus")} used={used} of={({ gpus }) => gpus} word={number} />
        )}
        <Shares
          title={t("cluster.use.memory")}
          used={used}
          of={({ memory_mib }) => memory_mib}
          word={format.mebibytes}
          binary
        />
        {used.items.some(({ jobs }) => jobs) && <Jobs used={used} word={number} />}
      </div>
    </>
  );
}

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
    { label: t("cluster.use.allocated"), colour: "--qd-running" },
    { label: t("cluster.use.idle"), colour: "--qd-completed", dash: [6, 3] },
    { label: t("cluster.use.down"), colour: "--qd-failed", dash: [2, 3] },
  ];
  const values = (point: UsePoint) => {
    const { allocated, idle, down } = of(point);
    return [allocated, idle, down];
  };
  const share = meanShare(used.items, of);
  const mean = t("cluster.use.mean", { percent: format.percent(share ?? 0, 1) });
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
    { label: t("cluster.use.running"), colour: "--qd-running" },
    { label: t("cluster.use.pending"), colour: "--qd-waiting", dash: [6, 3] },
  ];
  const values = ({ jobs }: UsePoint) => [jobs?.running ?? 0, jobs?.pending ?? 0];
  const all = used.items.reduce((sum, { readings }) => sum + readings, 0);
  const mean = (at: 0 | 1) =>
    used.items.reduce((sum, point) => sum + (values(point)[at] ?? 0) * point.readings, 0) / Math.max(1, all);
  const words = t("cluster.use.meanJobs", { running: word(mean(0)), pending: word(mean(1)) });
  return (
    <Picture
      title={t("cluster.use.jobs")}
      mean={words}
      used={used}
      lines={lines}
      values={values}
      word={word}
    />
  );
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: what `values` takes from a point is always the same
  const columns = useMemo(() => columnsOf(used, values), [used]);
  return (
    <Panel title={title} hint={mean}>
      <Chart
        label={t("cluster.use.picture", { what: title, mean })}
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
            <th scope="col">{t("cluster.use.at")}</th>
            {lines.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <Rows used={used} values={values} word={word} />
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
      <summary>{t("cluster.use.asTable")}</summary>
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

function Rows({ used, values, word }: Pick<PictureProps, "used" | "values" | "word">) {
  const format = useFormat();
  return (
    <tbody>
      {[...used.items].reverse().map((point) => (
        <tr key={point.at}>
          <th scope="row">
            <time dateTime={point.at}>{format.moment(point.at)}</time>
          </th>
          {values(point).map((value, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: columns do not move
            <td key={at}>{word(value)}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}
