// A chain of three jobs, made in the page of a real browser, on a real Slurm: each waits for the one before; the middle
// one fails. What the page says is compared with what squeue and sacct say. And the choices of New job, from what the
// cluster has.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurm } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const name = `chain-${Date.now().toString(36)}`;

let browser: Browser;
let page: Page;
const numbers: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await page.screenshot({ path: `${SCREENSHOTS}chain-failure.png` });
});

describe.skipIf(!environment.slurmConf)("a chain of three", () => {
  it("is made in New job, each after the one before", async () => {
    await signIn(page, environment.person);
    await submit(`${name}-1`, "sleep 20", null);
    await submit(`${name}-2`, "exit 3", `${name}-1`);
    await submit(`${name}-3`, "true", `${name}-2`);
    expect(waitsFor(numbers[1])).toBe(`afterok:${numbers[0]}(unfulfilled)`);
    expect(waitsFor(numbers[2])).toBe(`afterok:${numbers[1]}(unfulfilled)`);
  });

  it("is drawn on the page of the middle one", async () => {
    await open(`${name}-2`);
    const panel = page.getByRole("region", { name: "Dependencies" });
    await panel
      .getByRole("list", { name: "It waits for" })
      .getByRole("link", { name: `${name}-1` })
      .waitFor();
    await panel
      .getByRole("list", { name: "These wait for it" })
      .getByRole("link", { name: `${name}-3` })
      .waitFor();
    await picture("chain-waiting");
  });

  it("says live that the last can never start, as Slurm does", async () => {
    const panel = page.getByRole("region", { name: "Dependencies" });
    await panel
      .getByText(`These will never start, since this job ended otherwise than they asked: ${numbers[2]}.`)
      .waitFor({ timeout: 90 * SECOND });
    expect(await panel.getByText("has come true").count()).toBe(1);
    await expect.poll(() => accounting(numbers[1]), { timeout: 30 * SECOND }).toEqual("FAILED|3:0");
    expect(accounting(numbers[0])).toBe("COMPLETED|0:0");
    // Told by accounting, which remembers why it waited: that is not why it failed.
    await page
      .getByText(/exit code 3/)
      .first()
      .waitFor({ timeout: 30 * SECOND });
    expect(await page.getByText("It waits for another job that it depends on.").count()).toBe(0);
    await picture("chain-failed");
    await panel.getByRole("link", { name: `${name}-3` }).click();
    await page
      .getByText(`Job ${numbers[1]} ended otherwise than was asked, so this job will never start.`)
      .waitFor();
    await page.getByRole("region", { name: "Why it waits" }).waitFor();
    await expect.poll(() => reason(numbers[2]), { timeout: 60 * SECOND }).toBe("DependencyNeverSatisfied");
    await picture("chain-never");
    slurm("scancel", numbers[2] ?? "");
  });

  it("shows the steps of a job as accounting has them", async () => {
    await open(`${name}-2`);
    await page.getByRole("tab", { name: "Steps" }).click();
    const row = page.getByRole("table", { name: "Steps" }).getByRole("row", { name: /script/ });
    await row.getByText("Failed").waitFor();
    expect(await row.getByRole("cell", { name: "3", exact: true }).count()).toBe(1);
    const steps = slurm("sacct", "-n", "-P", "-o", "JobID,State,ExitCode", "-j", numbers[1] ?? "");
    expect(steps).toContain(`${numbers[1]}.batch|FAILED|3:0`);
    await picture("steps");
  });

  it("is shown in Korean, in the dark and on a phone", async () => {
    await speakKoreanInTheDark(page);
    await page.getByText("의존 작업").first().waitFor();
    await picture("chain-ko-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    await picture("chain-phone");
  });
});

/** Through the form, as a person does it. */
async function submit(called: string, commands: string, after: string | null): Promise<void> {
  await page.goto(`/clusters/${environment.cluster}/new-job?mode=script`);
  await page.getByRole("textbox", { name: "Own script" }).fill(`#!/bin/bash -l\n${commands}\n`);
  await page.getByLabel("Job name").fill(called);
  await page.getByText("More", { exact: true }).click();
  const account = page.getByLabel("Account", { exact: true });
  expect(await account.locator("option").allTextContents()).toEqual(
    expect.arrayContaining(
      slurm("sacctmgr", "-nP", "show", "assoc", `user=${environment.person.name}`, "format=account")
        .split("\n")
        .filter(Boolean),
    ),
  );
  if (after) {
    await page.getByRole("button", { name: "Wait for another job" }).click();
    const chosen = page.getByLabel("Job", { exact: true });
    const option = chosen.locator("option", { hasText: after });
    await option.waitFor({ state: "attached" });
    await chosen.selectOption((await option.getAttribute("value")) ?? "");
    await picture("new-job-dependency");
  }
  await page.getByRole("button", { name: "Submit job" }).click();
  await page.getByRole("heading", { name: called }).waitFor({ timeout: 30 * SECOND });
  const below = await page
    .getByText(/^Job \d+/)
    .first()
    .textContent();
  numbers.push(/\d+/.exec(below ?? "")?.[0] ?? "");
}

async function open(called: string): Promise<void> {
  await page.goto(`/clusters/${environment.cluster}/jobs?q=${called}`);
  await page.getByRole("link", { name: called, exact: true }).click();
  await page.getByRole("heading", { name: called }).waitFor();
}

async function picture(called: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${called}.png`, fullPage: true });
  expect(await barriers(page)).toEqual([]);
}

function waitsFor(number: string | undefined): string {
  return slurm("squeue", "-h", "-j", number ?? "", "-O", "Dependency:80").trim();
}

function reason(number: string | undefined): string {
  return slurm("squeue", "-h", "-j", number ?? "", "-o", "%r").trim();
}

function accounting(number: string | undefined): string {
  return slurm("sacct", "-X", "-n", "-P", "-o", "State,ExitCode", "-j", number ?? "").trim();
}
