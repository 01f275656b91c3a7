// Users and groups with rights of their own: shown, changed, added and taken away.
import { ActionIcon, Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { isNamed, type Named } from "./acl";
import { DeedHeads } from "./Bits";
import { DEEDS } from "./mode";
import classes from "./permissions.module.css";

const BITS = { read: 4, write: 2, execute: 1 } as const;

interface Props {
  /** For whom this is told. */
  title: string;
  named: readonly Named[];
  /** The word of the third column: to execute, or to enter. */
  execute: string;
  /** What the server said of the entry at this place. */
  errorAt(at: number): string | null;
  /** What one is given who is added. */
  bits: number;
  onChange(named: Named[]): void;
}

export function NamedRights({ title, named, execute, errorAt, bits, onChange }: Props) {
  const { t } = useTranslation();
  const heading = useId();
  const deedName = (deed: (typeof DEEDS)[number]) =>
    deed === "execute" ? execute : t(`permissions.deeds.${deed}`);
  const turn = (at: number, bit: number) =>
    onChange(named.map((one, index) => (index === at ? { ...one, bits: one.bits ^ bit } : one)));
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading} className={classes.heading}>
        {title}
      </h3>
      {named.length === 0 && <p className={classes.words}>{t("permissions.nobodyNamed")}</p>}
      {named.length > 0 && (
        <table className={classes.bits}>
          <DeedHeads execute={execute} />
          <tbody>
            {named.map((one, at) => {
              const error = errorAt(at);
              const who = t(`permissions.named.${one.kind}`, { name: one.who });
              return (
                <tr key={`${one.kind} ${one.who}`}>
                  <th scope="row">
                    {who}
                    {error && (
                      <span className={classes.error} role="alert">
                        {error}
                      </span>
                    )}
                  </th>
                  {DEEDS.map((deed) => (
                    <td key={deed}>
                      <Checkbox
                        size="sm"
                        aria-label={`${who}: ${deedName(deed)}`}
                        checked={(one.bits & BITS[deed]) !== 0}
                        onChange={() => turn(at, BITS[deed])}
                      />
                    </td>
                  ))}
                  <td>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={t("permissions.removeNamed", { who })}
                      onClick={() => onChange(named.filter((_, index) => index !== at))}
                    >
                      <IconX size={16} aria-hidden />
                    </ActionIcon>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <Add named={named} onAdd={(kind, who) => onChange([...named, { kind, who, id: null, bits }])} />
    </section>
  );
}

function Add({ named, onAdd }: { named: readonly Named[]; onAdd(kind: Named["kind"], who: string): void }) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<Named["kind"]>("user");
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const who = typed.trim();
  const isThere = isNamed(named, kind, who);
  const add = () => {
    if (who === "" || isThere) return;
    onAdd(kind, who);
    setTyped("");
  };
  // What is typed and not added would be lost without a word.
  useEffect(
    () => field.current?.setCustomValidity(typed.trim() === "" ? "" : t("permissions.notAdded")),
    [typed, t],
  );
  // Enter adds, and does not set what is half put together.
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    event.preventDefault();
    add();
  };
  return (
    <div className={classes.add}>
      <NativeSelect
        size="xs"
        aria-label={t("permissions.kind")}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value === "group" ? "group" : "user")}
        data={[
          { value: "user", label: t("permissions.user") },
          { value: "group", label: t("permissions.group") },
        ]}
      />
      <TextInput
        ref={field}
        size="xs"
        aria-label={t("permissions.nameOf")}
        placeholder={t("files.name")}
        value={typed}
        autoComplete="off"
        spellCheck={false}
        error={isThere ? t("permissions.namedAlready") : null}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={press}
      />
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlus size={14} aria-hidden />}
        disabled={who === "" || isThere}
        onClick={add}
      >
        {t("permissions.add")}
      </Button>
    </div>
  );
}
