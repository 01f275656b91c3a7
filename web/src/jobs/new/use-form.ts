// The form of a new job: a draft that outlives the page, and in the URL what of it can be shared.
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { useDebounced } from "../../ui/use-debounced";
import { keepDraft, restoreDraft } from "./draft";
import { formFromSearch, type JobForm, searchFromForm } from "./form";

const route = getRouteApi("/frame/clusters/$cluster/new-job");

/** The form's state; what of it can be shared follows in the URL. */
export function useForm(): {
  form: JobForm;
  change(change: Partial<JobForm> | ((form: JobForm) => Partial<JobForm>)): void;
} {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [form, setForm] = useState(() => restoreDraft(formFromSearch(search)));
  const change = useCallback((change: Partial<JobForm> | ((form: JobForm) => Partial<JobForm>)) => {
    setForm((before) => ({ ...before, ...(typeof change === "function" ? change(before) : change) }));
  }, []);

  const router = useRouter();
  const settled = useDebounced(form, 300);
  const written = useRef(JSON.stringify(search));
  useEffect(() => {
    keepDraft(settled);
    const next = searchFromForm(settled);
    const text = JSON.stringify(next);
    if (text === written.current) return;
    // On the way to another page already: this must not call her back.
    if (!router.latestLocation.pathname.endsWith("/new-job")) return;
    written.current = text;
    void navigate({ search: next, replace: true });
  }, [settled, navigate, router]);

  // Another link to this page was followed: it brings its own form.
  useEffect(() => {
    const text = JSON.stringify(search);
    if (text === written.current) return;
    written.current = text;
    setForm((before) => ({ ...formFromSearch(search), script: before.script, files: before.files }));
  }, [search]);

  return { form, change };
}
