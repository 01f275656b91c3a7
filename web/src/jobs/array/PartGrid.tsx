// Tasks of an array side by side: state by colour, icon and word, each a link; with boxes to select some.
import { Checkbox } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Job } from "../../api/types";
import { Badge } from "../../ui/StateBadge";
import { partOf } from "../filter";
import { groupOf, isKnownState } from "../states";
import classes from "./array.module.css";

interface Props {
  cluster: string;
  parts: Job[];
  label: string;
  /** Null: nothing can be selected. */
  chosen: ReadonlySet<string> | null;
  onChoose(chosen: ReadonlySet<string>): void;
}

export function PartGrid({ cluster, parts, label, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <ul className={classes.grid} aria-label={label}>
      {parts.map((part) => {
        const number = partOf(part.job_id)?.part ?? 0;
        const state = isKnownState(part.state) ? t(`states.job.${part.state}`) : part.state;
        const kind = part.job_id?.includes("+") ? "array.component" : "array.task";
        const words = t(kind, { number, state });
        return (
          <li key={part.id} className={classes.part}>
            {chosen && (
              <Checkbox
                size="xs"
                aria-label={t("array.select", { number: part.job_id })}
                checked={chosen.has(part.id)}
                onChange={() => toggle(part.id)}
              />
            )}
            <Link
              to="/clusters/$cluster/jobs/$job"
              params={{ cluster, job: part.id }}
              aria-label={words}
              title={words}
            >
              <Badge tone={groupOf(part.state)}>{number}</Badge>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
