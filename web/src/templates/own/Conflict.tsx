// Somebody else changed the template meanwhile: what she wrote against what is there now, which may be written over,
// since every text stays among the versions.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { LazyDifferences } from "../../ui/LazyDifferences";
import { LoadingRows, ProblemNote } from "../../ui/states";
import classes from "./own.module.css";
import { readText } from "./text";

interface Props {
  id: string;
  mine: string;
  /** When it came to this: what is there is read anew each time. */
  at: number;
  onSaveOver(hash: string): void;
}

export function Conflict({ id, mine, at, onSaveOver }: Props) {
  const { t } = useTranslation();
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  const { data, error, refetch } = useQuery({
    queryKey: ["template-text-now", id, at],
    queryFn: ({ signal }) => readText(id, signal),
    gcTime: 0,
  });
  return (
    <section className={classes.conflict} aria-label={t("fileEdit.conflict")}>
      <h2 ref={head} tabIndex={-1}>
        {t("fileEdit.changed", { name: id })}
      </h2>
      <p>{t("templates.editor.changed")}</p>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={2} />}
      {data && (
        <>
          <Button variant="default" onClick={() => onSaveOver(data.hash)}>
            {t("fileEdit.saveAnyway")}
          </Button>
          <Suspense fallback={<LoadingRows rows={2} />}>
            <LazyDifferences
              label={t("fileEdit.differences")}
              before={{ name: t("fileEdit.onDisk"), text: data.yaml }}
              after={{ name: t("fileEdit.mine"), text: mine }}
            />
          </Suspense>
        </>
      )}
    </section>
  );
}
