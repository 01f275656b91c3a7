// Chooses one of the seven kinds of a file, or leaves it to what is in the file.
import { NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { FileKind } from "../api/types";
import { FILE_KINDS } from "./kinds";
import classes from "./uploads.module.css";

interface Props {
  kind: FileKind;
  /** Whose kind it is, for assistive technology. */
  fileName: string;
  onChange(kind: FileKind): void;
  /** The user has said it, and may take that back: the content tells. */
  onForget?(): void;
  disabled?: boolean;
  /** Why it is of this kind. */
  reason?: string;
}

const BY_CONTENT = "by-content";

export function FileTypeSelector({ kind, fileName, onChange, onForget, disabled, reason }: Props) {
  const { t } = useTranslation();
  const kinds = FILE_KINDS.map((value) => ({ value: value as string, label: t(`kinds.${value}`) }));
  const choices = onForget ? [...kinds, { value: BY_CONTENT, label: t("uploading.kindByContent") }] : kinds;
  return (
    <NativeSelect
      classNames={{ input: classes.kind }}
      aria-label={t("uploading.kindOf", { name: fileName })}
      title={reason}
      value={kind}
      disabled={disabled}
      onChange={({ currentTarget: { value } }) => {
        if (value === BY_CONTENT) onForget?.();
        else onChange(value as FileKind);
      }}
      data={choices}
    />
  );
}
