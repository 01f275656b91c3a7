// Work on files that takes a while: what is under way, and how it is begun. The page asks how far it is each second while
// something runs in a window that is looked at, and else not at all: the agent answers from memory, and no replica of the
// server has to know of it.
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { client } from "../api/client";
import type { FileTask, NewFileSearch } from "../api/types";

const ASK_AGAIN_MS = 1000;

export const tasksQuery = queryOptions({
  queryKey: ["file-tasks"] as const,
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/files/tasks", { signal });
    return (data as NonNullable<typeof data>).items;
  },
  refetchInterval: ({ state }) => (state.data?.some(isRunning) ? ASK_AGAIN_MS : false),
});

export function isRunning(task: FileTask): boolean {
  return task.state === "running";
}

/** The person's tasks; lists of files are read again when one of them has ended. */
export function useTasks(): FileTask[] {
  const cache = useQueryClient();
  const { data } = useQuery(tasksQuery);
  const running = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (!data) return;
    const ended = data.some(({ id, state }) => state !== "running" && running.current.has(id));
    running.current = new Set(data.filter(isRunning).map(({ id }) => id));
    if (ended) void cache.invalidateQueries({ queryKey: ["files"] });
  }, [data, cache]);
  return data ?? NONE;
}

const NONE: FileTask[] = [];

/** Begins a task and shows it at once. */
export function useBegin<Asked>(begin: (asked: Asked) => Promise<FileTask>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: begin,
    onSuccess: (task) => {
      cache.setQueryData(tasksQuery.queryKey, (tasks) => [task, ...(tasks ?? [])]);
      void cache.invalidateQueries({ queryKey: tasksQuery.queryKey });
    },
  });
}

export interface Target {
  space: string;
  path: string;
}

export async function copy(space: string, paths: string[], to: Target): Promise<FileTask> {
  const { data } = await client.POST("/api/v1/files/{space}/copy", {
    params: { path: { space } },
    body: { paths, to: to.path, to_space: to.space, if_taken: "number" },
  });
  return begun(data);
}

export async function archive(
  space: string,
  paths: string[],
  directory: string,
  name: string,
): Promise<FileTask> {
  const { data } = await client.POST("/api/v1/files/{space}/archive", {
    params: { path: { space } },
    body: { paths, to: directory, name, if_taken: "number" },
  });
  return begun(data);
}

/** Into a new directory beside the archive. */
export async function extract(space: string, path: string): Promise<FileTask> {
  const { data } = await client.POST("/api/v1/files/{space}/extract", {
    params: { path: { space } },
    body: { path, if_taken: "number" },
  });
  return begun(data);
}

export async function checksum(space: string, path: string): Promise<FileTask> {
  const { data } = await client.POST("/api/v1/files/{space}/checksum", {
    params: { path: { space } },
    body: { path, algorithm: "sha256" },
  });
  return begun(data);
}

export async function removeForGood(space: string, paths: string[]): Promise<FileTask> {
  const { data } = await client.POST("/api/v1/files/{space}/remove", {
    params: { path: { space } },
    body: { paths },
  });
  return begun(data);
}

/** These items of the trash; all, where there is none. */
export async function emptyTrash(space: string, items?: string[]): Promise<FileTask> {
  const { data } = await client.POST("/api/v1/files/{space}/trash/empty", {
    params: { path: { space } },
    body: items ? { items } : {},
  });
  return begun(data);
}

export async function search(space: string, wanted: NewFileSearch): Promise<FileTask> {
  const { data } = await client.POST("/api/v1/files/{space}/search", {
    params: { path: { space } },
    body: wanted,
  });
  return begun(data);
}

/** Ends one that runs; one that has ended is not told of any more. */
export async function cancelTask(id: string): Promise<void> {
  await client.DELETE("/api/v1/files/tasks/{id}", { params: { path: { id } } });
}

function begun(data: { task: FileTask } | undefined): FileTask {
  return (data as NonNullable<typeof data>).task;
}

const ARCHIVE = /.\.(zip|tar|tar\.gz|tgz|tar\.zst|tzst|tar\.xz|txz)$/i;

/** Whether a name says that it can be packed, or unpacked, here. */
export function isArchive(name: string): boolean {
  return ARCHIVE.test(name);
}
