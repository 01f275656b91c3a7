// Part two: the Apptainer image that the job runs in, and which of its apps.
import { NativeSelect } from "@mantine/core";
import { IconBox } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Image, ImageDetail, Template } from "../../api/types";
import { ImageStateBadge } from "../../images/ImageStateBadge";
import { imageQuery, imagesQuery } from "../../images/queries";
import { useFormat } from "../../ui/format";
import { SearchBox } from "../../ui/SearchBox";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import toolbar from "../../ui/toolbar.module.css";
import { imagesFor, matchesImage } from "./form";
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
  const listed = data && imagesFor(data.items, cluster);
  // A link or an earlier job names it: it may have been removed, or lie far down a long catalogue.
  const isListed = listed?.some((candidate) => candidate.id === image);
  const named = useQuery({ ...imageQuery(image ?? ""), enabled: image !== null && isListed === false });
  const images = listed && [...listed, ...imagesFor(named.data && !isListed ? [named.data] : [], cluster)];
  const chosen = images?.find((candidate) => candidate.id === image) ?? null;
  const use = template?.image;
  const gone = image !== null && isListed === false && !chosen && !named.isLoading;
  return (
    <Part
      number={2}
      title={t("newJob.image")}
      hint={use && t(`templates.imageUse.${use}`)}
      done={template !== null && !error && !gone && (use !== "required" || chosen !== null)}
    >
      {error && <p className={classes.error}>{error}</p>}
      {gone && !error && <WhyGone image={named.data} />}
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

/** Why the image that was asked for is not offered. */
function WhyGone({ image }: { image: ImageDetail | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const removedAt = image?.state === "inactive" ? image.gone_at : null;
  return (
    <p className={classes.error}>
      {removedAt
        ? t("newJob.imageRemoved", { name: image?.name, time: format.moment(removedAt) })
        : t("newJob.imageGone")}
    </p>
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
  const below = (candidate: Image) => {
    const apps =
      candidate.apps.length > 0 ? t("newJob.apps", { apps: candidate.apps.join(", ") }) : t("newJob.noApps");
    return candidate.state === "stale" ? `${t("newJob.imageStale")} ${apps}` : apps;
  };
  const found = images.filter((candidate) => matchesImage(candidate, words));
  const items: RadioItem[] = found.map((candidate) => ({
    value: candidate.id,
    label: candidate.name,
    beside: (
      <>
        {[candidate.version, format.bytes(candidate.size)].filter(Boolean).join(" · ")}{" "}
        {candidate.state === "stale" && <ImageStateBadge state="stale" />}
      </>
    ),
    disabled: candidate.problem !== null && candidate.problem !== undefined,
    below: candidate.problem ?? below(candidate),
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
