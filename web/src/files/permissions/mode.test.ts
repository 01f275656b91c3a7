import { describe, expect, it } from "vitest";
import { bitOf, checkOf, granted, modeText, NO_WISH, octalOf, reachOf, turned } from "./mode";

describe("permission bits", () => {
  it("are written as ls and chmod write them", () => {
    const written = [0o644, 0o2755, 0o1777, 0o4711, 0o6644, 0].map((mode) => [octalOf(mode), modeText(mode)]);
    expect(written).toEqual([
      ["0644", "rw-r--r--"],
      ["2755", "rwxr-sr-x"],
      ["1777", "rwxrwxrwt"],
      ["4711", "rws--x--x"],
      ["6644", "rwSr-Sr--"],
      ["0000", "---------"],
    ]);
  });

  it("turn on and off, and leave set-group-id and sticky bits alone", () => {
    const modes = [0o2750];
    const bit = bitOf("others", "read");
    const on = turned(modes, NO_WISH, bit);
    expect(octalOf(granted(0o2750, on))).toBe("2754");
    expect(turned(modes, on, bit)).toEqual(NO_WISH);
    expect(octalOf(granted(0o1777, turned([0o1777], NO_WISH, bitOf("others", "write"))))).toBe("1775");
  });

  it("that differ are turned on, off, and back to what each entry has", () => {
    const modes = [0o640, 0o600];
    const bit = bitOf("group", "read");
    const seen = [NO_WISH];
    for (let turn = 0; turn < 3; turn += 1) seen.push(turned(modes, seen.at(-1) ?? NO_WISH, bit));
    const modesThen = seen.map((wish) => modes.map((mode) => octalOf(granted(mode, wish))));
    expect(modesThen).toEqual([
      ["0640", "0600"],
      ["0640", "0640"],
      ["0600", "0600"],
      ["0640", "0600"],
    ]);
    expect(checkOf(modes, bit)).toBe("mixed");
  });

  it("reach others first, the group where it may do more, the owner where she is alone", () => {
    expect(reachOf(0o644, false)).toEqual([{ who: "others", deeds: ["read"] }]);
    expect(reachOf(0o664, false)).toEqual([
      { who: "others", deeds: ["read"] },
      { who: "group", deeds: ["read", "write"] },
    ]);
    expect(reachOf(0o600, false)).toEqual([{ who: "owner", deeds: ["read", "write"] }]);
    expect(reachOf(0, false)).toEqual([{ who: "owner", deeds: [] }]);
  });

  it("let nobody change a directory that she may not enter", () => {
    expect(reachOf(0o702, true)).toEqual([{ who: "owner", deeds: ["read", "write", "execute"] }]);
    expect(reachOf(0o703, true)).toEqual([{ who: "others", deeds: ["write", "execute"] }]);
  });
});
