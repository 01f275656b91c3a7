// Chooses one of the seven kinds of a file.
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
  disabled?: boolean;
  /** Why it is of this kind. */
  reason?: string;
}

export function FileTypeSelector({ kind, fileName, onChange, disabled, reason }: Props) {
  const { t } = useTranslation();
  return (
    <NativeSelect
      classNames={{ input: classes.kind }}
      aria-label={t("uploading.kindOf", { name: fileName })}
      title={reason}
      value={kind}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.value as FileKind)}
      data={FILE_KINDS.map((value) => ({ value, label: t(`kinds.${value}`) }))}
    />
  );
}
