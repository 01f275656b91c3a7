// Files in a real browser: a directory made, renamed, deleted, taken back at once and from the trash. What the page says
// is compared with the disk.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const home = execFileSync("getent", ["passwd", environment.person.name], { encoding: "utf8" }).split(":")[5];
const made = `메시 100% ${Date.now().toString(36)}`;
const renamed = `${made} (old)`;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("file-changes-failure");
});

describe("files", () => {
  it("are made and renamed", async () => {
    await signIn(page, environment.person);
    await page.goto("/files/home");
    await page.getByRole("button", { name: "New directory" }).click();
    const dialog = page.getByRole("dialog", { name: "New directory" });
    await dialog.getByLabel("Name").fill("a/b");
    await dialog.getByText("A name cannot hold a slash.").waitFor();
    await dialog.getByLabel("Name").fill(made);
    expect(await barriers(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByRole("link", { name: made }).click();
    await page.getByText("This directory is empty").waitFor();
    expect(statSync(`${home}/${made}`).isDirectory()).toBe(true);
    await page.getByRole("link", { name: "Home", exact: true }).click();

    await page.getByRole("checkbox", { name: `Select ${made}` }).check();
    await page.getByRole("button", { name: "Rename" }).click();
    const rename = page.getByRole("dialog", { name: `Rename “${made}”` });
    await rename.getByLabel("Name").fill(renamed);
    await rename.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("link", { name: renamed }).waitFor();
    expect([existsSync(`${home}/${made}`), existsSync(`${home}/${renamed}`)]).toEqual([false, true]);
  });

  it("are deleted, and taken back at once", async () => {
    await remove();
    await screenshot("files-deleted");
    expect(await barriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("link", { name: renamed }).waitFor();
    expect(existsSync(`${home}/${renamed}`)).toBe(true);
  });

  it("are found in the trash, and taken back from there", async () => {
    await remove();
    await page.getByRole("link", { name: "Trash" }).click();
    await page.getByRole("heading", { name: "Trash", level: 1 }).waitFor();
    const item = page.getByRole("row").filter({ hasText: renamed });
    await item.getByText(`${home}/${renamed}`).waitFor();
    await item.getByRole("checkbox").check();
    await screenshot("files-trash");
    expect(await barriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Restore" }).click();
    await item.waitFor({ state: "detached" });
    expect(existsSync(`${home}/${renamed}`)).toBe(true);
  });

  it("are complete in Korean, in the dark and on a phone", async () => {
    await page.goto("/files/home");
    await speakKoreanInTheDark(page);
    await page.getByRole("checkbox", { name: `${renamed} 선택` }).check();
    await page.getByRole("button", { name: "이름 바꾸기" }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("files-ko-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    await screenshot("files-phone");
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wider).toBe(false);
    await page.getByRole("button", { name: "삭제", exact: true }).click();
    await page.getByText("1개를 휴지통으로 옮겼습니다.").waitFor();
  });
});

async function remove(): Promise<void> {
  await page.getByRole("checkbox", { name: `Select ${renamed}` }).check();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText(`“${renamed}” is in the trash.`).waitFor();
  expect(existsSync(`${home}/${renamed}`)).toBe(false);
}

function screenshot(name: string): Promise<Buffer> {
  return page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
