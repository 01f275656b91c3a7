// What takes a while with files, in a real browser: copied, packed, unpacked, searched, and deleted for good. What the
// page says is compared with the disk.
import { execFileSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const home = execFileSync("getent", ["passwd", environment.person.name], { encoding: "utf8" }).split(":")[5];
const top = `해석 ${Date.now().toString(36)}`;
const CONTENT = "numbers\n".repeat(1000);

let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  make(top);
  make(`${top}/run`);
  make(`${top}/run/deep`);
  make(`${top}/run/deep/결과.dat`, CONTENT);
  make(`${top}/run/run.sh`, "#!/bin/sh\n");
  make(`${top}/to`);
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("file-tasks-failure");
});

describe("tasks on files", () => {
  it("copy a directory to where one walks", async () => {
    await signIn(page, environment.person);
    await page.goto(`/files/home?path=${encodeURIComponent(top)}`);
    await closeThoseOfARunBefore();
    await select("run");
    await page.getByRole("button", { name: "Copy…" }).click();
    const dialog = page.getByRole("dialog", { name: "Copy “run” to" });
    await dialog.getByRole("button", { name: "to", exact: true }).click();
    await dialog.getByText("There is no directory in here.").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("files-copy");
    await dialog.getByRole("button", { name: "Copy here" }).click();
    const task = taskNamed("Copied “run”");
    await task.getByText("4 of 4 entries").waitFor();
    await screenshot("files-copied");
    await task.getByRole("link", { name: "Show run" }).click();
    await page.getByRole("link", { name: "run.sh" }).waitFor();
    expect(readFileSync(`${home}/${top}/to/run/deep/결과.dat`, "utf8")).toBe(CONTENT);
    await close(task);
  });

  it("pack it and unpack it again", async () => {
    await page.goto(`/files/home?path=${encodeURIComponent(top)}`);
    await select("run");
    await more("Archive…");
    const dialog = page.getByRole("dialog", { name: "Pack “run” into an archive" });
    await dialog.getByLabel("Name").fill("묶음.rar");
    await expect.poll(() => dialog.getByLabel("Name").getAttribute("aria-invalid")).toBe("true");
    await dialog.getByLabel("Name").fill("묶음.zip");
    expect(await barriers(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Pack" }).click();
    await taskNamed("Packed “run”").waitFor();
    await page.getByRole("link", { name: "묶음.zip", exact: true }).waitFor();
    await close(taskNamed("Packed “run”"));

    await select("묶음.zip");
    await more("Extract here");
    const unpacked = taskNamed("Extracted “묶음.zip”");
    await unpacked.getByRole("link", { name: "Show 묶음" }).click();
    await page.getByRole("link", { name: "run", exact: true }).click();
    await page.getByRole("link", { name: "run.sh" }).waitFor();
    expect(readFileSync(`${home}/${top}/묶음/run/deep/결과.dat`, "utf8")).toBe(CONTENT);
    await close(unpacked);
  });

  it("compute a checksum", async () => {
    await page.getByRole("link", { name: "run.sh" }).click();
    await page.getByRole("button", { name: "Checksum" }).click();
    const sum = execFileSync("sha256sum", [`${home}/${top}/run/run.sh`], { encoding: "utf8" }).slice(0, 64);
    await taskNamed("Checksum of “run.sh”").getByText(sum).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("files-checksum");
    await close(taskNamed("Checksum of “run.sh”"));
  });

  it("say why an archive cannot be unpacked", async () => {
    make(`${top}/broken.zip`, "no archive");
    await page.goto(`/files/home?path=${encodeURIComponent(top)}`);
    await select("broken.zip");
    await more("Extract here");
    const failed = taskNamed("Could not extract “broken.zip”");
    await failed
      .getByText("This cannot be unpacked here: zip, tar, tar.gz, tar.zst and tar.xz can.")
      .waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("files-task-failed");
    await close(failed);
    expect(readdirSync(`${home}/${top}`).sort()).toEqual(["broken.zip", "run", "to", "묶음", "묶음.zip"]);
  });

  it("tell how far they are, and end when they are asked to", async () => {
    make(`${top}/endless`, "");
    truncateSync(`${home}/${top}/endless`, 2 ** 38);
    await page.getByRole("button", { name: "Read again" }).click();
    await select("endless");
    await more("Archive…");
    await page.getByRole("dialog").getByRole("button", { name: "Pack" }).click();
    const running = taskNamed("Packing “endless”");
    await running.getByText(/iB of 256 GiB/).waitFor();
    await running.getByRole("progressbar").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("files-task-running");
    await running.getByRole("button", { name: "Cancel" }).click();
    const cancelled = taskNamed("Cancelled packing “endless”");
    await close(cancelled);
    expect(readdirSync(`${home}/${top}`).filter((name) => name.includes("quarterdeck"))).toEqual([]);
    expect(existsSync(`${home}/${top}/endless.zip`)).toBe(false);
    rmSync(`${home}/${top}/endless`);
  });

  it("find files by part of their name", async () => {
    const box = page.getByRole("searchbox", { name: /Search by name/ });
    await box.fill("결과");
    await box.press("Enter");
    await page.getByText("3 found").waitFor();
    await page.getByRole("link", { name: "to/run/deep/결과.dat" }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("files-found");
    // In the address, to be sent to a colleague.
    await page.reload();
    await page.getByRole("link", { name: "묶음/run/deep/결과.dat" }).click();
    await page.getByText("numbers").first().waitFor();
    await page.goBack();
    await page.getByText("3 found").waitFor();
    await box.fill("no such name");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("Nothing found").waitFor();
    await page.getByRole("link", { name: "Back to the directory" }).click();
    await page.getByRole("link", { name: "broken.zip" }).waitFor();
  });

  it("delete for good, after they asked", async () => {
    await select("to");
    await more("Delete for good…");
    const dialog = page.getByRole("dialog", { name: "Delete “to” for good?" });
    await dialog.getByText("cannot be taken back").waitFor();
    await screenshot("files-for-good");
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await taskNamed("Deleted “to” for good").waitFor();
    await page.getByRole("link", { name: "to", exact: true }).waitFor({ state: "detached" });
    expect(existsSync(`${home}/${top}/to`)).toBe(false);
    await close(taskNamed("Deleted “to” for good"));
  });

  it("empty the trash, after they asked; in Korean, in the dark and on a phone too", async () => {
    await page.goto("/files/home");
    await select(top);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText(`“${top}” is in the trash.`).waitFor();
    await page.setViewportSize({ width: 360, height: 780 });
    await page.goto("/files/home?trash=true");
    await speakKoreanInTheDark(page);
    await page.getByRole("row").filter({ hasText: top }).waitFor();
    await page.getByRole("button", { name: "휴지통 비우기…" }).click();
    const dialog = page.getByRole("dialog", { name: "휴지통을 비울까요?" });
    await screenshot("files-empty-trash-phone");
    await dialog.getByRole("button", { name: "비우기" }).click();
    const emptied = taskNamed("홈의 휴지통을 비움");
    await emptied.waitFor();
    await page.getByText("휴지통이 비어 있습니다").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("files-emptied-phone");
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wider).toBe(false);
    expect(readdirSync(`${home}/.local/share/Trash/files`)).toEqual([]);
    await emptied.getByRole("button", { name: /^닫기/ }).click();
    await page.goto("/files/home");
    await page.getByRole("checkbox").nth(1).check();
    await page.getByRole("button", { name: "더 보기" }).click();
    await screenshot("files-more-phone");
  });
});

/** A file with this content, or a directory, which is hers. */
function make(path: string, content?: string): void {
  const absolute = `${home}/${path}`;
  if (content === undefined) mkdirSync(absolute);
  else writeFileSync(absolute, content);
  const { uid, gid } = statSync(`${home}`);
  if (process.getuid?.() === 0) chownSync(absolute, uid, gid);
}

async function select(name: string): Promise<void> {
  await page.getByRole("checkbox", { name: `Select ${name}`, exact: true }).check();
}

async function more(item: string): Promise<void> {
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

function taskNamed(name: string): Locator {
  return page.getByRole("listitem", { name });
}

async function close(task: Locator): Promise<void> {
  await task.getByRole("button", { name: /^Close/ }).click();
  await task.waitFor({ state: "detached" });
}

async function closeThoseOfARunBefore(): Promise<void> {
  await page.waitForLoadState("networkidle");
  const old = page.getByRole("button", { name: /^Close: / });
  for (let left = await old.count(); left > 0; left = await old.count()) {
    await old.first().click();
    await expect.poll(() => old.count()).toBeLessThan(left);
  }
}

function screenshot(name: string): Promise<Buffer> {
  return page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
