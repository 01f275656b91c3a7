// The catalogue of Apptainer images.
import { NativeSelect } from "@mantine/core";
import { IconAlertTriangle, IconArrowsDiff, IconBox, IconUser } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Image } from "../api/types";
import { useCanHaveOwn, useIsOperator } from "../auth/use-session";
import { useFollowScans } from "../live/follow-scans";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { LoadMore } from "../ui/LoadMore";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { SearchBox } from "../ui/SearchBox";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { Moment } from "../ui/time";
import toolbar from "../ui/toolbar.module.css";
import { DRIFT_ID, DriftPanel } from "./DriftPanel";
import { IMAGE_KINDS, IMAGE_STATES, type ImageFilter, imageFilterFromSearch, WHOSE } from "./filter";
import { ImageStateBadge } from "./ImageStateBadge";
import classes from "./images.module.css";
import { useOwnImages } from "./own";
import { driftQuery, imageListQuery } from "./queries";
import { ScanImages } from "./ScanImages";
import { ScannedHost, ScanPanel } from "./ScanPanel";
import { SignatureIcon } from "./SignatureIcon";

const route = getRouteApi("/frame/images");

export function ImagesPage() {
  useFollowScans();
  const { t } = useTranslation();
  const operator = useIsOperator();
  const own = useOwnImages();
  const [scan, setScan] = useState<string | null>(null);
  const filter = imageFilterFromSearch(route.useSearch());
  const navigate = route.useNavigate();
  const open = useNavigate();
  const columns = useImageColumns();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    imageListQuery(filter),
  );
  const images = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  return (
    <>
      <PageHeader
        title={t("pages.images")}
        below={
          <>
            {t("images.below")} <DriftLink filter={filter} />
          </>
        }
        actions={operator && <ScanImages id={scan} onStart={setScan} />}
      />
      {scan && <ScanPanel key={scan} id={scan} />}
      <ImageFilters
        filter={filter}
        onChange={(change) =>
          void navigate({
            search: (before) => imageFilterFromSearch({ ...before, ...change }),
            replace: true,
          })
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {own && (own.error || own.errors_total > 0) && (
        <div className={classes.scan}>
          <Panel title={t("images.ownTrouble")}>
            <ul className={classes.scannedHosts}>
              <ScannedHost host={{ ...own, host: t("images.ownFiles") }} />
            </ul>
          </Panel>
        </div>
      )}
      <Panel title={t("images.catalogue")} flush>
        {!images && !error && <LoadingRows />}
        {images?.length === 0 && (
          <Empty icon={<IconBox size={20} />} title={t("images.none")}>
            {filter.whose === "own" ? t("images.noneOwnAdvice") : t("images.noneAdvice")}
          </Empty>
        )}
        {images && images.length > 0 && (
          <DataTable
            label={t("images.catalogue")}
            columns={columns}
            rows={images}
            rowKey={(image) => image.id}
            onOpen={(image) => void open({ to: "/images/$image", params: { image: image.id } })}
          />
        )}
        {hasNextPage && <LoadMore busy={isFetchingNextPage} onMore={() => void fetchNextPage()} />}
      </Panel>
      <DriftPanel />
    </>
  );
}

/** Where hosts have different images: that is below the catalogue, and out of view. */
function DriftLink({ filter }: { filter: ImageFilter }) {
  const { t } = useTranslation();
  const { data } = useQuery(driftQuery);
  const count = data?.items.length ?? 0;
  if (count === 0) return null;
  return (
    <Link to="/images" search={filter} hash={DRIFT_ID} className={`qd-link ${classes.inText}`}>
      {t("images.driftCount", { count })}
    </Link>
  );
}

interface FiltersProps {
  filter: ImageFilter;
  onChange(change: Record<string, string>): void;
}

function ImageFilters({ filter, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const canHaveOwn = useCanHaveOwn();
  return (
    <search className={toolbar.toolbar}>
      <SearchBox label={t("images.search")} value={filter.q ?? ""} onChange={(q) => onChange({ q })} />
      {canHaveOwn && (
        <NativeSelect
          aria-label={t("images.whose")}
          value={filter.whose ?? ""}
          onChange={(event) => onChange({ whose: event.currentTarget.value })}
          data={[
            { value: "", label: t("images.anybodys") },
            ...WHOSE.map((value) => ({ value, label: t(`images.whoses.${value}`) })),
          ]}
        />
      )}
      <NativeSelect
        aria-label={t("images.columns.kind")}
        value={filter.kind ?? ""}
        onChange={(event) => onChange({ kind: event.currentTarget.value })}
        data={[
          { value: "", label: t("images.anyKind") },
          ...IMAGE_KINDS.map((value) => ({ value, label: t(`images.kinds.${value}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("images.columns.state")}
        value={filter.state ?? ""}
        onChange={(event) => onChange({ state: event.currentTarget.value })}
        data={[
          { value: "", label: t("images.notRemoved") },
          ...IMAGE_STATES.map((value) => ({ value, label: t(`images.states.${value}`) })),
        ]}
      />
    </search>
  );
}

function useImageColumns(): Column<Image>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      id: "name",
      header: t("images.columns.name"),
      width: 200,
      cell: (image) => (
        <>
          <Link to="/images/$image" params={{ image: image.id }} className="qd-link">
            {image.name}
          </Link>{" "}
          {image.own && (
            <IconUser
              size={14}
              color="var(--qd-text-2)"
              aria-label={t("images.isOwn")}
              style={{ verticalAlign: "-2px" }}
            />
          )}{" "}
          {image.signature && <SignatureIcon standing={image.signature} />}{" "}
          {image.problem && (
            <IconAlertTriangle
              size={14}
              color="var(--qd-failed)"
              aria-label={image.problem}
              style={{ verticalAlign: "-2px" }}
            />
          )}{" "}
          {image.drifts && (
            <IconArrowsDiff
              size={14}
              color="var(--qd-waiting)"
              aria-label={t("images.drifts")}
              style={{ verticalAlign: "-2px" }}
            />
          )}
        </>
      ),
    },
    {
      id: "version",
      header: t("images.columns.version"),
      width: 80,
      minor: true,
      cell: (image) => image.version ?? "–",
    },
    {
      id: "kind",
      header: t("images.columns.kind"),
      width: 90,
      minor: true,
      cell: (image) => t(`images.kinds.${image.kind}`),
    },
    {
      id: "apps",
      header: t("images.columns.apps"),
      width: 130,
      minor: true,
      cell: (image) => image.apps.join(", ") || "–",
    },
    {
      id: "host",
      header: t("images.columns.node"),
      width: 100,
      minor: true,
      cell: (image) => {
        if (image.own) return t("images.ownFiles");
        return image.hosts > 1 ? t("images.onHosts", { count: image.hosts }) : image.host;
      },
    },
    {
      id: "state",
      header: t("images.columns.state"),
      width: 190,
      cell: (image) => <ImageStateBadge state={image.state} goneAt={image.gone_at} />,
    },
    {
      id: "size",
      header: t("images.columns.size"),
      width: 84,
      align: "end",
      minor: true,
      cell: (image) => format.bytes(image.size),
    },
    {
      id: "modified",
      header: t("images.columns.modified"),
      width: 125,
      align: "end",
      minor: true,
      cell: (image) => <Moment at={image.modified_at} />,
    },
  ];
}
