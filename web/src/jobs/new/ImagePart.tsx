// Part two: the Apptainer image that the job runs in, and which of its apps.
import { NativeSelect } from "@mantine/core";
import { IconBox } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Image, ImageDetail, Template } from "../../api/types";
import { ImageStateBadge } from "../../images/ImageStateBadge";
import { useOwnImages } from "../../images/own";
import { imageListQuery, imageQuery } from "../../images/queries";
import { useFormat } from "../../ui/format";
import { LoadMore } from "../../ui/LoadMore";
import { SearchBox } from "../../ui/SearchBox";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import toolbar from "../../ui/toolbar.module.css";
import classes from "./new-job.module.css";
import { Part } from "./Part";
import { type RadioItem, RadioList } from "./RadioList";

/** As many are seen at once. */
const SHORT = 6;

interface Props {
  cluster: string;
  /** The one that is chosen, where one is. */
  partition: string | undefined;
  template: Template | null;
  image: string | null;
  app: string | null;
  error: string | null;
  appError: string | null;
  onChange(image: string | null, app: string | null): void;
}

export function ImagePart({ cluster, partition, template, image, app, error, appError, onChange }: Props) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  useOwnImages();
  const there = { cluster, ...(partition && { partition }) };
  const all = useImages(there);
  const found = useImages({ ...there, ...(words && { q: words }) });
  const listed = all.images && [...all.images, ...(found.images ?? [])];
  // A link or an earlier job names it: it may have been removed, or lie far down a long catalogue.
  const isListed = listed?.some((candidate) => candidate.id === image);
  const named = useQuery({ ...imageQuery(image ?? ""), enabled: image !== null && isListed === false });
  const behind = !isListed && named.data && isUsableOn(named.data, cluster) ? [named.data] : [];
  const chosen = [...(listed ?? []), ...behind].find((candidate) => candidate.id === image) ?? null;
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
      {all.error && !all.images && <ProblemNote error={all.error} onRetry={all.retry} />}
      {use === "none" && <p className={classes.quiet}>{t("newJob.noImageNeeded")}</p>}
      {use !== "none" && !all.error && !all.images && <LoadingRows rows={3} height={50} />}
      {use !== "none" && all.images && (
        <ImageChoice
          found={words ? found : { ...all, images: [...all.images, ...behind] }}
          words={words}
          onSearch={setWords}
          searchable={words !== "" || all.images.length > SHORT}
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

type Images = ReturnType<typeof useImages>;

function useImages(filter: Parameters<typeof imageListQuery>[0]) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    imageListQuery(filter),
  );
  return {
    images: data?.pages.flatMap((page) => page.items),
    error,
    retry: () => void refetch(),
    hasMore: hasNextPage,
    isFetchingMore: isFetchingNextPage,
    fetchMore: () => void fetchNextPage(),
  };
}

/** What the portal's host has, and one's own, is on every cluster; that is how the server lists them. */
function isUsableOn({ state, locations }: ImageDetail, cluster: string): boolean {
  if (state === "inactive") return false;
  return locations.some((at) => at.state !== "inactive" && (at.cluster === cluster || at.source !== "node"));
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
  found: Images;
  words: string;
  onSearch(words: string): void;
  searchable: boolean;
  image: string | null;
  /** The job may also run without one. */
  optional: boolean;
  onChoose(id: string | null): void;
}

function ImageChoice({ found, words, onSearch, searchable, image, optional, onChoose }: ChoiceProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const below = (candidate: Image) => {
    const apps =
      candidate.apps.length > 0 ? t("newJob.apps", { apps: candidate.apps.join(", ") }) : t("newJob.noApps");
    const wantsGpus = candidate.needs.some((need) => need === "nvidia_gpu" || need === "amd_gpu");
    const notes = [
      ...(candidate.state === "stale" ? [t("newJob.imageStale")] : []),
      ...(candidate.own ? [t("newJob.imageOwn")] : []),
      ...(wantsGpus ? [t("newJob.imageForGpus")] : []),
      apps,
    ];
    return notes.join(" ");
  };
  const items: RadioItem[] = (found.images ?? []).map((candidate) => ({
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
  // Where there are no images it is no choice either.
  if (optional && (words || items.length > 0)) items.unshift({ value: "", label: t("newJob.noImage") });
  return (
    <>
      {searchable && (
        <div className={toolbar.toolbar}>
          <SearchBox label={t("images.search")} value={words} onChange={onSearch} />
        </div>
      )}
      {found.error && <ProblemNote error={found.error} onRetry={found.retry} />}
      {!found.images && !found.error && <LoadingRows rows={3} height={50} />}
      {items.length > 0 && (
        <RadioList
          name="image"
          label={t("newJob.image")}
          value={image ?? (optional ? "" : null)}
          onChange={(id) => onChoose(id || null)}
          items={items}
        />
      )}
      {found.images?.length === 0 && (
        <Empty icon={<IconBox size={20} />} title={t("images.none")}>
          {t("images.noneAdvice")}
        </Empty>
      )}
      {found.hasMore && <LoadMore busy={found.isFetchingMore} onMore={found.fetchMore} />}
    </>
  );
}
