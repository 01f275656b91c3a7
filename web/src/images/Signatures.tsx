// What has become of an image's signatures, at the places where it lies.
import { useTranslation } from "react-i18next";
import type { ImageDetail, ImageSignature } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { Panel } from "../ui/Panel";
import { Badge, type Tone } from "../ui/StateBadge";
import classes from "./images.module.css";

const TONES: Record<ImageSignature["verdict"], Tone> = {
  verified: "completed",
  unknown_key: "unknown",
  bad: "failed",
  not_checked: "cancelled",
};

/** A signature with what became of it, and on which hosts that is so. */
interface Told {
  signature: ImageSignature;
  hosts: string[];
}

export function Signatures({ image }: { image: ImageDetail }) {
  const { t } = useTranslation();
  const columns = useSignatureColumns();
  const there = image.locations.filter(({ state }) => state !== "inactive");
  const told = signaturesOf(image);
  const problem = there.find(({ signatures_problem }) => signatures_problem)?.signatures_problem;
  if (told.length === 0 && !problem) return null;
  return (
    <Panel
      title={t("images.signatures")}
      hint={image.signature && t(`images.standingNotes.${image.signature}`)}
      flush={told.length > 0}
    >
      {told.length > 0 ? (
        <DataTable label={t("images.signatures")} columns={columns} rows={told} rowKey={keyOf} />
      ) : (
        t("images.notChecked", { why: problem })
      )}
    </Panel>
  );
}

function signaturesOf({ locations }: ImageDetail): Told[] {
  const told = new Map<string, Told>();
  for (const { host, state, signatures } of locations) {
    if (state === "inactive") continue;
    for (const signature of signatures) {
      const one = { signature, hosts: [] };
      const known = told.get(keyOf(one)) ?? one;
      told.set(keyOf(one), { signature, hosts: [...new Set([...known.hosts, host])] });
    }
  }
  return [...told.values()];
}

function keyOf({ signature }: Told): string {
  return JSON.stringify(signature);
}

function useSignatureColumns(): Column<Told>[] {
  const { t } = useTranslation();
  return [
    {
      id: "verdict",
      header: t("images.signature"),
      width: 200,
      cell: ({ signature: { verdict, why } }) => (
        <div className={classes.whole}>
          <Badge tone={TONES[verdict]}>{t(`images.verdicts.${verdict}`)}</Badge>
          {why && <div className="qd-dim">{why}</div>}
        </div>
      ),
    },
    {
      id: "signer",
      header: t("images.signer"),
      width: 200,
      cell: ({ signature }) => <div className={classes.whole}>{signature.signer ?? "–"}</div>,
    },
    {
      id: "key",
      header: t("images.key"),
      width: 240,
      minor: true,
      cell: ({ signature }) => (
        <div className={classes.whole}>
          <span className="qd-mono">{signature.fingerprint ?? "–"}</span>
        </div>
      ),
    },
    {
      id: "hosts",
      header: t("images.hosts"),
      width: 100,
      minor: true,
      cell: ({ hosts }) => (hosts.length > 1 ? t("images.onHosts", { count: hosts.length }) : hosts[0]),
    },
  ];
}
