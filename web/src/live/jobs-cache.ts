// Brings what the live connection says of jobs into the query cache, so that every list and every job on the page
// changes without being asked for again.
import type { QueryClient } from "@tanstack/react-query";
import type { Job, JobDetail } from "../api/types";
import { compareBy, type JobFilter, matches } from "../jobs/filter";
import { type JobPage, type JobPages, jobListsKey, jobQuery } from "../jobs/queries";

/** Jobs that are new or have changed, and ids that are gone. */
export function applyJobs(cache: QueryClient, cluster: string, upsert: Job[], remove: string[]): void {
  for (const [key, pages] of cache.getQueriesData<JobPages>({ queryKey: jobListsKey(cluster) })) {
    if (!pages) continue;
    const next = mergeIntoPages(pages, key[2] as JobFilter, upsert, remove);
    if (next !== pages) cache.setQueryData(key, next);
  }
  for (const job of upsert) mergeIntoDetail(cache, cluster, job);
}

/**
 * The pages after the change; the same object where nothing changed, so that nothing renders again.
 * A job beyond the last page that was loaded stays out: the next page will bring it.
 */
export function mergeIntoPages(
  pages: JobPages,
  filter: JobFilter,
  upsert: Job[],
  remove: string[],
): JobPages {
  const leaving = new Set(remove);
  const arriving = new Map<string, Job>();
  for (const job of upsert) {
    if (matches(job, filter)) arriving.set(job.id, job);
    else leaving.add(job.id);
  }
  let changed = false;
  let removed = 0;
  const nextPages = pages.pages.map((page) => {
    let touched = false;
    const items: Job[] = [];
    for (const job of page.items) {
      if (leaving.has(job.id)) {
        touched = true;
        removed += 1;
        continue;
      }
      const newer = arriving.get(job.id);
      arriving.delete(job.id);
      if (newer && !sameJob(job, newer)) {
        items.push({ ...job, ...newer });
        touched = true;
      } else items.push(job);
    }
    changed ||= touched;
    return touched ? { ...page, items } : page;
  });

  const compare = compareBy(filter.sort);
  let added = 0;
  for (const job of arriving.values()) {
    if (insert(nextPages, job, compare)) added += 1;
  }
  if (!changed && added === 0) return pages;
  const [first, ...rest] = nextPages;
  if (first?.total == null) return { ...pages, pages: nextPages };
  return { ...pages, pages: [{ ...first, total: first.total + added - removed }, ...rest] };
}

function insert(pages: JobPage[], job: Job, compare: (a: Job, b: Job) => number): boolean {
  for (let number = 0; number < pages.length; number += 1) {
    const page = pages[number];
    if (!page) return false;
    let at = page.items.findIndex((other) => compare(job, other) < 0);
    if (at < 0) {
      if (number < pages.length - 1 || page.next_cursor) continue;
      at = page.items.length;
    }
    pages[number] = { ...page, items: page.items.toSpliced(at, 0, job) };
    return true;
  }
  return false;
}

function mergeIntoDetail(cache: QueryClient, cluster: string, job: Job): void {
  const key = jobQuery(cluster, job.id).queryKey;
  const detail = cache.getQueryData<JobDetail>(key);
  if (!detail) return;
  // How its parts stand is for lists: the page asks for the parts themselves.
  const { parts: _, ...said } = job;
  if (sameJob(detail, said)) return;
  cache.setQueryData<JobDetail>(key, { ...detail, ...said });
  // What may be done with it, and what only its own page shows, goes with its state.
  void cache.invalidateQueries({ queryKey: key });
}

function sameJob(known: Job, said: Job): boolean {
  for (const field of Object.keys(said) as (keyof Job)[]) {
    if (field === "parts" ? !sameParts(known.parts, said.parts) : known[field] !== said[field]) return false;
  }
  return true;
}

function sameParts(known: Job["parts"], said: Job["parts"]): boolean {
  return JSON.stringify(known ?? null) === JSON.stringify(said ?? null);
}
