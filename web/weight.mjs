// Weighs the built page, and compresses each of its files once and as well as it can be, which the server then sends.
//
// A first visit is signing in and the overview: index.html, the entry, both pages and what stands around them, with all
// that these import, and the messages of one language. Fails where that is over its budget, and where a part of Mantine
// is on the page whose styles are not. `npm run build` ends with it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/** Brotli, all kinds of file together. */
const BUDGET_BYTES = 180_000;

const FIRST_VISIT = [
  "index.html",
  "src/auth/SignInPage.tsx",
  "src/frame/Frame.tsx",
  "src/overview/OverviewPage.tsx",
];
const LANGUAGES = ["en", "ko"];

const DIST = join(import.meta.dirname, "dist");
const MANTINE = join(import.meta.dirname, "node_modules/@mantine/core/styles.css");

const sizes = compressAll();
const manifest = JSON.parse(readFileSync(join(DIST, ".vite/manifest.json"), "utf8"));
rmSync(join(DIST, ".vite"), { recursive: true });

const faults = [...LANGUAGES.flatMap(weigh), ...missingStyles()];
for (const fault of faults) process.stderr.write(`weight: ${fault}\n`);
process.exit(faults.length > 0 ? 1 : 0);

/** The bytes of each file as it is sent. */
function compressAll() {
  const sizes = new Map();
  for (const name of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
    if (!/\.(html|js|css|svg|webmanifest)$/.test(name)) continue;
    const text = readFileSync(join(DIST, name));
    const compressed = brotliCompressSync(text, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
      },
    });
    if (compressed.length < text.length) writeFileSync(join(DIST, `${name}.br`), compressed);
    sizes.set(name, Math.min(compressed.length, text.length));
  }
  return sizes;
}

function weigh(language) {
  const files = new Set(["index.html"]);
  const follow = (key) => {
    const { file, css = [], imports = [] } = manifest[key];
    if (files.has(file)) return;
    for (const name of [file, ...css]) files.add(name);
    for (const other of imports) follow(other);
  };
  for (const key of [...FIRST_VISIT, `src/i18n/${language}/first.ts`]) follow(key);
  const list = [...files].map((name) => ({ name, size: sizes.get(name) })).sort((a, b) => b.size - a.size);
  const sum = list.reduce((all, { size }) => all + size, 0);
  process.stdout.write(
    `first visit (${language}): ${kB(sum)} of ${kB(BUDGET_BYTES)} in ${list.length} files\n`,
  );
  if (sum <= BUDGET_BYTES) return [];
  const heaviest = list.slice(0, 8).map(({ name, size }) => `${name} ${kB(size)}`);
  return [
    `a first visit (${language}) is ${kB(sum - BUDGET_BYTES)} over its budget; heaviest: ${heaviest.join(", ")}`,
  ];
}

function missingStyles() {
  const read = (end) =>
    readdirSync(join(DIST, "assets"))
      .filter((name) => name.endsWith(end))
      .map((name) => readFileSync(join(DIST, "assets", name), "utf8"))
      .join("\n");
  // Mantine's classes are m_ and a digest.
  const classes = (text) => new Set(text.match(/\bm_[0-9a-f]{5,8}\b/g));
  const styled = classes(readFileSync(MANTINE, "utf8"));
  const here = classes(read(".css"));
  return [...classes(read(".js"))]
    .filter((name) => styled.has(name) && !here.has(name))
    .map(
      (name) => `.${name} of Mantine has no styles: add its part's to src/ui/mantine-styles.ts or -rest.ts`,
    );
}

function kB(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
