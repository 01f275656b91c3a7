// What Slurm alone is asked for, each from what the cluster has now: account, QOS, reservation, features, devices,
// licences.
import { MultiSelect, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { choicesQuery, reservationNamesQuery } from "../../accounts/queries";
import type { Template } from "../../api/types";
import type { LastUsed } from "./own-jobs";
import type { ResourceForm } from "./search";
import { useOwnAccounts } from "./use-last-used";

type Name = "account" | "qos" | "reservation" | "features" | "gres" | "licenses" | "gpu_type";

interface Props {
  cluster: string;
  values: ResourceForm;
  defaults: Template["resources"] | undefined;
  lastUsed: LastUsed;
  errorAt(pointer: string): string | null;
  onChange(name: Name, value: string | undefined): void;
}

export function SlurmFields(props: Props) {
  const { values, defaults, errorAt, onChange } = props;
  const { t } = useTranslation();
  const { data: choices } = useQuery(choicesQuery(props.cluster));
  const { data: reservations } = useQuery(reservationNamesQuery(props.cluster));
  const names = reservations?.items.map(({ name }) => name) ?? [];
  const gres = (choices?.gres ?? []).filter(({ name }) => name !== "gpu");
  const licenses = choices?.licenses ?? [];
  const devices = gres.map(({ name, type, most_per_node }) =>
    [name, type, most_per_node].filter(Boolean).join(":"),
  );
  return (
    <>
      <AccountFields {...props} />
      {(names.length > 0 || values.reservation) && (
        <Choice
          label={t("choices.reservation")}
          preset={defaults?.reservation ?? t("choices.noReservation")}
          values={names}
          value={values.reservation}
          error={errorAt("/resources/reservation")}
          onChange={(value) => onChange("reservation", value)}
        />
      )}
      <Features {...props} names={choices?.features.map(({ name }) => name) ?? []} />
      {(gres.length > 0 || values.gres) && (
        <TextInput
          label={t("choices.gres")}
          description={devices.length > 0 && t("choices.gresHint", { list: devices.join(", ") })}
          placeholder={defaults?.gres ?? devices[0] ?? ""}
          value={values.gres ?? ""}
          error={errorAt("/resources/gres")}
          onChange={(event) => onChange("gres", event.currentTarget.value)}
        />
      )}
      {(licenses.length > 0 || values.licenses) && (
        <TextInput
          label={t("choices.licenses")}
          description={
            licenses.length > 0 &&
            t("choices.licensesHint", {
              list: licenses
                .map(({ name, total, used }) =>
                  t("choices.licenseFree", { name, total, free: Math.max(0, total - used) }),
                )
                .join(", "),
            })
          }
          placeholder={defaults?.licenses ?? `${licenses[0]?.name ?? ""}:1`}
          value={values.licenses ?? ""}
          error={errorAt("/resources/licenses")}
          onChange={(event) => onChange("licenses", event.currentTarget.value)}
        />
      )}
    </>
  );
}

function AccountFields({ cluster, values, defaults, lastUsed, errorAt, onChange }: Props) {
  const { t } = useTranslation();
  const own = useOwnAccounts(cluster);
  const standard = own.find(({ is_default }) => is_default)?.account;
  const accounts = [...new Set(own.map(({ account }) => account))];
  const account = values.account ?? defaults?.account ?? lastUsed.account ?? standard;
  const allowing = own.filter((association) => !account || association.account === account);
  const qos = [...new Set(allowing.flatMap((association) => association.qos))].sort();
  const standardQos = allowing.find(({ default_qos }) => default_qos)?.default_qos;
  return (
    <>
      <Choice
        label={t("resources.account")}
        preset={
          defaults?.account
            ? t("choices.ofTemplate", { name: defaults.account })
            : lastUsed.account
              ? t("choices.lastUsed", { name: lastUsed.account })
              : standard
                ? t("choices.yourDefault", { name: standard })
                : t("newJob.schedulersDefault")
        }
        values={accounts}
        value={values.account}
        error={errorAt("/resources/account")}
        onChange={(value) => onChange("account", value)}
      />
      <Choice
        label={t("resources.qos")}
        preset={
          defaults?.qos
            ? t("choices.ofTemplate", { name: defaults.qos })
            : standardQos
              ? t("choices.yourDefault", { name: standardQos })
              : t("newJob.schedulersDefault")
        }
        values={qos}
        value={values.qos}
        error={errorAt("/resources/qos")}
        onChange={(value) => onChange("qos", value)}
      />
    </>
  );
}

export interface ChoiceProps {
  label: string;
  /** What counts while nothing is chosen. */
  preset: string;
  values: readonly string[];
  value: string | undefined;
  error?: string | null;
  onChange(value: string | undefined): void;
}

/** One of a list. What the URL names stays, though the list may not have it (any more). */
export function Choice({ label, preset, values, value, error, onChange }: ChoiceProps) {
  const all = value && !values.includes(value) ? [...values, value] : values;
  return (
    <NativeSelect
      label={label}
      value={value ?? ""}
      error={error ?? null}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      data={[{ value: "", label: preset }, ...all.map((name) => ({ value: name, label: name }))]}
    />
  );
}

/** Several that must all be there; what joins them otherwise is written by hand. */
function Features({ values, defaults, errorAt, onChange, names }: Props & { names: string[] }) {
  const { t } = useTranslation();
  const { features } = values;
  if (names.length === 0 && !features) return null;
  const error = errorAt("/resources/features");
  if (features && /[^\w.&-]/.test(features)) {
    return (
      <TextInput
        label={t("choices.features")}
        value={features}
        error={error}
        onChange={(event) => onChange("features", event.currentTarget.value)}
      />
    );
  }
  const chosen = features ? features.split("&").filter(Boolean) : [];
  return (
    <MultiSelect
      label={t("choices.features")}
      description={t("choices.featuresHint")}
      placeholder={chosen.length > 0 ? "" : (defaults?.features ?? t("choices.noReservation"))}
      data={[...new Set([...names, ...chosen])]}
      value={chosen}
      error={error}
      searchable
      onChange={(next) => onChange("features", next.join("&"))}
    />
  );
}
