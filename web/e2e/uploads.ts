// Bringing much to the cluster in a real browser: a folder of hundreds of files and a big file, with the page loaded anew
// in the middle, the network gone, the session ended. What arrives is compared with what was sent. And a directory with
// more entries than anybody should have.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { CuttableProxy } from "./cuttable-proxy";
import { environment } from "./environment";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const MIB = 1024 * 1024;
const HUGE_BYTES = Number(process.env.QD_E2E_HUGE_MIB ?? 1024) * MIB;
const FILES = 500;
const ENTRIES = 65_000;

const home = execFileSync("getent", ["passwd", environment.person.name], { encoding: "utf8" }).split(":")[5];
const arrived = `${home}/quarterdeck/uploads`;
const stamp = Date.now().toString(36);
const folderName = `run-${stamp}`;
const hugeName = `huge-${stamp}.bin`;
const crowdName = `crowd-${stamp}`;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let proxy: CuttableProxy;
let source: string;
/** Hidden files of uploads that journeys before this one left. */
let before: string[];
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  source = await mkdtemp(join(tmpdir(), "quarterdeck-uploads-"));
  before = existsSync(arrived) ? await hiddenIn(arrived) : [];
  await makeFolder();
  await makeHuge(join(source, hugeName));
  await makeCrowd(`${home}/${crowdName}`);
  proxy = await CuttableProxy.before(environment.url);
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  context = await newContext(browser, proxy.url);
  page = await context.newPage();
  page.on("pageerror", (error) => failures.push(error.message));
  // A page that is busy asks before it is left.
  page.on("dialog", (dialog) => void dialog.accept());
}, 120 * SECOND);

afterAll(async () => {
  await browser?.close();
  proxy?.close();
  for (const path of [source, `${arrived}/${folderName}`, `${arrived}/${hugeName}`, `${home}/${crowdName}`])
    await rm(path, { recursive: true, force: true });
}, 60 * SECOND);

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("uploads-failure");
});

describe("much that is uploaded", () => {
  it("survives that the page is loaded anew in the middle, and nothing is sent twice", async () => {
    await signIn(page, environment.person);
    await page.goto("/uploads");
    const before = proxy.bytesSent;
    await page.getByLabel("Files to upload").setInputFiles(join(source, hugeName));
    await page.getByLabel("Folder to upload").setInputFiles(join(source, folderName));
    await page
      .getByText(`of ${FILES + 1} files`)
      .first()
      .waitFor();
    await page.waitForFunction(
      (least) => {
        const bar = document.querySelector("[role=progressbar]");
        return Number(bar?.getAttribute("aria-valuenow")) > least;
      },
      35,
      { timeout: 120 * SECOND },
    );
    await screenshot("uploads-under-way");
    await page.reload();

    const unfinished = page.getByRole("list", { name: "Not finished" });
    await unfinished.getByRole("listitem", { name: hugeName }).getByText("arrived").waitFor();
    await screenshot("uploads-unfinished");
    expect(await barriers(page)).toEqual([]);
    await page.getByLabel("The same files again").setInputFiles(join(source, hugeName));
    await page.getByLabel("Folder to upload").setInputFiles(join(source, folderName));
    await page.getByText("501 of 501 files uploaded.").waitFor({ timeout: 180 * SECOND });
    await screenshot("uploads-finished");

    // Of each part, and of each small file that was on its way, a piece may have gone twice.
    expect(proxy.bytesSent - before).toBeLessThan(HUGE_BYTES * 1.06 + FILES * 40_000);
    expect(await digest(`${arrived}/${hugeName}`)).toBe(await digest(join(source, hugeName)));
    const [came, sent] = [await digests(`${arrived}/${folderName}`), await digests(join(source, folderName))];
    const astray = Object.keys({ ...came, ...sent }).filter((path) => came[path] !== sent[path]);
    expect(astray).toEqual([]);
  });

  it("knows what is there when the folder is chosen once more", async () => {
    await page.reload();
    expect(await page.getByRole("list", { name: "Not finished" }).count()).toBe(0);
    const begun = proxy.bytesSent;
    await page.getByLabel("Folder to upload").setInputFiles(join(source, folderName));
    await page.getByText("500 of 500 files uploaded.").waitFor({ timeout: 30 * SECOND });
    await page.getByText("Already there, not sent again").first().waitFor();
    // Asking alone, with a fingerprint a file.
    expect(proxy.bytesSent - begun).toBeLessThan(500_000);
    expect(await readdir(`${arrived}/${folderName}`)).not.toContain("mesh-1.dat");
    await page.getByRole("button", { name: "Clear finished" }).click();
  });

  it("stops and goes on as one says, one or all", async () => {
    // Far enough away that nothing is finished before it is stopped.
    const away = await CuttableProxy.before(environment.url, { delayMs: 20, window: MIB / 2 });
    const context = await newContext(browser, away.url);
    const page = await context.newPage();
    await signIn(page, environment.person);
    await page.goto("/uploads");
    const again = join(source, `again-${stamp}.bin`);
    await makeHuge(again, 300 * MIB);
    await page
      .getByLabel("Files to upload")
      .setInputFiles([again, join(source, folderName, "a", "mesh.dat")]);
    const item = page.getByRole("listitem", { name: `again-${stamp}.bin` });
    await item.getByText("/s").waitFor();
    await item.getByRole("button", { name: "Pause" }).click();
    await item.getByText("Paused").waitFor();
    const stands = await item.getByRole("progressbar").getAttribute("aria-valuenow");
    await screenshot("uploads-paused", page);
    await page.getByRole("button", { name: "Resume all" }).click();
    await item.getByText("resumed at").waitFor();
    expect(Number(stands)).toBeGreaterThan(0);

    await context.setOffline(true);
    await item.getByText("Interrupted").waitFor({ timeout: 20 * SECOND });
    await screenshot("uploads-offline", page);
    await context.setOffline(false);
    await item.getByText("Uploading").waitFor({ timeout: 20 * SECOND });

    await page.getByRole("button", { name: "Cancel all" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel them" }).click();
    await item.waitFor({ state: "detached" });
    await expect.poll(() => hiddenIn(arrived), { timeout: 10 * SECOND }).toEqual(before);
    expect(existsSync(`${arrived}/again-${stamp}.bin`)).toBe(false);
    await rm(again);
    await context.close();
    away.close();
  });

  it("goes on after the session has ended and somebody has signed in again", async () => {
    await page.getByLabel("Files to upload").setInputFiles(join(source, hugeName));
    const item = page.getByRole("listitem", { name: hugeName });
    await item.getByText("/s").waitFor();
    await endSessions();
    await page.getByLabel("Password", { exact: true }).waitFor({ timeout: 60 * SECOND });
    await page.getByLabel("User name").fill(environment.person.name);
    await page.getByLabel("Password", { exact: true }).fill(environment.person.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "Uploads", exact: true }).click();
    await item.getByText("Uploaded", { exact: true }).waitFor({ timeout: 120 * SECOND });
    const second = `${arrived}/${hugeName.replace(".bin", "-1.bin")}`;
    expect(await digest(second)).toBe(await digest(join(source, hugeName)));
    await rm(second);
  });

  it("comes to the directory on which it is dropped, empty folders too", async () => {
    await page.goto(`/files/home?path=${crowdName}`);
    await page.getByRole("link", { name: "entry-00000.dat" }).waitFor();
    await page.getByLabel("Files to upload").setInputFiles(join(source, folderName, "a", "mesh.dat"));
    await page.getByRole("listitem", { name: "mesh.dat" }).getByText("Uploaded", { exact: true }).waitFor();
    expect(existsSync(`${home}/${crowdName}/mesh.dat`)).toBe(true);
    await drop(page, ["dropped.txt"], `made-${stamp}`);
    await expect
      .poll(() => existsSync(`${home}/${crowdName}/dropped.txt`), { timeout: 10 * SECOND })
      .toBe(true);
    await page.getByRole("button", { name: "Clear finished" }).click();
  });

  it("lies in directories of any size: the first page comes at once, and the last is reached by scrolling", async () => {
    const times: number[] = [];
    page.on("response", async (response) => {
      if (!response.url().includes("/api/v1/files/home?")) return;
      await response.finished();
      const { requestStart, responseEnd } = response.request().timing();
      times.push(responseEnd - requestStart);
    });
    await page.goto(`/files/home?path=${crowdName}`);
    await page.getByRole("link", { name: "entry-00000.dat" }).waitFor();
    await screenshot("files-crowd");
    const table = page.getByRole("table", { name: "Files" }).locator("..");
    const last = page.getByRole("link", { name: `entry-${ENTRIES - 1}.dat` });
    const began = Date.now();
    while ((await last.count()) === 0) {
      await table.evaluate((frame) => {
        frame.scrollTop = frame.scrollHeight;
      });
      await page.waitForTimeout(20);
      expect(Date.now() - began).toBeLessThan(120 * SECOND);
    }
    times.sort((one, other) => one - other);
    const report = {
      pages: times.length,
      first: Math.round(times[0] ?? 0),
      median: Math.round(times[times.length >> 1] ?? 0),
      most: Math.round(times.at(-1) ?? 0),
      scrolledMs: Date.now() - began,
    };
    process.stdout.write(`65,000 entries: ${JSON.stringify(report)}\n`);
    await screenshot("files-crowd-end");
  });

  it("is complete in Korean, in the dark and on a phone", async () => {
    await page.goto("/uploads");
    await page.getByLabel("Files to upload").setInputFiles(join(source, hugeName));
    await page.getByLabel("Folder to upload").setInputFiles(join(source, folderName));
    await page
      .getByText(`of ${FILES + 1} files`)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Pause all" }).click();
    await page.setViewportSize({ width: 360, height: 780 });
    await screenshot("uploads-phone");
    await page.setViewportSize({ width: 1280, height: 800 });
    await speakKoreanInTheDark(page);
    await page.getByRole("button", { name: "모두 이어서 올리기" }).waitFor();
    await screenshot("uploads-ko-dark");
    expect(await barriers(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 780 });
    await screenshot("uploads-ko-dark-phone");
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wider).toBe(false);
    await page.getByRole("button", { name: "모두 취소" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "모두 취소" }).click();
    await expect.poll(() => hiddenIn(arrived), { timeout: 20 * SECOND }).toEqual(before);
    await page.goto(`/files/home?path=${crowdName}`);
    await page.getByRole("link", { name: "entry-00000.dat" }).waitFor();
    await screenshot("files-crowd-ko-dark-phone");
    expect(await barriers(page)).toEqual([]);
  });

  it("had no failure in the page's own code", () => {
    expect(failures).toEqual([]);
  });
});

/** Files of the same names in several folders, one with a name as macOS writes it. */
async function makeFolder(): Promise<void> {
  const folders = ["a", "b", join("c", "한글 폴더".normalize("NFD"))];
  for (const folder of folders) await mkdir(join(source, folderName, folder), { recursive: true });
  for (let number = 0; number < FILES; number += 1) {
    const name = number < folders.length ? "mesh.dat" : `mesh-${number}.dat`;
    const bytes = Buffer.alloc(1000 + ((number * 37) % 20_000), `${number} `);
    await writeFile(join(source, folderName, folders[number % folders.length] ?? "", name), bytes);
  }
}

/** Sparse, so that it takes little room here, and different in each MiB, so that no piece can go astray unnoticed. */
async function makeHuge(path: string, size = HUGE_BYTES): Promise<void> {
  const file = await open(path, "w");
  await file.truncate(size);
  for (let at = 0; at < size; at += MIB)
    await file.write(createHash("sha256").update(String(at)).digest(), 0, 32, at);
  await file.close();
}

async function makeCrowd(directory: string): Promise<void> {
  await mkdir(directory);
  for (let from = 0; from < ENTRIES; from += 500) {
    const numbers = Array.from({ length: Math.min(500, ENTRIES - from) }, (_, index) => from + index);
    await Promise.all(
      numbers.map((number) => writeFile(`${directory}/entry-${String(number).padStart(5, "0")}.dat`, "")),
    );
  }
  if (process.getuid?.() === 0) execFileSync("chown", [environment.person.name, directory]);
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  return hash.digest("hex");
}

/** Of all files below, by the path as it should be on the cluster. */
async function digests(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(directory.length + 1).normalize("NFC")] = await digest(path);
  }
  return found;
}

async function hiddenIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.startsWith(".quarterdeck-upload-"));
}

/** As if dragged from the desktop. Scripts cannot make folders to drop, so a file alone. */
async function drop(on: Page, names: string[], content: string): Promise<void> {
  const transfer = await on.evaluateHandle(
    ({ names, content }) => {
      const transfer = new DataTransfer();
      for (const name of names) transfer.items.add(new File([content], name));
      return transfer;
    },
    { names, content },
  );
  const table = on.getByRole("table", { name: "Files" });
  await table.dispatchEvent("dragenter", { dataTransfer: transfer });
  await on.getByText("Drop to upload to this directory").waitFor();
  await screenshot("files-drop");
  await table.dispatchEvent("drop", { dataTransfer: transfer });
}

/** All of this person's, as an administrator or she herself elsewhere would. */
async function endSessions(): Promise<void> {
  const base = `${environment.url}/api/v1/auth`;
  const { name, password } = environment.person;
  const signedIn = await fetch(`${base}/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: name, password }),
  });
  const { access_token: token } = (await signedIn.json()) as { access_token: string };
  await fetch(`${base}/logout-all`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
}

async function screenshot(name: string, of = page): Promise<void> {
  await of.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
