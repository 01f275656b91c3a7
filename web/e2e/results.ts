// What a job left, in a real browser: looked at, one file saved, and all of it as an archive.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn } from "./browser";
import { environment } from "./environment";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const COMMANDS =
  "mkdir plots\nprintf 'x,y\\n1,2\\n' > table.csv\nprintf 'deep\\n' > plots/deep.txt\necho done";

let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("results-failure");
});

describe("what a job left", () => {
  it("is there when the job has ended", async () => {
    await signIn(page, environment.person);
    const search = new URLSearchParams({
      template: "shell",
      name: "results",
      parameters: JSON.stringify({ commands: COMMANDS }),
    });
    await page.goto(`/clusters/${environment.cluster}/new-job?${search}`);
    await page.getByRole("button", { name: "Submit", exact: false }).last().click();
    await page.waitForURL(/\/jobs\/[0-9a-f-]{36}/, { timeout: 30 * SECOND });
    await page
      .getByText("Completed", { exact: true })
      .first()
      .waitFor({ timeout: 60 * SECOND });
    await page.getByRole("tab", { name: "Files" }).click();
    await page.getByRole("link", { name: "table.csv" }).waitFor({ timeout: 20 * SECOND });
    await screenshot("results-files");
    expect(await barriers(page)).toEqual([]);
  });

  it("is looked at, and saved file by file", async () => {
    await page.getByRole("link", { name: "table.csv" }).click();
    await page.getByRole("cell", { name: "2", exact: true }).waitFor();
    const save = page.getByRole("button", { name: "Download", exact: true });
    const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
    expect(download.suggestedFilename()).toBe("table.csv");
    expect(readFileSync(await download.path(), "utf8")).toBe("x,y\n1,2\n");
    await page.goBack();
  });

  it("is saved as a whole", async () => {
    const save = page.getByRole("button", { name: "Download all" });
    const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
    expect(download.suggestedFilename()).toMatch(/\.tar$/);
    const archive = await download.path();
    const names = execFileSync("tar", ["-tf", archive], { encoding: "utf8" }).split("\n");
    const beneath = names.map((name) => name.replace(/^[^/]*\//, ""));
    expect(beneath).toEqual(expect.arrayContaining(["table.csv", "plots/deep.txt"]));
    const top = names[0]?.split("/")[0] ?? "";
    const deep = execFileSync("tar", ["-xOf", archive, `${top}/plots/deep.txt`], { encoding: "utf8" });
    expect(deep).toBe("deep\n");
  });
});

async function screenshot(name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
