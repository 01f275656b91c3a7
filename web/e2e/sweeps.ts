// A sweep of twelve rows in a real browser: filled in by ranges, faults at their cells, the results as a table again. What
// the page says is compared with what Slurm's own commands say.
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurm } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const name = `sweep-${Date.now().toString(36)}`;
const SCRIPT = `#!/bin/bash
echo "at $TEMPERATURE with $SEED"
echo $((TEMPERATURE * SEED)) > result.txt
case $TEMPERATURE-$SEED in 300-2) exit 3;; 500-1) exit 4;; esac
`;

let browser: Browser;
let page: Page;
let number = "";
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
  page.on("pageerror", (error) => failures.push(error.message));
});

afterAll(async () => {
  await browser?.close();
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await page.screenshot({ path: `${SCREENSHOTS}sweep-failure.png` });
});

describe("a sweep", () => {
  it("says at the cell what is wrong, and loses nothing", async () => {
    await signIn(page, environment.person);
    await page.goto(`/clusters/${environment.cluster}/new-job?template=python-data`);
    await page.getByLabel("Run once for each row of a table").check();
    const csv = '\ufeffDecimals shown;note;column\r\n3;x;"a;b"\r\n99;y;한글\r\n2;z;=1+1\r\n';
    await page
      .locator('input[type="file"][accept*="csv"]')
      .setInputFiles({ name: "table.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
    await page.getByText("Left out, since nothing here has this name: note.").waitFor();
    const wrong = page.getByLabel("Decimals shown, row 2", { exact: true });
    await expect.poll(() => wrong.getAttribute("aria-invalid"), { timeout: 20 * SECOND }).toBe("true");
    await picture("sweep-fault", "Sweep");
    await wrong.fill("4");
    await expect.poll(() => wrong.getAttribute("aria-invalid"), { timeout: 20 * SECOND }).toBe(null);
    expect(await page.getByLabel("Column, row 2", { exact: true }).inputValue()).toBe("한글");
    await page.reload();
    await page.getByLabel("Column, row 1", { exact: true }).waitFor();
    expect(await page.getByLabel("Column, row 1", { exact: true }).inputValue()).toBe("a;b");
  });

  it("is filled in from ranges and lists, and from a spreadsheet", async () => {
    await page.getByText("Own script", { exact: true }).click();
    await page.getByRole("button", { name: "Clear the table" }).click();
    await page.getByLabel("Own script", { exact: true }).last().fill(SCRIPT);
    for (const variable of ["TEMPERATURE", "SEED"]) {
      await page.getByLabel("Name of a variable").fill(variable);
      await page.getByRole("button", { name: "Add variable" }).click();
    }
    await page.getByRole("button", { name: "Fill with values" }).click();
    const values = page.getByRole("group", { name: "Values for a column" });
    await values.getByLabel("From").fill("100");
    await values.getByLabel("To").fill("600");
    await values.getByLabel("Step").fill("100");
    await values.getByRole("button", { name: "Fill in" }).click();
    await values.getByLabel("Column").selectOption("SEED");
    await values.getByText("List", { exact: true }).click();
    await values.getByLabel("Values, with commas between them").fill("1, 2");
    await values.getByText("Each value with each row there is: 12 rows.").waitFor();
    await values.getByRole("button", { name: "Fill in" }).click();
    await page.getByText("12 tasks", { exact: true }).waitFor();
    expect(await page.getByLabel("TEMPERATURE, row 12", { exact: true }).inputValue()).toBe("600");
    await paste("TEMPERATURE, row 11", "600\t1\n600\t2\n");
    await page.getByLabel("Job name").fill(name);
    await page.getByLabel("Batch script").getByText("1-12").waitFor();
    await picture("sweep-form", "Sweep");
  });

  it("has a task for each row, as the scheduler has them", async () => {
    await page.getByRole("button", { name: "Submit job" }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    const table = page.getByRole("table", { name: "Sweep" });
    const shown = () =>
      table
        .getByRole("row")
        .evaluateAll((rows) =>
          rows.slice(1).map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText.trim())),
        );
    await expect
      .poll(async () => (await shown()).map((cells) => cells[4]).filter(Boolean).length, {
        timeout: 180 * SECOND,
      })
      .toBe(12);
    const rows = (await shown()).map(
      ([task, t, seed, state, exit]) => `${task} ${t} ${seed} ${state} ${exit}`,
    );
    const failed: Record<string, number> = { "300 2": 3, "500 1": 4 };
    const expected = [100, 200, 300, 400, 500, 600].flatMap((t) =>
      [1, 2].map((seed) => {
        const exit = failed[`${t} ${seed}`] ?? 0;
        return `${t} ${seed} ${exit ? "Failed" : "Completed"} ${exit}`;
      }),
    );
    expect(rows).toEqual(expected.map((row, index) => `${index + 1} ${row}`));
    const heading = await page
      .getByText(/^Job \d+/)
      .first()
      .innerText();
    number = /\d+/.exec(heading)?.[0] ?? "";
    if (environment.slurmConf) {
      const told = slurm("sacct", "-X", "-n", "-P", "-o", "JobID,State,ExitCode", "-j", number)
        .trim()
        .split("\n");
      const states: Record<string, string> = { COMPLETED: "Completed", FAILED: "Failed" };
      const accounting = told.map((line) => {
        const [id = "", state = "", exit = ""] = line.split("|");
        return `${id.split("_")[1]} ${states[state]} ${exit.split(":")[0]}`;
      });
      const said = rows.map((row) => row.replace(/^(\d+) \S+ \S+ /, "$1 "));
      expect(said.sort()).toEqual(accounting.sort());
      const queue = slurm("squeue", "-h", "-r", "-t", "all", "-j", number, "-o", "%K").trim().split("\n");
      expect(queue).toHaveLength(12);
      const shownByScontrol = slurm("scontrol", "show", "job", `${number}_12`);
      expect(shownByScontrol).toContain("ArrayTaskId=12");
    }
  });

  it("is sorted, filtered and shows what the tasks found", async () => {
    const table = page.getByRole("table", { name: "Sweep" });
    await page.getByLabel("Show a line of").selectOption("file");
    await page.getByLabel("File in each task's directory").fill("result.txt");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await table.getByText("1200", { exact: true }).waitFor({ timeout: 30 * SECOND });
    await table.getByRole("button", { name: "result.txt" }).click();
    const first = () => table.getByRole("row").nth(1).innerText();
    await expect.poll(first).toMatch(/^12\b/);
    await page.getByLabel("Find in the table").fill("500");
    await expect.poll(() => table.getByRole("row").count()).toBe(3);
    await page
      .getByRole("region", { name: "Sweep" })
      .getByLabel("State", { exact: true })
      .selectOption("failed");
    await expect.poll(() => table.getByRole("row").count()).toBe(2);
    expect(page.url()).toContain("rows_q=");
    await page.reload();
    await expect.poll(() => table.getByRole("row").count(), { timeout: 20 * SECOND }).toBe(2);
    await page.goto(page.url().replace(/\?.*/, "?rows_line=last&rows_file=result.txt"));
    await table.getByText("1200", { exact: true }).waitFor({ timeout: 30 * SECOND });
    await picture("sweep");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download CSV" }).click(),
    ]);
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\r\n");
    expect(lines[0]).toBe("task,TEMPERATURE,SEED,state,exit_code,signal,started_at,ended_at,elapsed_seconds");
    expect(lines).toHaveLength(13);
    expect(lines[6]).toMatch(/^6,300,2,FAILED,3,/);
  });

  it("leads to a task, which names its row", async () => {
    await page.getByRole("table", { name: "Sweep" }).getByRole("link", { name: "6", exact: true }).click();
    const row = page.getByRole("region", { name: "Row 6 of the sweep" });
    await row.getByText("300", { exact: true }).waitFor();
    await page.getByRole("log", { name: "Output" }).getByText("at 300 with 2").waitFor();
    await picture("sweep-task");
    await page.getByRole("link", { name: `The whole: ${number}` }).click();
  });

  it("runs the failed rows again as a sweep of their own", async () => {
    await page.getByRole("button", { name: "Run 2 failed rows again" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Submit" }).click();
    const table = page.getByRole("table", { name: "Sweep" });
    await expect.poll(() => table.getByRole("row").count(), { timeout: 60 * SECOND }).toBe(3);
    await expect
      .poll(() => table.getByText("Failed", { exact: true }).count(), { timeout: 120 * SECOND })
      .toBe(2);
    const rows = await table.getByRole("row").allInnerTexts();
    expect(rows.slice(1).map((row) => row.split(/\s+/).slice(0, 3).join(" "))).toEqual([
      "1 300 2",
      "2 500 1",
    ]);
  });

  it("is submitted again with its rows", async () => {
    await page.getByRole("link", { name: "Submit again" }).click();
    await page.getByLabel("TEMPERATURE, row 2", { exact: true }).waitFor({ timeout: 20 * SECOND });
    expect(await page.getByLabel("TEMPERATURE, row 2", { exact: true }).inputValue()).toBe("500");
    expect(await page.getByLabel("SEED, row 2", { exact: true }).inputValue()).toBe("1");
  });

  it("is shown in Korean, in the dark and on a phone", async () => {
    await speakKoreanInTheDark(page);
    await picture("sweep-form-ko-dark", "스윕");
    await page.goto(`/clusters/${environment.cluster}/jobs/${number}?rows_line=last`);
    await page
      .getByRole("table", { name: "스윕" })
      .getByText("at 600 with 2")
      .waitFor({ timeout: 30 * SECOND });
    await picture("sweep-ko-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("heading", { name: "스윕" }).scrollIntoViewIfNeeded();
    await picture("sweep-phone");
    await page.goto(`/clusters/${environment.cluster}/new-job?mode=script`);
    await page.getByRole("heading", { name: "스윕" }).scrollIntoViewIfNeeded();
    await picture("sweep-form-phone");
    expect(failures).toEqual([]);
  });
});

/** Of the page, or of a part of it. */
async function picture(called: string, part?: string): Promise<void> {
  const path = `${SCREENSHOTS}${called}.png`;
  if (part) await page.getByRole("region", { name: part }).screenshot({ path });
  else await page.screenshot({ path });
  expect(await barriers(page)).toEqual([]);
}

/** As a spreadsheet's cells come. */
async function paste(label: string, text: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).evaluate((cell, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}
