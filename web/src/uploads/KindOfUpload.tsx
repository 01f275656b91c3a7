// The kind of a file that is on the server, and its change.
import { useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";
import type { FileKind, UploadInfo } from "../api/types";
import { FileTypeSelector } from "./FileTypeSelector";
import { useKindReason } from "./KindNote";
import { uploadsQuery } from "./queries";

export function KindOfUpload({ upload }: { upload: UploadInfo }) {
  const cache = useQueryClient();
  const reasonOf = useKindReason();
  const { mutate, isPending, variables } = api.useMutation("patch", "/api/v1/uploads/{id}/info", {
    onSettled: () => cache.invalidateQueries({ queryKey: uploadsQuery.queryKey }),
  });
  const say = (kind: FileKind | null) => mutate({ params: { path: { id: upload.id } }, body: { kind } });
  return (
    <FileTypeSelector
      fileName={upload.filename}
      reason={reasonOf(upload.kind_reason)}
      kind={(isPending && variables.body.kind) || upload.kind}
      onChange={say}
      onForget={upload.kind_source === "user" ? () => say(null) : undefined}
    />
  );
}
