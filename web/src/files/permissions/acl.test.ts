import { describe, expect, it } from "vitest";
import { bitsOf, isSameRights, rightsOf } from "./acl";

describe("an access control list", () => {
  const named = (id: number, name: string | null, rights: string, effective: string) => ({
    kind: "user" as const,
    id,
    name,
    rights,
    effective,
  });

  it("is shown with what the mask leaves to the group and to who is named", () => {
    const list = { owner: "rwx", group: "rw-", others: "--x", mask: "r-x" };
    expect(
      rightsOf({ ...list, named: [named(7, "bob", "rwx", "r-x"), named(8, null, "-w-", "---")] }),
    ).toEqual({
      mode: 0o741,
      named: [
        { kind: "user", id: 7, who: "bob", bits: 5 },
        { kind: "user", id: 8, who: "8", bits: 0 },
      ],
    });
    expect(rightsOf({ ...list, mask: null, named: [] })).toEqual({ mode: 0o761, named: [] });
  });

  it("is the same where everybody may do the same", () => {
    const rights = { mode: 0o640, named: [{ kind: "group" as const, id: 9, who: "users", bits: 4 }] };
    expect(isSameRights(rights, structuredClone(rights))).toBe(true);
    expect(isSameRights(rights, { ...rights, named: [] })).toBe(false);
    expect(isSameRights(rights, null)).toBe(false);
    expect(["rwx", "r--", "-w-", "--x", "---"].map(bitsOf)).toEqual([7, 4, 2, 1, 0]);
  });
});
