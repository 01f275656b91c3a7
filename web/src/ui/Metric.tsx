// One large figure that leads to what it counts.
import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { useFormat } from "./format";
import classes from "./Metric.module.css";
import type { Tone } from "./StateBadge";

interface Props {
  label: string;
  /** `undefined` while it loads. */
  value: number | undefined;
  tone: Tone;
  icon: ReactNode;
  /** Wraps the tile in a link. */
  link(children: ReactNode, className: string): ReactNode;
  below?: ReactNode;
}

export function Metric({ label, value, tone, icon, link, below }: Props) {
  const format = useFormat();
  return link(
    <>
      <span className={classes.label}>
        <span className={classes.icon} data-tone={tone} aria-hidden>
          {icon}
        </span>
        {label}
      </span>
      <span className={classes.value} data-quiet={value === 0 || undefined}>
        {value === undefined ? <Skeleton height={24} width={36} mt={6} /> : format.number(value)}
      </span>
      <span className={classes.below}>{below}</span>
    </>,
    classes.tile ?? "",
  );
}
