// Who has rights of their own to a file or a directory, and what is made in the directory begins with.
import { Checkbox } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Problem } from "../../api/problem";
import type { FileEntry } from "../../api/types";
import { useProblemText } from "../../ui/problem-text";
import type { Acl, Named, Rights } from "./acl";
import { Bits, useExecute } from "./Bits";
import { granted, NO_WISH } from "./mode";
import { NamedRights } from "./NamedRights";
import classes from "./permissions.module.css";

interface Props {
  entry: FileEntry;
  acl: Acl;
  /** As they are asked for. */
  access: Rights;
  inherited: Rights | null;
  problem: Problem | null;
  onChange(change: { named?: Named[]; inherited?: Rights | null }): void;
}

export function AccessLists({ entry, acl, access, inherited, problem, onChange }: Props) {
  const { t } = useTranslation();
  const text = useProblemText();
  const execute = useExecute([entry]);
  const isDirectory = entry.kind === "directory";
  const errorAt = (list: "access" | "default") => (at: number) => {
    const error = problem?.errors.find(({ pointer }) => pointer.startsWith(`/${list}/named/${at}/`));
    return error ? text.field(error) : null;
  };
  if (acl.support !== "posix")
    return <p className={classes.words}>{t(`permissions.support.${acl.support}`)}</p>;
  return (
    <>
      <p className={classes.words}>{t("permissions.owned", { owner: acl.owner, group: acl.group })}</p>
      <NamedRights
        title={t("permissions.namedHere")}
        named={access.named}
        execute={execute}
        errorAt={errorAt("access")}
        bits={isDirectory ? 5 : 4}
        onChange={(named) => onChange({ named })}
      />
      {isDirectory && (
        <Checkbox
          className={classes.inherited}
          size="sm"
          label={t("permissions.inherit")}
          description={t("permissions.inheritMeans")}
          checked={inherited !== null}
          onChange={(event) => onChange({ inherited: event.currentTarget.checked ? access : null })}
        />
      )}
      {inherited && (
        <section aria-label={t("permissions.inherit")}>
          <Bits
            entries={[entry]}
            modes={[inherited.mode]}
            wish={NO_WISH}
            onChange={(wish) =>
              onChange({ inherited: { ...inherited, mode: granted(inherited.mode, wish) } })
            }
          />
          <NamedRights
            title={t("permissions.namedThere")}
            named={inherited.named}
            execute={execute}
            errorAt={errorAt("default")}
            bits={5}
            onChange={(named) => onChange({ inherited: { ...inherited, named } })}
          />
        </section>
      )}
    </>
  );
}
