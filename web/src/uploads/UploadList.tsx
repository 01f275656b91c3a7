// The files of the queue. Of a long list only the rows in view are in the document.
import { NativeSelect } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../ui/format";
import { ChunkUploadProgress } from "./ChunkUploadProgress";
import { isUnderWay, type UploadItem } from "./upload-item";
import { uploadQueue } from "./uploads";
import classes from "./uploads.module.css";

interface Props {
  items: readonly UploadItem[];
  extraFor?(item: UploadItem): ReactNode;
  onRemove?(item: UploadItem): void;
}

/** Longer lists scroll by themselves, and can be narrowed. */
const LONG = 30;
const ROW_HEIGHT = 64;

const SHOWN = {
  all: () => true,
  underWay: ({ state }: UploadItem) => isUnderWay(state),
  paused: ({ state }: UploadItem) => state === "paused",
  failed: ({ state }: UploadItem) => state === "failed",
  finished: ({ state }: UploadItem) => state === "finished",
} as const;
type Shown = keyof typeof SHOWN;

export function UploadList(props: Props) {
  const { t } = useTranslation();
  if (props.items.length === 0) return null;
  if (props.items.length > LONG) return <LongList {...props} />;
  return (
    <ul className={classes.items} aria-label={t("uploading.list")}>
      {props.items.map((item) => (
        <Row key={item.key} item={item} {...props} />
      ))}
    </ul>
  );
}

function LongList(props: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [shown, setShown] = useState<Shown>("all");
  const items = useMemo(() => props.items.filter(SHOWN[shown]), [props.items, shown]);
  const counts = useMemo(() => {
    const count = (which: Shown) => props.items.reduce((all, item) => all + (SHOWN[which](item) ? 1 : 0), 0);
    return (Object.keys(SHOWN) as Shown[]).map((which) => ({ which, number: count(which) }));
  }, [props.items]);
  const frame = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 6,
  });
  return (
    <>
      <NativeSelect
        className={classes.shown}
        aria-label={t("uploading.show")}
        value={shown}
        onChange={(event) => setShown(event.currentTarget.value as Shown)}
        data={counts
          .filter(({ which, number }) => number > 0 || which === "all" || which === shown)
          .map(({ which, number }) => ({
            value: which,
            label: t(`uploading.shown.${which}`, { number: format.number(number) }),
          }))}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <div ref={frame} className={classes.long} tabIndex={0}>
        <ul
          className={classes.items}
          aria-label={t("uploading.list")}
          style={{ height: virtualizer.getTotalSize() }}
        >
          {virtualizer.getVirtualItems().map(({ index, start, key }) => {
            const item = items[index];
            return item ? (
              <Row
                key={key}
                item={item}
                {...props}
                place={{ index, start, count: items.length, measure: virtualizer.measureElement }}
              />
            ) : null;
          })}
        </ul>
      </div>
    </>
  );
}

interface RowProps extends Props {
  item: UploadItem;
  place?: { index: number; start: number; count: number; measure(element: Element | null): void };
}

function Row({ item, extraFor, onRemove, place }: RowProps) {
  return (
    <ChunkUploadProgress
      item={item}
      queue={uploadQueue}
      extra={extraFor?.(item)}
      {...(onRemove ? { onRemove: () => onRemove(item) } : {})}
      {...(place ? { place } : {})}
    />
  );
}
