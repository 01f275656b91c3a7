// Narrows the audit: by who, what, to what, with which result, when.
import { NativeSelect, TextInput } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useLookUp } from "../../i18n/use-look-up";
import { SearchBox } from "../../ui/SearchBox";
import toolbar from "../../ui/toolbar.module.css";
import { ACTIONS, useActionName } from "./actions";
import classes from "./audit.module.css";
import { type AuditFilter, fromLocalField, toLocalField } from "./filter";
import { AUDIT_RESULTS } from "./results";

interface Props {
  filter: AuditFilter;
  onChange(change: { [Name in keyof AuditFilter]?: string | undefined }): void;
}

export function AuditFilters({ filter, onChange }: Props) {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  const actionName = useActionName();
  const groups = Object.entries(ACTIONS).map(([noun, deeds]) => {
    const name = lookUp(`audit.nouns.${noun}`) ?? noun;
    return {
      group: name,
      items: [
        ...(deeds.length > 1 ? [{ value: `${noun}.`, label: t("audit.allOf", { noun: name }) }] : []),
        ...deeds.map((deed) => ({ value: `${noun}.${deed}`, label: actionName(`${noun}.${deed}`) })),
      ],
    };
  });
  const isOffered = groups.some(({ items }) => items.some(({ value }) => value === filter.action));
  return (
    <search className={`${toolbar.toolbar} ${classes.filters}`}>
      <SearchBox
        label={t("audit.columns.actor")}
        value={filter.actor ?? ""}
        onChange={(actor) => onChange({ actor })}
      />
      <NativeSelect
        aria-label={t("audit.columns.action")}
        value={filter.action ?? ""}
        onChange={(event) => onChange({ action: event.currentTarget.value })}
        data={[
          { value: "", label: t("audit.anyAction") },
          // The URL may name one that is not offered.
          ...(filter.action && !isOffered
            ? [{ value: filter.action, label: actionName(filter.action) }]
            : []),
          ...groups,
        ]}
      />
      <SearchBox
        label={t("audit.columns.object")}
        value={filter.object ?? ""}
        onChange={(object) => onChange({ object })}
      />
      <NativeSelect
        aria-label={t("audit.columns.result")}
        value={filter.result ?? ""}
        onChange={(event) => onChange({ result: event.currentTarget.value })}
        data={[
          { value: "", label: t("audit.anyResult") },
          ...AUDIT_RESULTS.map((value) => ({ value, label: t(`audit.results.${value}`) })),
        ]}
      />
      <MomentField label={t("audit.since")} value={filter.since} onChange={(since) => onChange({ since })} />
      <MomentField label={t("audit.until")} value={filter.until} onChange={(until) => onChange({ until })} />
    </search>
  );
}

interface MomentProps {
  label: string;
  value: string | undefined;
  onChange(value: string | undefined): void;
}

function MomentField({ label, value, onChange }: MomentProps) {
  const id = useId();
  return (
    <div className={classes.moment}>
      <label htmlFor={id}>{label}</label>
      <TextInput
        id={id}
        type="datetime-local"
        value={toLocalField(value)}
        onChange={(event) => onChange(fromLocalField(event.currentTarget.value))}
      />
    </div>
  );
}
