// A text file opened to be written in, where it can be; first of all what was written in it and not saved.
import { Button } from "@mantine/core";
import { IconFileUnknown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import { useUser } from "../../auth/use-session";
import { useFormat } from "../../ui/format";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { placeOf } from "../paths";
import { DraftOffer } from "./DraftOffer";
import { type Reading, readingQuery } from "./document";
import { type Draft, type DraftPlace, draftOf, removeDraft } from "./drafts";
import { Editing } from "./Editing";
import { MAX_EDIT_BYTES } from "./limit";

interface Props {
  space: string;
  path: string;
  /** For display. */
  name: string;
}

export function FileEditor(props: Props) {
  const { space, path } = props;
  const user = useUser();
  const { data, error, refetch } = useQuery(readingQuery(space, path));
  const isGone = error !== null && asProblem(error).code === "file-not-found";
  if (!user || !(data || error)) return <LoadingRows rows={8} />;
  if (data || isGone) {
    return (
      <Opened
        key={space}
        {...props}
        place={{ user: user.id, space, path }}
        now={data ?? null}
        gone={<ProblemNote error={error} onRetry={() => void refetch()} />}
      />
    );
  }
  return <ProblemNote error={error} onRetry={() => void refetch()} />;
}

interface OpenedProps extends Props {
  place: DraftPlace;
  /** As the file is now; `null`: it is gone. */
  now: Reading | null;
  /** What is shown then, where there is no draft. */
  gone: ReactNode;
}

function Opened({ place, now, gone, ...props }: OpenedProps) {
  const [draft, setDraft] = useState(() => unsavedOf(place, now));
  const [isTaken, setIsTaken] = useState(false);
  if (draft && !isTaken) {
    return (
      <DraftOffer
        name={props.name}
        draft={draft}
        now={now}
        onTake={() => setIsTaken(true)}
        onDiscard={() => {
          removeDraft(place);
          setDraft(null);
        }}
      />
    );
  }
  if (draft && now?.etag !== draft.etag) {
    const text = now?.text ?? { ...draft.format, text: "" };
    return (
      <Editing {...props} place={place} first={{ etag: draft.etag, text }} draft={draft} conflict={{ now }} />
    );
  }
  if (now?.text) {
    return <Editing {...props} place={place} first={{ etag: now.etag, text: now.text }} draft={draft} />;
  }
  return now ? <Refused {...props} now={now} /> : gone;
}

/** A text that was saved after all, when the answer to that was lost, is no draft. */
function unsavedOf(place: DraftPlace, now: Reading | null): Draft | null {
  const draft = draftOf(place);
  if (!draft || draft.text !== now?.text?.text) return draft;
  removeDraft(place);
  return null;
}

function Refused({ space, path, now }: Props & { now: Reading }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Empty
      icon={<IconFileUnknown size={20} />}
      title={t(`fileEdit.refused.${now.refusal ?? "binary"}`, { size: format.bytes(MAX_EDIT_BYTES) })}
      actions={
        <Button
          variant="default"
          renderRoot={(rest) => (
            <Link to="/files/$space" params={{ space }} search={placeOf(path)} {...rest} />
          )}
        >
          {t("fileEdit.back")}
        </Button>
      }
    />
  );
}
