import { expect, it } from "vitest";
import type { Share } from "../api/types";
import { limitsOf } from "./shares";

function share(account: string, user: string | null, parent: string | null, cpu?: number): Share {
  return {
    account,
    user,
    parent,
    raw_shares: 1,
    share: 0,
    raw_usage_seconds: 0,
    usage: 0,
    fair_share: null,
    level: null,
    mine: user === "alice",
    limits: cpu
      ? [
          {
            resource: "cpu",
            limit_minutes: cpu,
            used_minutes: 0,
            reserved_minutes: 0,
            remaining_minutes: cpu,
          },
        ]
      : [],
  };
}

it("limits of the accounts above hold too", () => {
  const all = [
    share("root", null, null),
    share("physics", null, "root", 1000),
    share("optics", null, "physics"),
    share("optics", "alice", "optics", 60),
    share("bio", null, "root", 5),
  ];
  const limits = limitsOf(all[3] as Share, all).map(({ of, balance }) => [of.account, balance.limit_minutes]);
  expect(limits).toEqual([
    ["optics", 60],
    ["physics", 1000],
  ]);
});

it("ends even where the tree does not", () => {
  const all = [share("a", null, "b", 1), share("b", null, "a", 2), share("a", "alice", "a")];
  expect(limitsOf(all[2] as Share, all).map(({ of }) => of.account)).toEqual(["a", "b"]);
});
