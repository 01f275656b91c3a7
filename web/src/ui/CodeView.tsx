// A batch script or another short text to read: line numbers, shell comments and #SBATCH lines told apart, copying.
import { ActionIcon } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "./CodeView.module.css";
import { copyText } from "./clipboard";

interface Props {
  code: string;
  /** What it is, for assistive technology. */
  label: string;
  language?: "shell" | "text";
  maxHeight?: number | string;
}

export function CodeView({ code, label, language = "text", maxHeight }: Props) {
  const lines = useMemo(() => numbered(code.replace(/\n$/, "").split("\n")), [code]);
  return (
    <div className={classes.frame}>
      <CopyButton text={code} className={classes.copy} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <pre className={classes.code} style={{ maxHeight }} tabIndex={0} role="document" aria-label={label}>
        {lines.map(({ number, line }) => (
          <span
            key={number}
            className={classes.line}
            data-kind={language === "shell" ? kindOf(line) : undefined}
          >
            {line}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}

export function CopyButton({ text, className }: { text: string; className?: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  const label = copied ? t("common.copied") : t("common.copy");
  return (
    <ActionIcon title={label} className={className} aria-label={label} onClick={copy}>
      {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
    </ActionIcon>
  );
}

function numbered(lines: string[]): { number: number; line: string }[] {
  return lines.map((line, at) => ({ number: at + 1, line }));
}

function kindOf(line: string): string | undefined {
  if (line.startsWith("#SBATCH") || line.startsWith("#!")) return "directive";
  if (/^\s*#/.test(line)) return "comment";
  return undefined;
}
