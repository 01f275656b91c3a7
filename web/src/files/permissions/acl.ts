// Access control lists as the dialog edits them: rights as bits, and everybody with what the mask really leaves.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { AccessList, FileAcls } from "../../api/types";

/** A user or a group with rights of its own. */
export interface Named {
  kind: "user" | "group";
  /** What stands in the list: a name, or the number of one who has no name any more. */
  who: string;
  /** Known where the list has it already. */
  id: number | null;
  /** 4, 2, 1 for read, write, execute. */
  bits: number;
}

/** Owner, group and others as permission bits, and who is named. */
export interface Rights {
  mode: number;
  named: Named[];
}

export interface Acl {
  support: FileAcls["support"];
  /** Names the state that was read. */
  etag: string;
  owner: string;
  group: string;
  access: Rights;
  /** What is made in the directory begins so; null: with what is usual. */
  default: Rights | null;
}

export const aclQuery = (space: string, path: string) =>
  queryOptions({
    queryKey: ["acl", space, path],
    queryFn: ({ signal }) => readAcl(space, path, signal),
    // What is changed must not change under her hands.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });

async function readAcl(space: string, path: string, signal: AbortSignal): Promise<Acl> {
  const { data, response } = await client.GET("/api/v1/files/{space}/acl", {
    params: { path: { space }, query: { path } },
    signal,
  });
  const told = data as NonNullable<typeof data>;
  const nameOf = ({ name, id }: { name: string | null; id: number }) => name ?? String(id);
  return {
    support: told.support,
    etag: response.headers.get("ETag") ?? "",
    owner: nameOf(told.owner),
    group: nameOf(told.group),
    access: rightsOf(told.access),
    default: told.default ? rightsOf(told.default) : null,
  };
}

/** What people may really do: no mask takes anything away from that, once it is set so. */
export function rightsOf(list: AccessList): Rights {
  const mask = list.mask === null ? 7 : bitsOf(list.mask);
  const group = bitsOf(list.group) & mask;
  return {
    mode: (bitsOf(list.owner) << 6) | (group << 3) | bitsOf(list.others),
    named: list.named.map(({ kind, id, name, effective }) => ({
      kind,
      id,
      who: name ?? String(id),
      bits: bitsOf(effective),
    })),
  };
}

/** @throws Problem */
export async function setAcl(
  space: string,
  path: string,
  etag: string,
  access: Rights,
  inherited: Rights | null,
): Promise<void> {
  await client.PUT("/api/v1/files/{space}/acl", {
    params: { path: { space }, header: { "If-Match": etag } },
    body: { path, access: listOf(access), default: inherited && listOf(inherited) },
  });
}

function listOf({ mode, named }: Rights) {
  return {
    owner: textOf(mode >> 6),
    group: textOf(mode >> 3),
    others: textOf(mode),
    named: named.map(({ kind, who, id, bits }) => ({
      kind,
      ...(id === null ? { name: who } : { id }),
      rights: textOf(bits),
    })),
  };
}

export function bitsOf(rights: string): number {
  return [..."rwx"].reduce((bits, letter, at) => bits | (rights[at] === letter ? 4 >> at : 0), 0);
}

function textOf(bits: number): string {
  return [..."rwx"].map((letter, at) => (bits & (4 >> at) ? letter : "-")).join("");
}

export function isSameRights(one: Rights | null, other: Rights | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function isNamed(named: readonly Named[], kind: Named["kind"], who: string): boolean {
  return named.some((one) => one.kind === kind && one.who === who);
}
