// The catalogue of Apptainer images.
import { NativeSelect } from "@mantine/core";
import { IconAlertTriangle, IconBox, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Image } from "../api/types";
import { useIsOperator } from "../auth/use-session";
import { useFollowScans } from "../live/follow-scans";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { SearchBox } from "../ui/SearchBox";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { Moment } from "../ui/time";
import toolbar from "../ui/toolbar.module.css";
import { imagesQuery } from "./queries";
import { ScanImages } from "./ScanImages";

const route = getRouteApi("/frame/images");
const KINDS = ["compute", "viz", "custom"] as const;

export function ImagesPage() {
  useFollowScans();
  const { t } = useTranslation();
  const operator = useIsOperator();
  const { q = "", kind = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const open = useNavigate();
  const columns = useImageColumns();
  const { data, error, refetch } = useQuery(imagesQuery);
  const images = data?.items.filter((image) => matchesImage(image, q, kind));
  return (
    <>
      <PageHeader title={t("pages.images")} below={t("images.below")} actions={operator && <ScanImages />} />
      <search className={toolbar.toolbar}>
        <SearchBox
          label={t("images.search")}
          value={q}
          onChange={(next) =>
            void navigate({ search: (before) => withText({ ...before, q: next }), replace: true })
          }
        />
        <NativeSelect
          aria-label={t("images.columns.kind")}
          value={kind}
          onChange={(event) => {
            const next = event.currentTarget.value;
            void navigate({ search: (before) => withText({ ...before, kind: next }), replace: true });
          }}
          data={[
            { value: "", label: t("images.anyKind") },
            ...KINDS.map((value) => ({ value, label: t(`images.kinds.${value}`) })),
          ]}
        />
      </search>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel title={t("images.catalogue")} flush>
        {!images && !error && <LoadingRows />}
        {images?.length === 0 && (
          <Empty icon={<IconBox size={20} />} title={t("images.none")}>
            {t("images.noneAdvice")}
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
      </Panel>
    </>
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
          {image.signed && (
            <IconShieldCheck size={14} aria-label={t("images.signed")} style={{ verticalAlign: "-2px" }} />
          )}
          {image.problem && (
            <IconAlertTriangle
              size={14}
              color="var(--qd-failed)"
              aria-label={image.problem}
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
      cell: (image) => t(`images.kinds.${image.kind}`),
    },
    {
      id: "apps",
      header: t("images.columns.apps"),
      width: 160,
      cell: (image) => image.apps.join(", ") || "–",
    },
    { id: "host", header: t("images.columns.host"), width: 110, minor: true, cell: (image) => image.host },
    {
      id: "size",
      header: t("images.columns.size"),
      width: 84,
      align: "end",
      cell: (image) => format.bytes(image.size),
    },
    {
      id: "modified",
      header: t("images.columns.modified"),
      width: 110,
      align: "end",
      minor: true,
      cell: (image) => <Moment at={image.modified_at} />,
    },
  ];
}

function matchesImage(image: Image, words: string, kind: string): boolean {
  if (kind && image.kind !== kind) return false;
  const text =
    `${image.name} ${image.path} ${image.apps.join(" ")} ${Object.values(image.labels).join(" ")}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function withText(search: { q?: string; kind?: string }): { q?: string; kind?: string } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value));
}
