// One template that a user offered to everybody: its form, its script and its text, what it would change, and the
// decision.
import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import type { OfferedTemplate } from "../../api/types";
import { useIsAdmin, useUser } from "../../auth/use-session";
import { useFollowTemplates } from "../../live/follow-templates";
import { CodeView } from "../../ui/CodeView";
import { useFormat } from "../../ui/format";
import { LazyDifferences } from "../../ui/LazyDifferences";
import { PageHeader } from "../../ui/PageHeader";
import { Panel } from "../../ui/Panel";
import { Properties } from "../../ui/Properties";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { useDebounced } from "../../ui/use-debounced";
import { Preview, type Values } from "../own/Preview";
import { tryText } from "../own/text";
import { Faults } from "../own/Verdict";
import { Decide } from "./Decide";
import { shareQuery } from "./queries";
import { ShareStateBadge } from "./ShareStateBadge";
import classes from "./share.module.css";
import { TakeBack } from "./TakeBack";

const route = getRouteApi("/frame/template-shares/$share");

export function SharePage() {
  const { t } = useTranslation();
  const { share: id } = route.useParams();
  const isAdmin = useIsAdmin();
  const user = useUser();
  useFollowTemplates();
  const { data: share, error, refetch } = useQuery(shareQuery(id));
  const isOpen = share?.state === "open";
  return (
    <>
      <PageHeader
        title={share?.template ?? t("sharing.request")}
        beside={share && <ShareStateBadge state={share.state} />}
        above={
          <Anchor size="sm" renderRoot={(props) => <Link to="/template-shares" search={{}} {...props} />}>
            {t("sharing.requests")}
          </Anchor>
        }
        actions={
          share &&
          isOpen && (
            <>
              {share.author === user?.username && <TakeBack share={share} />}
              {isAdmin && <Decide share={share} />}
            </>
          )
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!share && !error && <LoadingRows rows={12} />}
      {share && (
        <div className={classes.page}>
          <About share={share} />
          {isOpen && share.replaces && <Changes share={share} replaces={share.replaces} />}
          <Tried yaml={share.text} />
          <Panel title={t("sharing.text")} flush>
            <CodeView code={share.text} label={t("sharing.text")} maxHeight="60vh" />
          </Panel>
        </div>
      )}
    </>
  );
}

function About({ share }: { share: OfferedTemplate }) {
  const { t } = useTranslation();
  const format = useFormat();
  const template = (
    <Link to="/templates/$template" params={{ template: share.template }} className="qd-link qd-mono">
      {`${share.template}@${share.version}`}
    </Link>
  );
  return (
    <Panel title={t("templates.about")}>
      <Properties
        items={[
          {
            name: t("templates.id"),
            value:
              share.state === "accepted" ? (
                template
              ) : (
                <span className="qd-mono">{`${share.template}@${share.version}`}</span>
              ),
          },
          { name: t("sharing.columns.author"), value: share.author },
          {
            name: t("sharing.madeOf"),
            value:
              share.own_template === share.template ? null : (
                <span className="qd-mono">{share.own_template}</span>
              ),
          },
          { name: t("sharing.columns.when"), value: format.moment(share.asked_at) },
          {
            name: t("sharing.decided"),
            value: share.decided_at
              ? t("sharing.decidedBy", { by: share.decided_by ?? "", time: format.moment(share.decided_at) })
              : null,
          },
          { name: t("sharing.columns.note"), value: share.note, wide: true },
          { name: t("sharing.reason"), value: share.reason, wide: true },
          {
            name: t("sharing.effect"),
            value:
              share.state === "open"
                ? share.replaces
                  ? t("sharing.replaces", { version: share.replaces.version })
                  : t("sharing.isNew")
                : null,
            wide: true,
          },
        ]}
      />
    </Panel>
  );
}

interface ChangesProps {
  share: OfferedTemplate;
  replaces: NonNullable<OfferedTemplate["replaces"]>;
}

function Changes({ share, replaces }: ChangesProps) {
  const { t } = useTranslation();
  return (
    <Panel title={t("sharing.differences")}>
      <Suspense fallback={<LoadingRows />}>
        <LazyDifferences
          label={t("sharing.differences")}
          before={{ name: t("sharing.now"), text: replaces.text }}
          after={{ name: t("sharing.offered"), text: share.text }}
        />
      </Suspense>
    </Panel>
  );
}

/** Typing in the form rests so long before its script is asked for, in milliseconds. */
const REST = 500;

/** What New job would make of it. */
function Tried({ yaml }: { yaml: string }) {
  const { t } = useTranslation();
  const [values, setValues] = useState<Values>({});
  const rested = useDebounced(values, REST);
  const trial = useQuery({
    queryKey: ["template-trial", yaml, rested],
    queryFn: ({ signal }) => tryText(yaml, rested, signal),
    placeholderData: (before) => before,
    retry: false,
    gcTime: 0,
  });
  const faults = trial.error ? asProblem(trial.error).errors : [];
  return (
    <Panel title={t("templates.editor.preview")}>
      {faults.length > 0 && <Faults errors={faults} />}
      {trial.error && faults.length === 0 && (
        <ProblemNote error={trial.error} onRetry={() => void trial.refetch()} />
      )}
      {!trial.error && (
        <Preview
          trial={trial.data}
          isFaulty={false}
          isOld={trial.isFetching || rested !== values}
          values={values}
          onChange={setValues}
        />
      )}
    </Panel>
  );
}
