// What a job writes, followed as it comes: search, wrapping, download. Only the lines in view are in the document.
import { ActionIcon, Button, SegmentedControl, Switch, TextInput } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconDownload,
  IconPlayerTrackNext,
  IconSearch,
} from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import type { JobDetail } from "../api/types";
import { useFormat } from "../ui/format";
import { useProblemText } from "../ui/problem-text";
import { ProblemNote } from "../ui/states";
import classes from "./OutputView.module.css";
import { isFinal } from "./states";
import { downloadOutput, type Stream, useOutput } from "./use-output";

interface Props {
  cluster: string;
  job: JobDetail;
  stream: Stream;
  onStream(stream: Stream): void;
}

const LINE_HEIGHT = 20;

export function OutputView({ cluster, job, stream, onStream }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const problemText = useProblemText();
  const output = useOutput(cluster, job, stream);
  const [wrap, setWrap] = useState(false);
  const [search, setSearch] = useState("");
  const [current, setCurrent] = useState(0);
  const [following, setFollowing] = useState(true);
  const [downloadError, setDownloadError] = useState<unknown>(null);
  const frame = useRef<HTMLDivElement>(null);
  const over = isFinal(job.state);
  const separateErrors = job.error_path && job.error_path !== job.output_path;

  const failure = output.error ?? downloadError;
  // Nothing went wrong, and asking again changes nothing.
  const isNotKept = failure !== null && asProblem(failure).code === "output-not-kept";

  const { lines } = output;
  const found = useMemo(() => findLines(lines, search), [lines, search]);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 30,
  });

  useEffect(() => {
    if (following && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
  }, [following, lines, virtualizer]);

  const goTo = (index: number) => {
    if (found.length === 0) return;
    const next = (index + found.length) % found.length;
    setCurrent(next);
    setFollowing(false);
    virtualizer.scrollToIndex(found[next] ?? 0, { align: "center" });
  };

  const noteScroll = () => {
    const element = frame.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < LINE_HEIGHT * 2;
    if (atEnd !== following) setFollowing(atEnd);
  };

  return (
    <section className={classes.view} aria-label={t("output.title")}>
      <div className={classes.tools}>
        {separateErrors && (
          <SegmentedControl
            aria-label={t("output.stream")}
            value={stream}
            onChange={(value) => onStream(value as Stream)}
            data={[
              { value: "stdout", label: t("jobs.streams.stdout") },
              { value: "stderr", label: t("jobs.streams.stderr") },
            ]}
          />
        )}
        <TextInput
          className={classes.search}
          type="search"
          aria-label={t("output.search")}
          placeholder={t("output.search")}
          leftSection={<IconSearch size={14} aria-hidden />}
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
            setCurrent(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.nativeEvent.isComposing)
              goTo(current + (event.shiftKey ? -1 : 1));
          }}
        />
        {search && (
          <div className={classes.matches}>
            <span className="qd-num" role="status">
              {t("output.matches", { count: found.length, formatted: format.number(found.length) })}
            </span>
            <Tool label={t("output.previous")} onClick={() => goTo(current - 1)}>
              <IconArrowUp size={15} />
            </Tool>
            <Tool label={t("output.next")} onClick={() => goTo(current + 1)}>
              <IconArrowDown size={15} />
            </Tool>
          </div>
        )}
        <div className={classes.end}>
          <Switch
            size="xs"
            label={t("output.wrap")}
            checked={wrap}
            onChange={(event) => setWrap(event.currentTarget.checked)}
          />
          <Tool
            label={t("output.download")}
            onClick={() =>
              void downloadOutput(cluster, job, stream).then(() => setDownloadError(null), setDownloadError)
            }
          >
            <IconDownload size={16} />
          </Tool>
        </div>
      </div>
      {failure !== null && !isNotKept && <ProblemNote error={failure} onRetry={output.refresh} />}
      {output.truncated && <p className={classes.note}>{t("output.truncated")}</p>}
      <div
        ref={frame}
        className={classes.frame}
        onScroll={noteScroll}
        role="log"
        aria-label={t("output.title")}
        aria-live="off"
        aria-busy={output.loading}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
      >
        {lines.length === 0 && (output.error === null || isNotKept) && (
          <p className={classes.nothing}>
            {output.loading
              ? t("common.loading")
              : isNotKept
                ? problemText(asProblem(failure)).title
                : output.missing && !over
                  ? t("output.notYet")
                  : t("output.nothing")}
          </p>
        )}
        <div style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
          {virtualizer.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={wrap ? virtualizer.measureElement : undefined}
              data-index={item.index}
              className={wrap ? classes.wrapped : classes.line}
              data-current={found[current] === item.index && search !== "" ? true : undefined}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Marked text={lines[item.index] ?? ""} search={search} />
            </div>
          ))}
        </div>
      </div>
      <div className={classes.foot}>
        <span className="qd-num">
          {t("output.lines", { count: lines.length, formatted: format.number(lines.length) })} ·{" "}
          {format.bytes(output.size)}
        </span>
        {!over && (
          <span className={classes.follow} data-on={following || undefined}>
            {following ? t("output.following") : t("output.notFollowing")}
          </span>
        )}
        {!following && (
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<IconPlayerTrackNext size={13} style={{ rotate: "90deg" }} />}
            onClick={() => {
              setFollowing(true);
              virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
            }}
          >
            {t("output.toEnd")}
          </Button>
        )}
      </div>
    </section>
  );
}

function Tool({ label, onClick, children }: { label: string; onClick(): void; children: React.ReactNode }) {
  return (
    <ActionIcon title={label} aria-label={label} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}

function Marked({ text, search }: { text: string; search: string }) {
  // An empty line still has its height.
  if (!search) return text || "\u00a0";
  const parts: React.ReactNode[] = [];
  const low = text.toLowerCase();
  const wanted = search.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  parts.push(text.slice(from) || "\u00a0");
  return parts;
}

function findLines(lines: string[], search: string): number[] {
  if (!search) return [];
  const wanted = search.toLowerCase();
  const found: number[] = [];
  lines.forEach((line, index) => {
    if (line.toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}
