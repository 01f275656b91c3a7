// Permission bits: which class of people may do what.

export const CLASSES = ["owner", "group", "others"] as const;
export const DEEDS = ["read", "write", "execute"] as const;
export type Class = (typeof CLASSES)[number];
export type Deed = (typeof DEEDS)[number];

const SHIFT: Record<Class, number> = { owner: 6, group: 3, others: 0 };
const BIT: Record<Deed, number> = { read: 4, write: 2, execute: 1 };

/** What only a shell gives and takes here. */
export const SPECIAL = { setUserId: 0o4000, setGroupId: 0o2000, sticky: 0o1000 } as const;

export function modeOf(octal: string): number {
  return Number.parseInt(octal, 8);
}

export function bitOf(who: Class, deed: Deed): number {
  return BIT[deed] << SHIFT[who];
}

export function octalOf(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** As `ls -l` writes it: `rwxr-sr-x`. */
export function modeText(mode: number): string {
  const special: Record<Class, [number, string]> = {
    owner: [SPECIAL.setUserId, "s"],
    group: [SPECIAL.setGroupId, "s"],
    others: [SPECIAL.sticky, "t"],
  };
  return CLASSES.map((who) => {
    const [bit, letter] = special[who];
    const executes = (mode & bitOf(who, "execute")) !== 0;
    const last = mode & bit ? (executes ? letter : letter.toUpperCase()) : executes ? "x" : "-";
    return `${mode & bitOf(who, "read") ? "r" : "-"}${mode & bitOf(who, "write") ? "w" : "-"}${last}`;
  }).join("");
}

/** What is asked for: bits that get set, and bits that get cleared. All others stay. */
export interface Wish {
  set: number;
  clear: number;
}

export const NO_WISH: Wish = { set: 0, clear: 0 };

export function granted(mode: number, { set, clear }: Wish): number {
  return (mode | set) & ~clear;
}

export type Check = "on" | "off" | "mixed";

/** How a bit stands in all of these together. */
export function checkOf(modes: readonly number[], bit: number): Check {
  const on = modes.filter((mode) => mode & bit).length;
  return on === modes.length ? "on" : on === 0 ? "off" : "mixed";
}

/** The next of a box: on and off in turn, and for entries that differ back to leaving each as it is. */
export function turned(modes: readonly number[], wish: Wish, bit: number): Wish {
  const before = checkOf(modes, bit);
  const now = checkOf(
    modes.map((mode) => granted(mode, wish)),
    bit,
  );
  const rest = { set: wish.set & ~bit, clear: wish.clear & ~bit };
  const next = now === "mixed" ? "on" : now === "on" ? "off" : before === "mixed" ? "mixed" : "on";
  if (next === before) return rest;
  return next === "on" ? { ...rest, set: rest.set | bit } : { ...rest, clear: rest.clear | bit };
}

/** Who can do something that the classes after it cannot, and what. */
export interface Reach {
  who: Class;
  deeds: Deed[];
}

/**
 * Whom the bits let do what: others first, the group where it may do more, the owner where nobody else may do anything.
 * In a directory nothing is changed by who may not enter it.
 */
export function reachOf(mode: number, isDirectory: boolean): Reach[] {
  const deedsOf = (who: Class) =>
    DEEDS.filter((deed) => {
      if ((mode & bitOf(who, deed)) === 0) return false;
      return !(isDirectory && deed === "write") || (mode & bitOf(who, "execute")) !== 0;
    });
  const [owner, group, others] = [deedsOf("owner"), deedsOf("group"), deedsOf("others")];
  const reach: Reach[] = [];
  if (others.length > 0) reach.push({ who: "others", deeds: others });
  if (group.some((deed) => !others.includes(deed))) reach.push({ who: "group", deeds: group });
  if (reach.length === 0) reach.push({ who: "owner", deeds: owner });
  return reach;
}
