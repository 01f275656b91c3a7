// A text file opened to be written in, where it can be.
import { Button } from "@mantine/core";
import { IconFileUnknown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../ui/format";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { placeOf } from "../paths";
import { readingQuery } from "./document";
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
  const { t } = useTranslation();
  const format = useFormat();
  const { data, error, refetch } = useQuery(readingQuery(space, path));
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows rows={8} />;
  if (data.text) return <Editing {...props} first={{ etag: data.etag, text: data.text }} />;
  return (
    <Empty
      icon={<IconFileUnknown size={20} />}
      title={t(`fileEdit.refused.${data.refusal ?? "binary"}`, { size: format.bytes(MAX_EDIT_BYTES) })}
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
