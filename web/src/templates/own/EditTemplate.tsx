// Edits the YAML file of a template of one's own: checked as it is typed, saved only over the text that was read.
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { TextArea, type TextAreaHandle } from "../../files/edit/TextArea";
import { Panel } from "../../ui/Panel";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { useDebounced } from "../../ui/use-debounced";
import { libraryChanged } from "../queries";
import classes from "./own.module.css";
import { checkText, saveText, type TemplateText, templateTextQuery } from "./text";
import { Verdict } from "./Verdict";

interface Props {
  id: string;
  onClose(): void;
}

export function EditTemplate({ id, onClose }: Props) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(templateTextQuery(id));
  return (
    <Panel title={t("templates.own.edit")} flush>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows />}
      {data && <Editor id={id} read={data} onClose={onClose} />}
    </Panel>
  );
}

/** Typing rests so long before the text is checked, in milliseconds. */
const REST = 500;

function Editor({ id, read, onClose }: Props & { read: TemplateText }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const area = useRef<TextAreaHandle>(null);
  const [text, setText] = useState(read.yaml);
  const [saved, setSaved] = useState(read);
  const rested = useDebounced(text, REST);
  const check = useQuery({
    queryKey: ["template-check", rested],
    queryFn: () => checkText(rested).then(() => true),
    enabled: rested !== saved.yaml,
    retry: false,
    gcTime: 0,
  });
  const save = useMutation({
    mutationFn: (yaml: string) => saveText(id, yaml, saved.hash).then((hash) => ({ yaml, hash })),
    onSuccess: (now) => {
      setSaved(now);
      libraryChanged(cache);
    },
  });
  const isSaved = text === saved.yaml;
  const error = save.error ?? (isSaved ? null : check.error);
  return (
    <div className={classes.editor}>
      <TextArea
        ref={area}
        label={t("templates.own.yaml", { id })}
        describedBy="template-verdict"
        initial={read.yaml}
        onChange={(next) => {
          setText(next);
          if (save.error) save.reset();
        }}
      />
      <div id="template-verdict" className={classes.verdict} role="status">
        <Verdict error={error} isSaved={isSaved} isChecked={rested === text && check.isSuccess} />
      </div>
      <div className={classes.deeds}>
        <Button loading={save.isPending} disabled={isSaved} onClick={() => save.mutate(text)}>
          {t("templates.own.save")}
        </Button>
        <Button variant="default" onClick={onClose}>
          {isSaved ? t("common.close") : t("templates.own.discard")}
        </Button>
      </div>
    </div>
  );
}
