// Fills the form from a job that is submitted again, once; changes that were made since stay over a reload.
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../../api/client";
import type { NewJob } from "../../api/types";
import { uploadsQuery } from "../../uploads/queries";
import { formOfRequest } from "./again";
import type { JobForm } from "./form";

export function useAgain(
  cluster: string,
  form: JobForm,
  change: (change: Partial<JobForm>) => void,
): { asked: NewJob | null; error: unknown } {
  const wanted = form.again !== null;
  const { data: asked, error } = useQuery({
    ...api.queryOptions("get", "/api/v1/clusters/{cluster}/jobs/{job}/request", {
      params: { path: { cluster, job: form.again ?? "" } },
    }),
    enabled: wanted,
    retry: false,
  });
  const { data: uploads } = useQuery({ ...uploadsQuery, enabled: wanted });
  // A link to submit again carries the job alone.
  const isEmpty = form.template === null && form.mode === "template" && form.name === "";
  useEffect(() => {
    if (wanted && isEmpty && asked && uploads) change(formOfRequest(asked, uploads.items));
  }, [wanted, isEmpty, asked, uploads, change]);
  return { asked: (wanted && asked) || null, error: wanted ? error : null };
}
