// New job: four parts in any order, the batch script beside them, and one button.
import { SegmentedControl, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useCallback, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { NewJob, Template } from "../../api/types";
import { RunsAdvice } from "../../efficiency/RunsAdvice";
import { useLookUp } from "../../i18n/use-look-up";
import { useText } from "../../i18n/use-text";
import { TellMe } from "../../notifications/TellMe";
import { clustersQuery } from "../../overview/queries";
import { templatesQuery } from "../../templates/queries";
import { holdWhileComposing } from "../../ui/composition";
import { PageHeader } from "../../ui/PageHeader";
import { useProblemText } from "../../ui/problem-text";
import type { UploadItem } from "../../uploads/upload-item";
import { useUploadItems } from "../../uploads/uploads";
import { jobListsKey } from "../queries";
import { AgainNote } from "./AgainNote";
import { mergePatch } from "./again";
import { dropDraft } from "./draft";
import { FilesPart } from "./FilesPart";
import { fieldErrors, parameterPointer } from "./field-errors";
import { type JobForm, submissionOf } from "./form";
import { ImagePart } from "./ImagePart";
import { Attempts } from "./idempotency";
import classes from "./new-job.module.css";
import { Part } from "./Part";
import { ResourcesPart } from "./ResourcesPart";
import { ScriptPane } from "./ScriptPane";
import { SweepPart } from "./sweep/SweepPart";
import { TemplatePart } from "./TemplatePart";
import { useAgain } from "./use-again";
import { useForm } from "./use-form";
import { useJobFiles } from "./use-job-files";
import { useLastUsed } from "./use-last-used";
import { useFaults, useLast, usePreview } from "./use-preview";

const route = getRouteApi("/frame/clusters/$cluster/new-job");

export function NewJobPage() {
  const { t } = useTranslation();
  const { cluster } = route.useParams();
  const { form, change } = useForm();
  const cache = useQueryClient();
  const navigate = route.useNavigate();
  const problemText = useProblemText();
  const text = useText();
  const lookUp = useLookUp();
  const { data: clusters } = useQuery(clustersQuery);
  const { data: templates } = useQuery(templatesQuery);
  const scheduler = clusters?.items.find(({ name }) => name === cluster)?.scheduler ?? null;
  const template = templates?.items.find(({ id }) => id === form.template?.split("@")[0]) ?? null;
  const keys = useMemo(() => new Set(form.files.map((file) => file.key)), [form.files]);
  const items = useUploadItems(useCallback(({ key }: UploadItem) => keys.has(key), [keys]));
  // What the rows of a sweep bring is asked of no file.
  const alone = useMemo(() => withoutColumns(template, form.sweep?.columns), [template, form.sweep?.columns]);
  const files = useJobFiles(form, alone, items, change);

  const again = useAgain(cluster, form, change);
  const asked = again.asked;
  const lastUsed = useLastUsed(cluster, form);
  const submission = useMemo(() => {
    const submission = submissionOf(form, template, lastUsed);
    // No field shows these.
    return asked?.environment ? { ...submission, environment: asked.environment } : submission;
  }, [form, template, asked, lastUsed]);
  const empty = form.mode === "template" ? form.template === null : form.script.trim() === "";
  const preview = usePreview(cluster, submission, empty);
  const faults = useFaults(preview);
  const lastScript = useLast(preview.data, `${form.mode} ${form.template}`);

  const attempts = useRef(new Attempts());
  const submit = useMutation({
    mutationFn: (job: NewJob) => {
      const key = attempts.current.keyFor(job);
      return form.again && asked
        ? sendAgain(cluster, form.again, mergePatch(asked, job), key)
        : sendJob(cluster, job, key);
    },
    onSuccess: (job) => {
      dropDraft();
      void cache.invalidateQueries({ queryKey: jobListsKey(cluster) });
      void navigate({ to: "/clusters/$cluster/jobs/$job", params: { cluster, job: job.id } });
    },
    onError: (error) => attempts.current.settle(error),
  });

  // What the last attempt complained of stays beside its field until the next one; before the first, the preview tells.
  const submitProblem = submit.error ? asProblem(submit.error) : null;
  const errors = fieldErrors(submitProblem, form, template);
  const errorAt = (pointer: string) => {
    const fault = errors.at(pointer);
    return fault && problemText.field(fault);
  };
  const nameOf = (column: string) => {
    const parameter = template?.parameters.find(({ name }) => name === column);
    return parameter ? text(parameter.label) : column;
  };
  const labelOf = (pointer: string) => {
    const [, row, column] = /^\/sweep\/rows\/(\d+)\/(.*)$/.exec(pointer) ?? [];
    if (row !== undefined) return t("sweep.at", { row: Number(row) + 1, column: nameOf(column ?? "") });
    const parameter = template?.parameters.find(({ name }) => parameterPointer(name) === pointer);
    return parameter
      ? text(parameter.label)
      : (lookUp(`newJob.fieldNames.${pointer.split("/").at(-1)}`) ?? "");
  };
  const sent = form.files.filter((file) => file.finished && file.upload);

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!submit.isPending) submit.mutate(submission);
  };

  return (
    <form onSubmit={onSubmit} onKeyDown={holdWhileComposing} noValidate>
      <PageHeader
        title={t("pages.newJob")}
        below={t("newJob.below", { cluster })}
        actions={
          <SegmentedControl
            aria-label={t("newJob.mode")}
            value={form.mode}
            onChange={(mode) => change({ mode: mode as JobForm["mode"] })}
            data={[
              { value: "template", label: t("newJob.fromTemplate") },
              { value: "script", label: t("newJob.ownScript") },
            ]}
          />
        }
      />
      {form.again && (
        <AgainNote
          cluster={cluster}
          job={form.again}
          error={again.error}
          onForget={() => change({ again: null })}
        />
      )}
      <div className={classes.columns}>
        <div className={classes.parts}>
          {form.mode === "template" ? (
            <>
              <TemplatePart
                scheduler={scheduler}
                chosen={template}
                error={errorAt("/template")}
                onChoose={(id) => change({ template: id })}
              />
              <ImagePart
                key={cluster}
                cluster={cluster}
                partition={form.resources.partition || template?.resources.partition || undefined}
                template={template}
                image={form.image}
                app={form.app}
                error={errors.at("/image/app") ? null : errorAt("/image")}
                appError={errorAt("/image/app")}
                onChange={(image, app) => change({ image, app })}
              />
            </>
          ) : (
            <OwnScript
              script={form.script}
              error={errorAt("/script")}
              onChange={(script) => change({ script })}
            />
          )}
          <FilesPart
            number={form.mode === "template" ? 3 : 2}
            settled={form.mode === "script" ? form.files.length > 0 : template !== null}
            template={form.mode === "template" ? alone : null}
            files={form.files}
            items={items}
            error={errors.all.some(({ pointer }) => pointer === "/files") ? errorAt("/files") : null}
            errorOf={(file) => (sent.includes(file) ? errorAt(`/files/${sent.indexOf(file)}`) : null)}
            {...files}
          />
          {form.mode === "template" && template && (
            <RunsAdvice
              cluster={cluster}
              template={template.id}
              values={form.resources}
              onSet={(resource, value) =>
                change((before) => ({ resources: { ...before.resources, [resource]: value } }))
              }
            />
          )}
          <ResourcesPart
            number={form.mode === "template" ? 4 : 3}
            cluster={cluster}
            scheduler={scheduler}
            template={template}
            form={form}
            lastUsed={lastUsed}
            strict={submit.isError}
            errorAt={errorAt}
            onChange={change}
          />
          {(template || form.mode === "script") && (
            <SweepPart
              number={form.mode === "template" ? 5 : 4}
              template={form.mode === "template" ? template : null}
              sweep={form.sweep}
              errors={faults}
              onChange={(sweep) => change({ sweep })}
            />
          )}
          <TellMe checked={form.notify} onChange={(notify) => change({ notify })} />
        </div>
        <ScriptPane
          preview={empty ? undefined : (preview.data ?? lastScript)}
          outdated={preview.data === undefined}
          problem={preview.error ? asProblem(preview.error) : null}
          updating={preview.isFetching}
          empty={empty}
          submitError={submit.error}
          rest={errors.rest}
          labelOf={labelOf}
          submitting={submit.isPending}
          waitingFor={form.files.filter((file) => !file.finished).length}
        />
      </div>
    </form>
  );
}

function withoutColumns(template: Template | null, columns: readonly string[] = []): Template | null {
  if (!template || columns.length === 0) return template;
  return { ...template, files: template.files.filter(({ name }) => !columns.includes(name)) };
}

async function sendJob(cluster: string, job: NewJob, key: string) {
  const { data } = await client.POST("/api/v1/clusters/{cluster}/jobs", {
    params: { path: { cluster }, header: { "Idempotency-Key": key } },
    body: job,
  });
  return data as NonNullable<typeof data>;
}

async function sendAgain(cluster: string, before: string, changes: Record<string, unknown>, key: string) {
  const { data } = await client.POST("/api/v1/clusters/{cluster}/jobs/{job}/resubmit", {
    params: { path: { cluster, job: before }, header: { "Idempotency-Key": key } },
    body: changes,
  });
  return data as NonNullable<typeof data>;
}

function OwnScript({
  script,
  error,
  onChange,
}: {
  script: string;
  error: string | null;
  onChange(script: string): void;
}) {
  const { t } = useTranslation();
  return (
    <Part number={1} title={t("newJob.ownScript")} done={script.startsWith("#!") && !error}>
      <Textarea
        aria-label={t("newJob.ownScript")}
        description={t("newJob.ownScriptHint")}
        error={error}
        autosize
        minRows={12}
        maxRows={30}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--qd-mono)", lineHeight: 1.55 } }}
        value={script}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </Part>
  );
}
