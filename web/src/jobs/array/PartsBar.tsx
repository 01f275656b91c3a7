// How the parts of an array or a heterogeneous job stand, in the row of the whole.
import { useTranslation } from "react-i18next";
import type { Job } from "../../api/types";
import { useFormat } from "../../ui/format";
import { groupOf, STATE_GROUPS } from "../states";
import classes from "./array.module.css";

export function PartsBar({ parts }: { parts: NonNullable<Job["parts"]> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const groups = [...STATE_GROUPS, "unknown" as const]
    .map((group) => ({
      group,
      count: Object.entries(parts)
        .filter(([state]) => groupOf(state) === group)
        .reduce((sum, [, count]) => sum + count, 0),
    }))
    .filter(({ count }) => count > 0);
  const words = groups
    .map(({ group, count }) => `${t(`states.group.${group}`)} ${format.number(count)}`)
    .join(", ");
  return (
    <span className={`${classes.counts} ${classes.inRow}`} role="img" aria-label={words} title={words}>
      <span className={classes.bar} aria-hidden>
        {groups.map(({ group, count }) => (
          <span key={group} data-tone={group} style={{ flexGrow: count }} />
        ))}
      </span>
    </span>
  );
}
