// One version of a template: its text, or in which lines it differs from another.
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Template, TemplateVersion } from "../../api/types";
import { CodeView } from "../../ui/CodeView";
import { LazyDifferences } from "../../ui/LazyDifferences";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { versionQuery } from "./queries";
import { TakeUp } from "./TakeUp";
import classes from "./versions.module.css";

interface Props {
  id: string;
  template: Template | null;
  version: TemplateVersion;
  others: readonly TemplateVersion[];
  /** The number of the version that it is compared with. */
  against: number | null;
  onCompare(against: number | null): void;
}

export function Version({ id, template, version, others, against, onCompare }: Props) {
  const { t } = useTranslation();
  const { number } = version;
  const { data, error, refetch } = useQuery(versionQuery(id, number));
  const name = (of: number) => t("templates.versions.number", { number: of });
  const other = against === number ? null : against;
  return (
    <div className={classes.version}>
      <div className={classes.tools}>
        <NativeSelect
          aria-label={t("templates.versions.compare")}
          value={other === null ? "" : String(other)}
          onChange={({ currentTarget: { value } }) => onCompare(value === "" ? null : Number(value))}
          data={[
            { value: "", label: t("templates.versions.textOnly") },
            ...others.map((one) => ({
              value: String(one.number),
              label: t("templates.versions.compareWith", { number: one.number }),
            })),
          ]}
        />
        {data && !version.current && (
          <TakeUp id={id} template={template} version={version} text={data.text} />
        )}
      </div>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows />}
      {data && other === null && <CodeView code={data.text} label={name(number)} maxHeight="60vh" />}
      {data && other !== null && (
        <Compared id={id} number={number} text={data.text} other={other} name={name} />
      )}
    </div>
  );
}

interface ComparedProps {
  id: string;
  number: number;
  text: string;
  other: number;
  name(number: number): string;
}

/** From the earlier to the later. */
function Compared({ id, number, text, other, name }: ComparedProps) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(versionQuery(id, other));
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows />;
  const sides = [
    { at: number, name: name(number), text },
    { at: other, name: name(other), text: data.text },
  ] as const;
  const [before, after] = number < other ? sides : ([sides[1], sides[0]] as const);
  return (
    <Suspense fallback={<LoadingRows />}>
      <LazyDifferences
        label={t("templates.versions.differences", { before: before.at, after: after.at })}
        before={before}
        after={after}
      />
    </Suspense>
  );
}
