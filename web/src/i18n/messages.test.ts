import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { first } from "./en/first";
import { en } from "./en/index";
import { ko } from "./ko/index";

const SOURCES = join(import.meta.dirname, "..");

/** Codes, reasons and states come from the server: these are looked up by name when they do. */
const FROM_OUTSIDE = [
  "problem.codes.",
  "fieldFaults.",
  "problem.advice.",
  "problem.unknown",
  "stale.reasons.",
  "states.node.",
  "nodes.flags.",
  "cluster.waiting.reasons.",
  "partitions.states.",
  "reservations.repeats.",
  "why.codes.",
  "related.kinds.",
  "why.resources.",
  "why.of.",
  "templates.categories.",
  "templates.unavailable.",
  "newJob.checks.",
  "newJob.fieldNames.",
  "keys.areas.",
  "audit.actions.",
  "audit.findings.",
  "audit.nouns.",
  "notifications.codes.",
  "notifications.how.",
  "notifications.reasons.",
  "notifications.ways.",
  "notifications.sent",
  "notifications.notSent",
  "notifications.again",
  "shares.resources.",
  "uploading.reasons.",
];

/** Asked for by forms alone. */
const OF_FORMS = "fieldFaults.";

describe("messages", () => {
  const english = flatten(en);
  const korean = flatten(ko);

  it("are the same in both languages, but for Korean having no plural", () => {
    expect([...korean.keys()].sort()).toEqual(
      [...english.keys()].filter((key) => !key.endsWith("_one")).sort(),
    );
  });

  it("have a text in each language", () => {
    for (const [key, text] of [...english, ...korean]) expect(text.trim(), key).not.toBe("");
  });

  it("speak of the same values in both languages", () => {
    for (const [key, text] of korean) {
      const english_ = valuesIn(english.get(key) ?? "");
      expect(valuesIn(text), key).toEqual(english_);
    }
  });

  it("are Korean where they are Korean", () => {
    const same = [...korean].filter(([key, text]) => english.get(key) === text && /[a-z]{3}/.test(text));
    // Names.
    expect(same.map(([key]) => key)).toEqual(["schedulers.slurm"]);
  });

  it("are all used, and all that are used exist", () => {
    const { literal, prefixes } = keysInSources();
    const isThere = (key: string) => english.has(key) || english.has(`${key}_other`);
    expect([...literal].filter((key) => !isThere(key))).toEqual([]);
    const isUsed = (key: string) => {
      const base = key.replace(/_(one|other)$/, "");
      return literal.has(base) || [...prefixes, ...FROM_OUTSIDE].some((prefix) => base.startsWith(prefix));
    };
    expect([...english.keys()].filter((key) => !isUsed(key))).toEqual([]);
  });

  it("are all there at a first visit, where only a part of them is loaded", () => {
    const missing = [...filesOfFirstVisit()].flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/\b(?:t|lookUp)\(\s*["`]([\w.]+)/g)]
        .map(([, key]) => key ?? "")
        .filter((key) => !((key.split(".")[0] ?? "") in first || key.startsWith(OF_FORMS)))
        .map((key) => `${key} in ${file}`),
    );
    expect(missing).toEqual([]);
    const forms = [...filesOfFirstVisit()].filter((file) => readFileSync(file, "utf8").includes(".field("));
    expect(forms).toEqual([]);
  });
});

/** What these import, and what they load later; the router loads the other pages with the rest of the messages. */
function filesOfFirstVisit(): Set<string> {
  const found = new Set<string>();
  const follow = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    const source = readFileSync(file, "utf8");
    const pattern = file.endsWith("router.tsx")
      ? /^import (?!type )[^;]*? from "(\.[^"]+)"/gm
      : /["(](\.{1,2}\/[^"]+)"/g;
    for (const [, path] of source.matchAll(pattern)) {
      const there = [".ts", ".tsx"]
        .map((end) => join(dirname(file), `${path}${end}`))
        .find((name) => existsSync(name));
      if (there && !there.includes("/i18n/")) follow(there);
    }
  };
  for (const file of ["main.tsx", "auth/SignInPage.tsx", "frame/Frame.tsx", "overview/OverviewPage.tsx"])
    follow(join(SOURCES, file));
  return found;
}

function flatten(messages: object, before = "", into = new Map<string, string>()): Map<string, string> {
  for (const [name, value] of Object.entries(messages)) {
    if (typeof value === "string") into.set(`${before}${name}`, value);
    else flatten(value, `${before}${name}.`, into);
  }
  return into;
}

function valuesIn(text: string): string[] {
  return [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();
}

function keysInSources(): { literal: Set<string>; prefixes: Set<string> } {
  const literal = new Set<string>();
  const prefixes = new Set<string>();
  for (const file of readdirSync(SOURCES, { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(file) || /\.test\.tsx?$|^i18n\/(en|ko)\//.test(file)) continue;
    const source = readFileSync(join(SOURCES, file), "utf8");
    for (const [, key] of source.matchAll(/\bt\(\s*"([\w.]+)"/g)) literal.add(key ?? "");
    for (const [, prefix] of source.matchAll(/\bt\(\s*`([\w.]+)\$\{/g)) prefixes.add(prefix ?? "");
    // A choice between two keys.
    for (const [, one, other] of source.matchAll(
      /\bt\(\s*[^"()]+\?\s*"(\w+\.[\w.]+)"\s*:\s*"(\w+\.[\w.]+)"/g,
    )) {
      literal.add(one ?? "");
      literal.add(other ?? "");
    }
  }
  return { literal, prefixes };
}
