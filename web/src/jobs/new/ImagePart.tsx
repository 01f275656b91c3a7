// Part two: the Apptainer image that the job runs in, and which of its apps.
import { Button, NativeSelect } from "@mantine/core";
import { IconBox } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
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
import { RadioList } from "./RadioList";

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
  const done = use === "none" || (chosen !== null && !error) || (use === "optional" && !error);
  return (
    <Part
      number={2}
      title={t("newJob.image")}
      hint={use && t(`templates.imageUse.${use}`)}
      done={template !== null && done}
      actions={
        image && (
          <Button variant="subtle" size="compact-xs" onClick={() => onChange(null, null)}>
            {t(chosen ? "newJob.changeImage" : "newJob.noImage")}
          </Button>
        )
      }
    >
      {(error || (image && images && !chosen)) && (
        <p className={classes.error}>{error ?? t("newJob.imageGone")}</p>
      )}
      {failure && <ProblemNote error={failure} onRetry={() => void refetch()} />}
      {use === "none" ? (
        <p className={classes.quiet}>{t("newJob.noImageNeeded")}</p>
      ) : chosen ? (
        <ChosenImage
          image={chosen}
          app={app}
          appError={appError}
          onApp={(next) => onChange(chosen.id, next)}
        />
      ) : (
        !failure && <ImageChoice images={images} onChoose={(id) => onChange(id, null)} />
      )}
    </Part>
  );
}

function ChosenImage(props: {
  image: Image;
  app: string | null;
  appError: string | null;
  onApp(app: string | null): void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const { image, app, appError, onApp } = props;
  const id = useId();
  return (
    <div className={classes.chosen}>
      <strong>{image.name}</strong>{" "}
      <span className="qd-dim">
        {[image.version, image.host, format.bytes(image.size)].filter(Boolean).join(" · ")}
      </span>
      {image.apps.length > 0 && (
        <NativeSelect
          id={id}
          className={classes.app}
          label={t("newJob.app")}
          error={appError}
          value={app ?? ""}
          onChange={(event) => onApp(event.currentTarget.value || null)}
          data={[
            { value: "", label: t("newJob.noApp") },
            ...image.apps.map((name) => ({ value: name, label: name })),
            // A link may name an app that the image has no more: say it rather than choose another.
            ...(app && !image.apps.includes(app) ? [{ value: app, label: app }] : []),
          ]}
        />
      )}
    </div>
  );
}

function ImageChoice({ images, onChoose }: { images: Image[] | undefined; onChoose(id: string): void }) {
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
  const found = images.filter((image) =>
    `${image.name} ${image.apps.join(" ")}`.toLowerCase().includes(wanted),
  );
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
        value={null}
        onChange={onChoose}
        items={found.map((image) => ({
          value: image.id,
          label: image.name,
          beside: [image.version, format.bytes(image.size)].filter(Boolean).join(" · "),
          disabled: image.problem !== null && image.problem !== undefined,
          below:
            image.problem ??
            (image.apps.length > 0 ? t("newJob.apps", { apps: image.apps.join(", ") }) : t("newJob.noApps")),
        }))}
      />
    </>
  );
}
