// One image: what it is, what it holds, where it lies.
import { Anchor, Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ImageDetail } from "../api/types";
import { CodeView } from "../ui/CodeView";
import { useFormat } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { Properties } from "../ui/Properties";
import { LoadingRows, ProblemNote, StaleLine } from "../ui/states";
import { Moment } from "../ui/time";
import { Digest } from "./Digest";
import { Identity } from "./Identity";
import { ImageStateBadge } from "./ImageStateBadge";
import classes from "./images.module.css";
import { Locations } from "./Locations";
import { imageQuery } from "./queries";
import { Signatures } from "./Signatures";

const route = getRouteApi("/frame/images/$image");

export function ImagePage() {
  const { t } = useTranslation();
  const { image: id } = route.useParams();
  const { data: image, error, refetch } = useQuery(imageQuery(id));
  return (
    <>
      <PageHeader
        title={image?.name ?? t("images.one")}
        above={
          <Anchor size="sm" renderRoot={(props) => <Link to="/images" {...props} />}>
            {t("pages.images")}
          </Anchor>
        }
        beside={image && <State image={image} />}
        below={image && <span className="qd-mono">{image.path}</span>}
        actions={image && isUsable(image) && <UseImage image={image} />}
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!image && !error && <LoadingRows />}
      {image && <ImageBody image={image} />}
    </>
  );
}

/** A job cannot run in what was removed, nor in what cannot be read. */
function isUsable(image: ImageDetail): boolean {
  return !image.problem && image.state !== "inactive";
}

function State({ image }: { image: ImageDetail }) {
  return <ImageStateBadge state={image.state} goneAt={image.gone_at} lastSeenAt={lastSeen(image)} />;
}

/** On any host. */
function lastSeen({ locations }: ImageDetail): string | undefined {
  const times = locations.map((location) => location.last_seen_at);
  return times.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

function UseImage({ image, app }: { image: ImageDetail; app?: string }) {
  const { t } = useTranslation();
  return (
    <Button
      className={app && classes.useApp}
      variant={app ? "default" : "filled"}
      size={app ? "compact-xs" : "xs"}
      leftSection={app ? undefined : <IconPlus size={16} />}
      renderRoot={(props) => (
        <Link
          to="/clusters/$cluster/new-job"
          params={{ cluster: image.cluster }}
          search={{ image: image.id, ...(app ? { app } : {}) }}
          {...props}
        />
      )}
    >
      {app ? t("images.useApp", { app }) : t("images.use")}
    </Button>
  );
}

function ImageBody({ image }: { image: ImageDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes.body}>
      {image.state !== "active" && (
        <div className={classes.note}>
          <StaleLine>{t(`images.stateNotes.${image.state}`)}</StaleLine>
        </div>
      )}
      {image.problem && <ProblemNote error={new Error(image.problem)} title={t("images.problem")} />}
      <Panel title={t("images.about")}>
        <Properties
          items={[
            { name: t("images.columns.kind"), value: t(`images.kinds.${image.kind}`) },
            { name: t("images.columns.version"), value: image.version },
            { name: t("images.architecture"), value: image.architecture },
            {
              name: t("images.needs"),
              value: image.needs.map((need) => t(`images.needed.${need}`)).join(", "),
            },
            { name: t("images.columns.size"), value: format.bytes(image.size) },
            { name: t("images.signature"), value: t(`images.standings.${image.signature ?? "none"}`) },
            { name: t("images.built"), value: image.created_at ? <Moment at={image.created_at} /> : null },
            { name: t("images.columns.modified"), value: <Moment at={image.modified_at} /> },
            { name: t("images.identity"), value: <Identity identity={image.identity} />, wide: true },
            ...(image.own ? [] : [{ name: "SHA-256", value: <Digest image={image} />, wide: true }]),
          ]}
        />
      </Panel>
      {image.locations.length > 0 && <Locations locations={image.locations} drifts={image.drifts} />}
      {image.signed && <Signatures image={image} />}
      {image.apps.length > 0 && (
        <Panel title={t("images.columns.apps")}>
          <ul className={classes.apps}>
            {image.apps.map((app) => (
              <li key={app}>
                <span className="qd-mono">{app}</span>{" "}
                {isUsable(image) && <UseImage image={image} app={app} />}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {Object.keys(image.labels).length > 0 && (
        <Panel title={t("images.labels")}>
          <Properties
            longNames
            items={Object.entries(image.labels).map(([name, value]) => ({
              name,
              value,
              wide: value.length > 40,
            }))}
          />
        </Panel>
      )}
      {image.help && (
        <Panel title={t("images.help")} flush>
          <CodeView code={image.help} label={t("images.help")} maxHeight={320} />
        </Panel>
      )}
      {image.definition && (
        <Panel title={t("images.definition")} flush>
          <CodeView code={image.definition} label={t("images.definition")} language="shell" maxHeight={480} />
        </Panel>
      )}
      {image.inspect !== undefined && image.inspect !== null && (
        <Panel title={t("images.inspect")} flush>
          <CodeView
            code={JSON.stringify(image.inspect, null, 2)}
            label={t("images.inspect")}
            maxHeight={480}
          />
        </Panel>
      )}
    </div>
  );
}
