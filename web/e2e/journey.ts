// The main job in a real browser, as a person does it: signs in, uploads, chooses, submits, watches, reads. Elements are
// found by role and label, as assistive technology finds them.
import { mkdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { newContext, signIn, speakKoreanInTheDark } from "./browser";
import { CuttableProxy } from "./cuttable-proxy";
import { environment } from "./environment";
import { type JourneyFiles, makeFiles } from "./files";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const MIB = 1024 * 1024;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let proxy: CuttableProxy;
let files: JourneyFiles;
/** Whether images can be run here; without, the Python template takes the same way. */
let withImage = false;
let jobUrl = "";
/** Of its own in each run: the cluster is everybody's. */
const jobName = `journey-${Date.now().toString(36)}`;
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  files = await makeFiles(environment.bigFileMib);
  proxy = await CuttableProxy.before(environment.url);
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  context = await newContext(browser, proxy.url);
  page = await context.newPage();
  page.on("pageerror", (error) => failures.push(error.message));
});

afterAll(async () => {
  await browser?.close();
  proxy?.close();
  await files?.remove();
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("failure");
});

describe(`the main job on ${environment.cluster}`, () => {
  it("signs in and comes to the overview", async () => {
    await signIn(page, environment.person);
    await screenshot("overview");
  });

  it("uploads a big file whose connection is cut in the middle, from where it was cut", async () => {
    const name = basename(files.big);
    const announced: (string | undefined)[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/api/v1/uploads"))
        announced.push(request.headers()["upload-concat"]?.split(";")[0]);
    });
    await page.getByRole("link", { name: "Uploads", exact: true }).click();
    await heading("Uploads");
    const before = proxy.bytesSent;
    proxy.cutAfter(files.bigSize * 0.45);
    await page.getByLabel("Files to upload").setInputFiles(files.big);
    const item = page.getByRole("listitem", { name });
    await item.waitFor();
    await screenshot("upload");
    await item.getByText("Uploaded", { exact: true }).waitFor({ timeout: 180 * SECOND });

    expect(proxy.timesCut).toBe(1);
    // It went on, and did not begin anew: the bytes of at most one chunk of each part went twice.
    expect(announced).toEqual(["partial", "partial", "partial", "final"]);
    expect(proxy.bytesSent - before).toBeLessThan(files.bigSize + 4 * 8 * MIB);
    await page
      .getByRole("row", { name: new RegExp(name) })
      .getByText("Uploaded")
      .waitFor();
  });

  it("chooses template, image, app and file in New job, and sees the batch script", async () => {
    await page.getByRole("link", { name: "New job", exact: true }).first().click();
    await heading("New job");
    const runImage = page.getByRole("radio", { name: "Run an image" });
    await runImage.waitFor();
    withImage = await runImage.isEnabled();
    if (withImage) {
      await runImage.check();
      await page.getByRole("radio", { name: "demo", exact: true }).check();
      await page.getByLabel("App", { exact: true }).selectOption("sum");
    } else {
      await page.getByRole("radio", { name: "Python data summary" }).check();
    }
    await page.getByLabel("Files to upload").setInputFiles(files.numbers);
    await page.getByRole("listitem", { name: "input.txt" }).getByText("Uploaded", { exact: true }).waitFor();
    await page.getByLabel("Job name").fill(jobName);
    const script = page.getByLabel("Batch script");
    await script
      .getByText(withImage ? "apptainer" : "python3")
      .first()
      .waitFor();
    await screenshot("new-job");
  });

  it("submits, and sees the job go from pending to completed without reloading", async () => {
    await page.getByRole("button", { name: "Submit job" }).click();
    await heading(jobName);
    jobUrl = page.url();
    const states = await watchStates();
    await state("Completed").waitFor({ timeout: 180 * SECOND });
    await screenshot("job");

    const seen = await states();
    expect(seen.at(-1)).toBe("COMPLETED");
    expect(seen).toContain("RUNNING");
    const order = ["SUBMITTING", "PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "COMPLETED"];
    expect(seen).toEqual([...seen].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
  });

  it("reads the output, with the line computed from the uploaded file", async () => {
    const output = page.getByRole("log", { name: "Output" });
    await output
      .getByText(String(files.sum))
      .first()
      .waitFor({ timeout: 20 * SECOND });
    await page.getByLabel("Search the output").fill(String(files.sum));
    await output.locator("mark").first().waitFor();
    await screenshot("output");
  });

  it("finds the job in the list and on the overview", async () => {
    await page.getByRole("link", { name: "Jobs", exact: true }).first().click();
    await heading("Jobs");
    await page.getByLabel("Name or job id").fill(jobName);
    await page.getByRole("row").filter({ hasText: jobName }).first().getByText("Completed").waitFor();
    await screenshot("jobs");
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    // Not this very job: others may have submitted as the same person since.
    await page.getByRole("table", { name: "My newest jobs" }).getByRole("link").first().waitFor();
    await page.getByRole("link", { name: "All my jobs" }).click();
    await page.getByRole("table", { name: "Jobs" }).getByRole("link", { name: jobName }).waitFor();
  });

  it("finds the image by its app in the catalogue, and sees where it lies", async () => {
    if (!withImage) return;
    await page.getByRole("link", { name: "Images", exact: true }).first().click();
    await heading("Images");
    await page.getByLabel("Name, path, label or app").fill("sum");
    const catalogue = page.getByRole("table", { name: "Catalogue" });
    await catalogue.getByRole("row").filter({ hasText: "demo" }).getByText("In place").first().waitFor();
    await screenshot("images");
    await catalogue.getByRole("link", { name: "demo", exact: true }).first().click();
    await heading("demo");
    const locations = page.getByRole("table", { name: "Locations" });
    await locations.getByText("In place").first().waitFor();
    expect(await locations.getByText(/demo\.sif$/).count()).toBeGreaterThan(0);
    await screenshot("image");
  });

  it("speaks Korean in the dark", async () => {
    await speakKoreanInTheDark(page);
    await page.goto(jobUrl.replace(/^https?:\/\/[^/]+/, proxy.url));
    await state("완료").waitFor();
    await screenshot("job-ko-dark");
    await page.getByRole("link", { name: "새 작업", exact: true }).first().click();
    await page.getByRole("radiogroup", { name: "템플릿" }).waitFor();
    await screenshot("new-job-ko-dark");
  });

  it.skipIf(!environment.stranger)("shows a stranger neither the files nor the output", async () => {
    const { stranger } = environment;
    if (!stranger) return;
    const other = await newContext(browser, proxy.url);
    const otherPage = await other.newPage();
    await signIn(otherPage, stranger);
    await otherPage.getByRole("link", { name: "Uploads", exact: true }).click();
    await otherPage.getByRole("heading", { name: "Uploads", level: 1 }).waitFor();
    const uploads = otherPage.getByRole("table", { name: "Uploads" });
    await uploads.or(otherPage.getByText("Nothing uploaded yet").first()).first().waitFor();
    expect(await otherPage.getByText(basename(files.big)).count()).toBe(0);
    await otherPage.goto(jobUrl.replace(/^https?:\/\/[^/]+/, proxy.url));
    // The queue is everybody's to see; what is in the job is not.
    await otherPage.getByRole("heading", { level: 1 }).waitFor();
    await otherPage.getByText("belongs to someone else").waitFor();
    expect(await otherPage.getByText(String(files.sum)).count()).toBe(0);
    await otherPage.getByRole("tab", { name: "Script" }).click();
    await otherPage.getByText("is not yours to see").waitFor();
    await other.close();
  });

  it("had no failure in the page's own code", () => {
    expect(failures).toEqual([]);
  });
});

function heading(name: string): Promise<void> {
  return page.getByRole("heading", { name, level: 1 }).waitFor();
}

/** The job's state, in words, beside its name. */
function state(words: string): Locator {
  return page.locator("main header").getByText(words, { exact: true });
}

/** Collects the states that the page shows from now on; the badge carries the scheduler's word. */
async function watchStates(): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = [];
    const note = () => {
      const word = document.querySelector("main header [data-tone]")?.getAttribute("title");
      if (word && seen.at(-1) !== word) seen.push(word);
    };
    note();
    new MutationObserver(note).observe(document.body, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    Object.assign(window, { seenStates: seen });
  });
  return () => page.evaluate(() => (window as unknown as { seenStates: string[] }).seenStates);
}

async function screenshot(name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
