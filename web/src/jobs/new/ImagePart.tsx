// Part two: the Apptainer image that the job runs in, and which of its apps.
import { NativeSelect } from "@mantine/core";
import { IconBox } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Image, Template } from "../../api/types";
import { imagesQuery } from "../../images/queries";
import { useFormat } from "../../ui/format";
import { SearchBox } from "../../ui/SearchBox";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import toolbar from "../../ui/toolbar.module.css";
import { imagesFor } from "./form";
import classes from "./new-job.module.css";
import { Part } from "./Part";
import { type RadioItem, RadioList } from "./RadioList";

interface Props {
  cluster: string;
  template: Template | null;
  image: string | null;
  app: string | null;
  error: string | null;
  appError: string | null;
  onChange(image: string | null, app: string | null): void;
}

export function ImagePart({ cluster, template, image, app, error, appError, onChange }: Props) {
  const { t } = useTranslation();
  const { data, error: failure, refetch } = useQuery(imagesQuery);
  const images = data && imagesFor(data.items, cluster);
  const chosen = images?.find((candidate) => candidate.id === image) ?? null;
  const use = template?.image;
  const gone = image !== null && images !== undefined && !chosen;
  return (
    <Part
      number={2}
      title={t("newJob.image")}
      hint={use && t(`templates.imageUse.${use}`)}
      done={template !== null && !error && !gone && (use !== "required" || chosen !== null)}
    >
      {(error || gone) && <p className={classes.error}>{error ?? t("newJob.imageGone")}</p>}
      {failure && <ProblemNote error={failure} onRetry={() => void refetch()} />}
      {use === "none" && <p className={classes.quiet}>{t("newJob.noImageNeeded")}</p>}
      {use !== "none" && !failure && (
        <ImageChoice
          images={images}
          image={image}
          optional={use !== "required"}
          onChoose={(id) => onChange(id, null)}
        />
      )}
      {use !== "none" && chosen && chosen.apps.length > 0 && (
        <NativeSelect
          className={classes.app}
          label={t("newJob.app")}
          error={appError}
          value={app ?? ""}
          onChange={(event) => onChange(chosen.id, event.currentTarget.value || null)}
          data={[
            { value: "", label: t("newJob.noApp") },
            ...chosen.apps.map((name) => ({ value: name, label: name })),
            // A link may name an app that the image has no more: say it rather than choose another.
            ...(app && !chosen.apps.includes(app) ? [{ value: app, label: app }] : []),
          ]}
        />
      )}
    </Part>
  );
}

interface ChoiceProps {
  images: Image[] | undefined;
  image: string | null;
  /** The job may also run without one. */
  optional: boolean;
  onChoose(id: string | null): void;
}

function ImageChoice({ images, image, optional, onChoose }: ChoiceProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const [words, setWords] = useState("");
  if (!images) return <LoadingRows rows={3} height={50} />;
  if (images.length === 0) {
    return (
      <Empty icon={<IconBox size={20} />} title={t("images.none")}>
        {t("images.noneAdvice")}
      </Empty>
    );
  }
  const wanted = words.toLowerCase();
  const found = images.filter((candidate) =>
    `${candidate.name} ${candidate.apps.join(" ")}`.toLowerCase().includes(wanted),
  );
  const items: RadioItem[] = found.map((candidate) => ({
    value: candidate.id,
    label: candidate.name,
    beside: [candidate.version, format.bytes(candidate.size)].filter(Boolean).join(" · "),
    disabled: candidate.problem !== null && candidate.problem !== undefined,
    below:
      candidate.problem ??
      (candidate.apps.length > 0
        ? t("newJob.apps", { apps: candidate.apps.join(", ") })
        : t("newJob.noApps")),
  }));
  if (optional) items.unshift({ value: "", label: t("newJob.noImage") });
  return (
    <>
      {images.length > 6 && (
        <div className={toolbar.toolbar}>
          <SearchBox label={t("images.search")} value={words} onChange={setWords} />
        </div>
      )}
      <RadioList
        name="image"
        label={t("newJob.image")}
        value={image ?? (optional ? "" : null)}
        onChange={(id) => onChoose(id || null)}
        items={items}
      />
    </>
  );
}
