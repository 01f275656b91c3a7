// How far a scan is, node by node: those with trouble first, the others on demand.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import type { ImageScan } from "../api/types";
import { useFormat } from "../ui/format";
import { LoadMore } from "../ui/LoadMore";
import { Panel } from "../ui/Panel";
import { ProblemNote } from "../ui/states";
import classes from "./images.module.css";
import { scanQuery } from "./queries";
import { isGoingOn } from "./scan-state";

type Host = ImageScan["hosts"][number];

/** A cluster may have hundreds of nodes. */
const SHOWN_AT_ONCE = 20;
/** Of one node's files. */
const ERRORS_SHOWN = 10;

/** Nothing where the portal's own host alone was looked at without trouble. */
export function ScanPanel({ id }: { id: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data: scan } = useQuery(scanQuery(id));
  const cancel = api.useMutation("delete", "/api/v1/images/scans/{id}");
  if (!scan) return null;
  const { hosts } = scan;
  const troubled = hosts.filter(hasTrouble);
  if (hosts.length < 2 && troubled.length === 0) return null;
  const failed = hosts.filter(({ state }) => state === "failed").length;
  const over = hosts.filter(({ state }) => state === "finished").length + failed;
  const others = hosts.filter((host) => !hasTrouble(host));
  return (
    <Panel
      title={t("images.scanned")}
      className={classes.scan}
      hint={
        <>
          {t("images.scannedHosts", { count: hosts.length, over: format.number(over) })}
          {failed > 0 && ` ${t("images.failedHosts", { count: failed, formatted: format.number(failed) })}`}
        </>
      }
      actions={
        isGoingOn(scan.state) && (
          <Button
            variant="default"
            size="compact-sm"
            loading={cancel.isPending}
            onClick={() => cancel.mutate({ params: { path: { id } } })}
          >
            {t("images.endScan")}
          </Button>
        )
      }
    >
      {cancel.error && <ProblemNote error={cancel.error} />}
      <Hosts hosts={[...troubled].sort(byTrouble)} />
      {others.length > 0 && <OtherHosts hosts={others} withTrouble={troubled.length > 0} />}
    </Panel>
  );
}

function OtherHosts({ hosts, withTrouble }: { hosts: Host[]; withTrouble: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const said = { count: hosts.length, formatted: format.number(hosts.length) };
  return (
    <details className={classes.quiet} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{withTrouble ? t("images.otherHosts", said) : t("images.allHosts", said)}</summary>
      {open && <Hosts hosts={hosts} />}
    </details>
  );
}

function Hosts({ hosts }: { hosts: Host[] }) {
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  if (hosts.length === 0) return null;
  return (
    <>
      <ul className={classes.scannedHosts}>
        {hosts.slice(0, shown).map((host) => (
          <ScannedHost key={host.host} host={host} />
        ))}
      </ul>
      {hosts.length > shown && <LoadMore busy={false} onMore={() => setShown(shown + SHOWN_AT_ONCE)} />}
    </>
  );
}

export function ScannedHost({ host }: { host: Host }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errors = host.errors.slice(0, ERRORS_SHOWN);
  const said = t(`images.hostStates.${host.state}`, {
    count: host.images_read + host.images_unchanged,
    files: format.number(host.files_seen),
  });
  return (
    <li>
      <strong>{host.host}</strong> <span className="qd-dim">{host.error ? null : said}</span>
      {host.error && <span className={classes.problem}>{host.error}</span>}
      {host.errors_total > 0 && (
        <details>
          <summary>
            {t("images.fileErrors", {
              count: host.errors_total,
              formatted: format.number(host.errors_total),
            })}
          </summary>
          <ul>
            {errors.map(({ path, message }) => (
              <li key={`${path} ${message}`}>
                <span className="qd-mono">{path}</span>: {message}
              </li>
            ))}
            {host.errors_total > errors.length && (
              <li>
                {t("images.moreErrors", { formatted: format.number(host.errors_total - errors.length) })}
              </li>
            )}
          </ul>
        </details>
      )}
    </li>
  );
}

const hasTrouble = ({ state, errors_total }: Host) => state === "failed" || errors_total > 0;

const byTrouble = (a: Host, b: Host) => Number(b.state === "failed") - Number(a.state === "failed");
