// Chooses what a key may do: a row for each area of the API, reading and writing beside each other.
import { Button, Checkbox } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useLookUp } from "../i18n/use-look-up";
import classes from "./keys.module.css";
import { areasOf, type Deed, PRESETS, presetScopes } from "./scopes";

interface Props {
  /** What the owner's role allows. */
  offered: readonly string[];
  value: readonly string[];
  error?: string | undefined;
  onChange(scopes: string[]): void;
}

export function ScopeGrid({ offered, value, error, onChange }: Props) {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  const errorId = useId();
  const nameOf = (area: string) => lookUp(`keys.areas.${area}`) ?? area;
  const box = (area: string, deeds: Deed[], deed: Deed) => {
    const scope = `${area}:${deed}`;
    if (!deeds.includes(deed)) return <span className="qd-dim">–</span>;
    return (
      <Checkbox
        aria-label={t(`keys.deedIn.${deed}`, { area: nameOf(area) })}
        checked={value.includes(scope)}
        onChange={(event) =>
          onChange(
            event.currentTarget.checked ? [...value, scope] : value.filter((chosen) => chosen !== scope),
          )
        }
      />
    );
  };
  return (
    <fieldset className={classes.scopes} aria-describedby={error ? errorId : undefined}>
      <legend>{t("keys.scopes")}</legend>
      <div className={classes.presets}>
        {PRESETS.map((preset) => (
          <Button
            key={preset}
            variant="default"
            size="compact-xs"
            onClick={() => onChange(presetScopes(preset, offered))}
          >
            {t(`keys.presets.${preset}`)}
          </Button>
        ))}
      </div>
      <table className={classes.grid}>
        <thead>
          <tr>
            <th scope="col">{t("keys.area")}</th>
            <th scope="col">{t("keys.deeds.read")}</th>
            <th scope="col">{t("keys.deeds.write")}</th>
          </tr>
        </thead>
        <tbody>
          {areasOf(offered).map(({ name, deeds }) => (
            <tr key={name}>
              <th scope="row">{nameOf(name)}</th>
              <td>{box(name, deeds, "read")}</td>
              <td>{box(name, deeds, "write")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className={classes.hint}>{t("keys.scopesHint")}</p>
      {error && (
        <p id={errorId} className={classes.error}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
