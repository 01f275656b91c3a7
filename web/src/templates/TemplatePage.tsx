// One template: what it does, what it asks for.
import { Anchor, Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import type { Parameter, Template, TemplateFile } from "../api/types";
import { useCurrentCluster } from "../frame/current-cluster";
import { useLookUp } from "../i18n/use-look-up";
import { useText } from "../i18n/use-text";
import { useFollowTemplates } from "../live/follow-templates";
import { type Column, DataTable } from "../ui/DataTable";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { Properties } from "../ui/Properties";
import { LoadingRows, ProblemNote } from "../ui/states";
import { useCategoryName } from "./library";
import { OwnActions } from "./own/OwnActions";
import { templateQuery } from "./queries";
import { OwnShare } from "./share/OwnShare";
import { Unavailable } from "./Unavailable";
import { useResourceItems } from "./use-resource-items";
import { Versions } from "./versions/Versions";

const EditTemplate = lazy(() =>
  import("./own/EditTemplate").then((module) => ({ default: module.EditTemplate })),
);

const route = getRouteApi("/frame/templates/$template");

export function TemplatePage() {
  const { t } = useTranslation();
  const text = useText();
  const { template: id } = route.useParams();
  const cluster = useCurrentCluster();
  useFollowTemplates();
  const { data: template, error, refetch } = useQuery(templateQuery(id));
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  // Only one's own can be.
  const isEdited = edit === true && template?.source === "private";
  const isGone = error !== null && asProblem(error).status === 404;
  return (
    <>
      <PageHeader
        title={template ? text(template.name) : id}
        above={
          <Anchor size="sm" renderRoot={(props) => <Link to="/templates" {...props} />}>
            {t("pages.templates")}
          </Anchor>
        }
        below={template && text(template.description)}
        actions={
          <>
            {template && !isEdited && (
              <OwnActions template={template} onEdit={() => void navigate({ search: { edit: true } })} />
            )}
            {cluster && template?.available && (
              <Button
                leftSection={<IconPlus size={16} />}
                renderRoot={(props) => (
                  <Link
                    to="/clusters/$cluster/new-job"
                    params={{ cluster }}
                    search={{ template: id }}
                    {...props}
                  />
                )}
              >
                {t("templates.use")}
              </Button>
            )}
          </>
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!template && !error && <LoadingRows />}
      {isEdited && (
        <Suspense fallback={<LoadingRows rows={12} />}>
          <EditTemplate key={id} id={id} onClose={() => void navigate({ search: {}, ignoreBlocker: true })} />
        </Suspense>
      )}
      {template && !isEdited && <TemplateBody template={template} />}
      {isGone && (
        <div style={{ marginTop: "var(--qd-gap)" }}>
          <Versions id={id} template={null} />
        </div>
      )}
    </>
  );
}

function TemplateBody({ template }: { template: Template }) {
  const { t } = useTranslation();
  const categoryName = useCategoryName();
  const resourceItems = useResourceItems();
  const usesText = ({ source, uses }: Template) => {
    if (uses.jobs === 0) return t("templates.usedNever");
    if (source === "private") return t("templates.usedByMe", { count: uses.jobs });
    return t("templates.used", { count: uses.jobs, own: uses.own_jobs });
  };
  return (
    <div style={{ display: "grid", gap: "var(--qd-gap)" }}>
      {template.source === "private" && <OwnShare template={template} />}
      <Panel title={t("templates.about")}>
        <Properties
          items={[
            {
              name: t("templates.id"),
              value: <span className="qd-mono">{`${template.id}@${template.version}`}</span>,
            },
            { name: t("templates.columns.category"), value: categoryName(template.category) },
            { name: t("templates.columns.source"), value: t(`templates.sources.${template.source}`) },
            { name: t("templates.tags"), value: template.tags.join(", ") },
            {
              name: t("templates.uses"),
              value: usesText(template),
            },
            ...resourceItems(template),
            {
              name: t("templates.notHere"),
              value: template.available ? null : <Unavailable reason={template.unavailable_reason} />,
              wide: true,
            },
          ]}
        />
      </Panel>
      {template.parameters.length > 0 && <Parameters parameters={template.parameters} />}
      {template.files.length > 0 && <Files files={template.files} />}
      <Versions id={template.id} template={template} />
    </div>
  );
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
  const { t } = useTranslation();
  const text = useText();
  const columns: Column<Parameter>[] = [
    {
      id: "name",
      header: t("templates.parameterColumns.name"),
      width: 180,
      cell: (parameter) => `${text(parameter.label)}${parameter.required ? " *" : ""}`,
    },
    {
      id: "type",
      header: t("templates.parameterColumns.type"),
      width: 110,
      cell: (parameter) => t(`templates.types.${parameter.type}`),
    },
    {
      id: "default",
      header: t("templates.parameterColumns.default"),
      width: 150,
      cell: (parameter) => (
        <span className="qd-mono">
          {parameter.default === null || parameter.default === undefined ? "–" : String(parameter.default)}{" "}
          {parameter.unit}
        </span>
      ),
    },
    {
      id: "help",
      header: t("templates.parameterColumns.help"),
      width: 360,
      minor: true,
      cell: (parameter) => <span title={text(parameter.help)}>{text(parameter.help)}</span>,
    },
  ];
  return (
    <Panel title={t("templates.parameters")} flush>
      <DataTable
        label={t("templates.parameters")}
        columns={columns}
        rows={parameters}
        rowKey={(parameter) => parameter.name}
      />
    </Panel>
  );
}

function Files({ files }: { files: TemplateFile[] }) {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  const text = useText();
  const columns: Column<TemplateFile>[] = [
    { id: "label", header: t("templates.fileColumns.label"), width: 200, cell: (file) => text(file.label) },
    {
      id: "name",
      header: t("templates.fileColumns.name"),
      width: 160,
      cell: (file) => <span className="qd-mono">{file.name}</span>,
    },
    {
      id: "kind",
      header: t("templates.fileColumns.kind"),
      width: 90,
      cell: (file) => lookUp(`kinds.${file.kind}`) ?? file.kind,
    },
    {
      id: "required",
      header: t("templates.fileColumns.required"),
      width: 90,
      cell: (file) => (file.required ? t("common.yes") : t("common.no")),
    },
  ];
  return (
    <Panel title={t("templates.files")} flush>
      <DataTable label={t("templates.files")} columns={columns} rows={files} rowKey={(file) => file.name} />
    </Panel>
  );
}
