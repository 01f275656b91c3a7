// The kind of a file that is on the server, and its change.
import { useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";
import type { UploadInfo } from "../api/types";
import { FileTypeSelector } from "./FileTypeSelector";
import { uploadsQuery } from "./queries";

export function KindOfUpload({ upload }: { upload: UploadInfo }) {
  const cache = useQueryClient();
  const { mutate, isPending, variables } = api.useMutation("patch", "/api/v1/uploads/{id}/info", {
    onSettled: () => cache.invalidateQueries({ queryKey: uploadsQuery.queryKey }),
  });
  return (
    <FileTypeSelector
      fileName={upload.filename}
      kind={isPending ? variables.body.kind : upload.kind}
      onChange={(kind) => mutate({ params: { path: { id: upload.id } }, body: { kind } })}
    />
  );
}
