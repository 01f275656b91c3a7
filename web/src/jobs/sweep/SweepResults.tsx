// A sweep as the table that it was asked for: each row with what became of its task.
import { Button, NativeSelect } from "@mantine/core";
import { IconDownload, IconFile, IconFolder, IconRepeat } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail, SweepTable } from "../../api/types";
import { Confirm } from "../../ui/Confirm";
import type { Column } from "../../ui/DataTable";
import { useFormat } from "../../ui/format";
import { Panel } from "../../ui/Panel";
import { ScrollingTable } from "../../ui/ScrollingTable";
import { SearchBox } from "../../ui/SearchBox";
import { JobStateBadge } from "../../ui/StateBadge";
import { saveAs } from "../../ui/save";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { Elapsed } from "../../ui/time";
import toolbar from "../../ui/toolbar.module.css";
import { useParts } from "../array/use-parts";
import { Attempts } from "../new/idempotency";
import { signalOf } from "../signal-of";
import { isFinal, type ListGroup, STATE_GROUPS } from "../states";
import { LineChoice } from "./LineChoice";
import { exportSweep, runAgain, sweepQuery, valuesQuery } from "./queries";
import { failedOf, parameterColumn, type Result, resultsOf, shownOf, textOf } from "./results";
import type { SweepSearch } from "./search";
import classes from "./sweep.module.css";

const route = getRouteApi("/frame/clusters/$cluster/jobs/$job");

interface Props {
  cluster: string;
  job: JobDetail;
}

export function SweepResults({ cluster, job }: Props) {
  const { data, error, refetch } = useQuery(sweepQuery(cluster, job));
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows rows={8} />;
  return <Results cluster={cluster} job={job} table={data} />;
}

function Results({ cluster, job, table }: Props & { table: SweepTable }) {
  const { t } = useTranslation();
  const format = useFormat();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const look = (change: SweepSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });

  const { parts, hasNextPage, isFetchingNextPage, fetchNextPage } = useParts(
    cluster,
    job.id,
    job.job_id ?? "",
  );
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const results = useMemo(() => resultsOf(table, parts, job), [table, parts, job]);
  const ended = results.filter(({ state, job }) => job && state && isFinal(state)).length;
  const wanted = search.rows_line
    ? { line: search.rows_line, ...(search.rows_file ? { file: search.rows_file } : {}) }
    : null;
  const values = useQuery(valuesQuery(cluster, job.id, wanted, table.rows, ended));
  const lines = (wanted && values.data) || NO_LINES;
  const sort = search.rows_sort ?? "task";
  const shown = shownOf(
    results,
    {
      sort,
      ...(search.rows_q ? { q: search.rows_q } : {}),
      ...(search.rows_state ? { group: search.rows_state } : {}),
    },
    lines,
  );
  const columns = useColumns(
    cluster,
    table.parameters,
    wanted ? { header: wanted.file ?? t("sweep.results.output"), lines } : null,
  );
  const counted = { count: results.length, formatted: format.number(results.length) };

  return (
    <Panel
      className={classes.panel}
      title={t("sweep.results.title")}
      hint={
        shown.length < results.length
          ? t("sweep.results.shown", {
              shown: format.number(shown.length),
              all: format.number(results.length),
            })
          : t("sweep.results.rows", counted)
      }
    >
      <div className={toolbar.toolbar}>
        <SearchBox
          label={t("sweep.results.search")}
          value={search.rows_q ?? ""}
          onChange={(q) => look({ rows_q: q || undefined } as SweepSearch)}
        />
        <NativeSelect
          aria-label={t("sweep.results.state")}
          value={search.rows_state ?? ""}
          onChange={(event) =>
            look({ rows_state: (event.currentTarget.value || undefined) as ListGroup } as SweepSearch)
          }
          data={[
            { value: "", label: t("sweep.results.anyState") },
            ...STATE_GROUPS.map((group) => ({ value: group, label: t(`states.group.${group}`) })),
          ]}
        />
        <LineChoice
          line={search.rows_line ?? null}
          file={search.rows_file ?? ""}
          busy={values.isFetching}
          onShow={(line, file) => look({ rows_line: line, rows_file: file || undefined } as SweepSearch)}
        />
        <span className={classes.deeds}>
          <Deeds cluster={cluster} job={job} results={results} table={table} />
        </span>
      </div>
      {wanted && values.error && <ProblemNote error={values.error} />}
      {shown.length === 0 ? (
        <p className="qd-dim">{t("sweep.results.none")}</p>
      ) : (
        <div
          className={classes.table}
          style={{
            height: Math.min(shown.length * 35 + 36, 460),
            ["--least" as string]: `${(columns.length + 1) * 96}px`,
          }}
        >
          <ScrollingTable
            label={t("sweep.results.title")}
            columns={columns}
            rows={shown}
            rowKey={({ number }) => String(number)}
            sort={sort}
            onSort={(rows_sort) => look({ rows_sort })}
            total={results.length}
          />
        </div>
      )}
    </Panel>
  );
}

const NO_LINES: ReadonlyMap<number, string> = new Map();

function useColumns(
  cluster: string,
  parameters: readonly string[],
  shown: { header: string; lines: ReadonlyMap<number, string> } | null,
): Column<Result>[] {
  const { t } = useTranslation();
  const { header, lines } = shown ?? {};
  return useMemo(() => {
    const result: Column<Result>[] = [
      {
        id: "state",
        header: t("sweep.results.state"),
        width: 130,
        sortable: true,
        cell: ({ state }) => (state ? <JobStateBadge state={state} /> : <span className="qd-dim">–</span>),
      },
      {
        id: "exit",
        header: t("sweep.results.exit"),
        width: 72,
        align: "end",
        sortable: true,
        cell: ({ job }) => {
          const signal = job && signalOf(job);
          return signal ? t("sweep.results.signal", { signal }) : textOf(job?.exit_code);
        },
      },
      {
        id: "elapsed",
        header: t("sweep.results.elapsed"),
        width: 88,
        align: "end",
        sortable: true,
        cell: ({ job }) => <Elapsed from={job?.started_at} to={job?.ended_at} />,
      },
    ];
    const line: Column<Result>[] =
      header && lines
        ? [
            {
              id: "line",
              header,
              width: 190,
              sortable: true,
              cell: ({ number }) => <Words text={lines.get(number)} />,
            },
          ]
        : [];
    return [
      {
        id: "task",
        header: t("sweep.results.task"),
        width: 62,
        sortable: true,
        cell: ({ number, job }) =>
          job ? (
            <Link className="qd-link" to="/clusters/$cluster/jobs/$job" params={{ cluster, job: job.id }}>
              {number}
            </Link>
          ) : (
            number
          ),
      },
      ...parameters.map(
        (name): Column<Result> => ({
          id: parameterColumn(name),
          header: name,
          width: 110,
          sortable: true,
          cell: ({ values }) => <Words text={textOf(values[name])} />,
        }),
      ),
      ...line,
      ...result,
      {
        id: "links",
        header: t("sweep.results.files"),
        width: 70,
        cell: ({ number, job }) =>
          job && (
            <span className={classes.links}>
              {(["output", "files"] as const).map((tab) => (
                <Link
                  key={tab}
                  className="qd-link"
                  to="/clusters/$cluster/jobs/$job"
                  params={{ cluster, job: job.id }}
                  search={{ tab }}
                  aria-label={t(`sweep.results.${tab}Of`, { number })}
                  title={t(`sweep.results.${tab}`)}
                >
                  {tab === "output" ? (
                    <IconFile size={15} aria-hidden />
                  ) : (
                    <IconFolder size={15} aria-hidden />
                  )}
                </Link>
              ))}
            </span>
          ),
      },
    ];
  }, [cluster, parameters, header, lines, t]);
}

/** A text may be longer than its cell. */
function Words({ text }: { text: string | undefined }) {
  return text ? <span title={text}>{text}</span> : <span className="qd-dim">–</span>;
}

function Deeds({ cluster, job, results, table }: Props & { results: Result[]; table: SweepTable }) {
  const { t } = useTranslation();
  const format = useFormat();
  const navigate = route.useNavigate();
  const [asking, setAsking] = useState(false);
  const attempts = useRef(new Attempts());
  const failed = failedOf(results);
  const save = useMutation({
    mutationFn: async () => saveAs(await exportSweep(cluster, job.id), `sweep-${job.job_id ?? job.id}.csv`),
    gcTime: 0,
  });
  const again = useMutation({
    mutationFn: () => {
      const numbers = new Set(failed.map(({ number }) => number));
      const rows = table.rows.filter(({ number }) => numbers.has(number));
      return runAgain(cluster, job.id, rows, attempts.current.keyFor(rows));
    },
    onSuccess: (next) =>
      void navigate({ to: "/clusters/$cluster/jobs/$job", params: { cluster, job: next.id } }),
    onError: (error) => attempts.current.settle(error),
  });
  const count = { count: failed.length, formatted: format.number(failed.length) };
  return (
    <>
      {failed.length > 0 && job.actions.includes("resubmit") && (
        <Button variant="default" leftSection={<IconRepeat size={15} />} onClick={() => setAsking(true)}>
          {t("sweep.results.again", count)}
        </Button>
      )}
      <Button
        variant="default"
        leftSection={<IconDownload size={15} />}
        loading={save.isPending}
        onClick={() => save.mutate()}
      >
        {t("sweep.results.download")}
      </Button>
      {save.error && <ProblemNote error={save.error} />}
      <Confirm
        opened={asking}
        title={t("sweep.results.againQuestion")}
        deed={t("sweep.results.againDeed")}
        busy={again.isPending}
        error={again.error}
        onConfirm={() => again.mutate()}
        onClose={() => setAsking(false)}
      >
        <p style={{ marginTop: 0 }}>{t("sweep.results.againAbout", count)}</p>
      </Confirm>
    </>
  );
}
