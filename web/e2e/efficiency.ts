// What jobs used, advice from it, accounts' balances, and asking for help: in a real browser, on a real Slurm. What the
// page says is compared with what accounting says.
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurm } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const RUNS = 3;
const run = Date.now().toString(36);

/** One of two CPUs for four seconds, and 200 MiB for long enough to be sampled. */
const BURN = [
  'python3 -c "',
  "import time",
  "x = bytearray(200 << 20)",
  "while time.process_time() < 4: pass",
  'time.sleep(25)"',
  "echo token=hunter2",
].join("\n");

let browser: Browser;
let page: Page;
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
  page.on("pageerror", (error) => failures.push(error.message));
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("efficiency-failure");
});

describe.skipIf(!environment.slurmConf)("what jobs used", () => {
  const ids: string[] = [];

  it("runs a template three times", async () => {
    await signIn(page, environment.person);
    for (let count = 0; count < RUNS; count += 1) {
      const resources = { memory_mib: 1500, cpus_per_task: 2, time_limit_minutes: 10 };
      const search = new URLSearchParams({
        template: "shell",
        name: `burn-${run}-${count}`,
        parameters: JSON.stringify({ commands: BURN }),
        resources: JSON.stringify(resources),
      });
      await page.goto(`/clusters/${environment.cluster}/new-job?${search}`);
      await page.getByRole("button", { name: "Submit", exact: false }).last().click();
      await page.waitForURL(/\/jobs\/[0-9a-f-]{36}/, { timeout: 30 * SECOND });
      ids.push(page.url().split("/").at(-1)?.split("?")[0] ?? "");
    }
    await page.getByText(/So far, at/).waitFor({ timeout: 60 * SECOND });
    await screenshot("efficiency-running");
  });

  it("says of a job that is over what accounting says, and what to ask for", async () => {
    const panel = page.getByRole("region", { name: "Use of resources" });
    await panel.getByText("Next time").waitFor({ timeout: 90 * SECOND });
    const number = /Job (\d+)/.exec((await page.getByRole("main").textContent()) ?? "")?.[1] ?? "";
    const rss = slurm("sacct", "-nP", "-j", `${number}.batch`, "--format=MaxRSS").trim();
    const used = Math.ceil(Number(rss.replace("K", "")) / 1024);
    expect(await panel.textContent()).toContain(`${used} MiB of 1.5 GiB`);
    await panel.getByText(new RegExp(`It used at most ${used} MiB of memory on a node`)).waitFor();
    await panel.getByText(/Given and not used: [\d.]+ core hours/).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("efficiency-job");
  });

  it("puts a job together for the support, without secrets, to be read first", async () => {
    await page.getByRole("button", { name: "Ask for help" }).click();
    const dialog = page.getByRole("dialog", { name: "Ask for help with this job" });
    const text = dialog.getByLabel("What will be sent");
    await text.waitFor({ timeout: 20 * SECOND });
    await expect.poll(() => text.inputValue()).toContain("## Batch script");
    const content = await text.inputValue();
    expect(content).toContain("token=[redacted]");
    expect(content).not.toContain("hunter2");
    expect(content).toContain("## End of the output");
    const save = dialog.getByRole("button", { name: "Save the file" });
    expect(await save.isDisabled()).toBe(true);
    await dialog.getByLabel("Your question").fill("Why?");
    await text.fill(`${content}\nmended`);
    await screenshot("ask-for-help");
    expect(await barriers(page)).toEqual([]);
    await dialog.getByLabel("I have read it, and it holds nothing secret.").check();
    const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
    const saved = readFileSync(await download.path(), "utf8");
    expect(saved.startsWith("Why?\n\n# Job ")).toBe(true);
    expect(saved.endsWith("mended")).toBe(true);
    await page.keyboard.press("Escape");
  });

  it("advises the next run, and sets what it advises", async () => {
    const started = Date.now();
    const search = `template=shell&resources=${encodeURIComponent('{"memory_mib":1500}')}`;
    const advice = page.getByRole("region", { name: "From your own runs" });
    // The runs are kept some seconds after their ends.
    do {
      await page.goto(`/clusters/${environment.cluster}/new-job?${search}`);
      await page.getByRole("textbox", { name: "Memory per node" }).waitFor();
      await page.waitForTimeout(3 * SECOND);
    } while ((await advice.count()) === 0 && Date.now() - started < 60 * SECOND);
    await advice.getByText(/They used at most 2\d\d MiB of memory on a node/).waitFor();
    await advice.getByRole("button", { name: /^Memory per node: set/ }).click();
    expect(await page.getByRole("textbox", { name: "Memory per node" }).inputValue()).toMatch(
      /^(320|384) MiB$/,
    );
    await advice.getByText(/is set$/).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("efficiency-advice");
  });

  it("sums up what was not used, and shows what is left of her accounts", async () => {
    await page.goto(`/clusters/${environment.cluster}`);
    await page.getByRole("heading", { name: "What my jobs did not use" }).waitFor();
    await page.getByRole("heading", { name: "My accounts" }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await page.getByRole("table", { name: "Jobs that left most unused" }).scrollIntoViewIfNeeded();
    await screenshot("efficiency-overview");
  });

  it("does so in Korean, in the dark, and on a phone", async () => {
    await speakKoreanInTheDark(page);
    await page.getByRole("heading", { name: "내 계정(account)" }).waitFor();
    await page.getByText(/^공정 할당은/).scrollIntoViewIfNeeded();
    await screenshot("efficiency-overview-ko-dark");
    await page.goto(`/clusters/${environment.cluster}/jobs/${ids.at(-1)}`);
    await page.getByText("다음에는").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("efficiency-job-ko-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(SECOND);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    await page.getByText("다음에는").scrollIntoViewIfNeeded();
    await screenshot("efficiency-job-phone");
    await page.getByRole("button", { name: "도움 요청" }).click();
    await page.getByLabel("보낼 내용").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("ask-for-help-ko-phone");
    expect(failures).toEqual([]);
  });
});

async function screenshot(name: string, whole = false): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: whole });
}
