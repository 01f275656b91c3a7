// What is being done with files, how far it is, and what came of it.
import { Button, CloseButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { problemIn } from "../api/problem";
import type { FileTask } from "../api/types";
import { copyText } from "../ui/clipboard";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { ProblemNote } from "../ui/states";
import { useNow } from "../ui/use-now";
import { displayName, nameIn } from "./paths";
import { cancelTask, isRunning, tasksQuery, useTasks } from "./tasks";
import classes from "./tasks.module.css";

/** What went well is told of so long, unless somebody closes it. */
const TOLD_MS = 10 * 60_000;

export function TaskPanel() {
  const { t } = useTranslation();
  const tasks = useTasks();
  const now = useNow(tasks.length > 0);
  const shown = tasks.filter((task) => task.kind !== "search" && isTold(task, now));
  if (shown.length === 0) return null;
  return (
    <section className={classes.tasks} aria-label={t("fileTasks.title")}>
      <ul className={classes.list}>
        {shown.map((task) => (
          <Task key={task.id} task={task} />
        ))}
      </ul>
    </section>
  );
}

function isTold(task: FileTask, now: number): boolean {
  const wentWell = task.state === "done" && task.left_out_count === 0;
  return !wentWell || !task.ended_at || now - Date.parse(task.ended_at) < TOLD_MS;
}

function Task({ task }: { task: FileTask }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const figures = useFigures(task);
  const end = useMutation({
    mutationFn: () => cancelTask(task.id),
    onSettled: () => cache.invalidateQueries({ queryKey: tasksQuery.queryKey }),
  });
  const name = useSubject(task);
  const title = t(`fileTasks.${task.state}.${task.kind}`, { name });
  const problem = task.problem && problemIn(task.problem);
  const running = isRunning(task);
  return (
    <li className={classes.task} aria-label={title}>
      <div className={classes.line}>
        <span className={classes.title}>{title}</span>
        {running ? (
          <Button size="compact-sm" variant="default" loading={end.isPending} onClick={() => end.mutate()}>
            {t("common.cancel")}
          </Button>
        ) : (
          <>
            <Result task={task} />
            <CloseButton aria-label={t("fileTasks.dismiss", { title })} onClick={() => end.mutate()} />
          </>
        )}
      </div>
      {running && <Running task={task} title={title} />}
      {task.state === "done" && <p className={classes.figures}>{figures}</p>}
      {task.checksum && <Checksum digits={task.checksum} />}
      {problem && <ProblemNote error={problem} />}
      {end.error && <ProblemNote error={end.error} />}
      <LeftOut task={task} />
    </li>
  );
}

function useSubject(task: FileTask): string {
  const { t } = useTranslation();
  const format = useFormat();
  if (task.kind === "empty_trash") return task.space === "home" ? t("files.home") : task.space;
  const name = task.path === "" ? task.space : displayName(nameIn(task.path));
  return task.count > 1
    ? t("fileTasks.andMore", { name, count: task.count - 1, formatted: format.number(task.count - 1) })
    : `“${name}”`;
}

function Running({ task, title }: { task: FileTask; title: string }) {
  const { bytes, entries } = task;
  const counted = bytes.total ? bytes : entries;
  const words = useFigures(task);
  return (
    <>
      {counted.total ? (
        <Bar label={title} value={counted.done / counted.total} words={words} />
      ) : (
        <div className={classes.unknown} role="progressbar" aria-label={title} aria-valuetext={words} />
      )}
      <p className={classes.figures}>
        <span>{words}</span>
        <span className="qd-truncate">{task.current}</span>
      </p>
    </>
  );
}

function useFigures({ bytes, entries }: FileTask): string {
  const { t } = useTranslation();
  const format = useFormat();
  const words: string[] = [];
  const { done, total } = entries;
  if (total && total > 1) {
    words.push(t("fileTasks.entriesOf", { done: format.number(done), total: format.number(total) }));
  } else if (!total && done > 0) {
    words.push(t("fileTasks.entries", { count: done, formatted: format.number(done) }));
  }
  if (bytes.total) {
    words.push(t("fileTasks.bytesOf", { done: format.bytes(bytes.done), total: format.bytes(bytes.total) }));
  }
  return words.join(" · ");
}

function Result({ task }: { task: FileTask }) {
  const { t } = useTranslation();
  const [made] = task.results;
  if (!made) return null;
  const cut = made.path.lastIndexOf("/");
  const path =
    made.is_directory && task.results.length === 1 ? made.path : made.path.slice(0, Math.max(0, cut));
  return (
    <Link
      to="/files/$space"
      params={{ space: made.space }}
      search={path ? { path } : {}}
      className="qd-link"
      aria-label={t("fileTasks.showNamed", { name: displayName(nameIn(made.path)) })}
    >
      {t("fileTasks.show")}
    </Link>
  );
}

function Checksum({ digits }: { digits: string }) {
  const { t } = useTranslation();
  return (
    <div className={classes.line}>
      <code className={classes.checksum}>SHA-256 {digits}</code>
      <Button size="compact-sm" variant="default" onClick={() => void copyText(digits)}>
        {t("common.copy")}
      </Button>
    </div>
  );
}

function LeftOut({ task }: { task: FileTask }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { left_out, left_out_count: count } = task;
  if (count === 0) return null;
  return (
    <details className={classes.leftOut}>
      <summary>{t("fileTasks.leftOut", { count, formatted: format.number(count) })}</summary>
      <ul>
        {left_out.map(({ path, why }) => (
          <li key={`${path} ${why}`}>
            <span className="qd-mono">{path}</span>: {t(`fileTasks.why.${why}`)}
          </li>
        ))}
        {count > left_out.length && (
          <li>{t("fileTasks.moreLeftOut", { formatted: format.number(count - left_out.length) })}</li>
        )}
      </ul>
    </details>
  );
}
