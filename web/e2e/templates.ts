// Templates of one's own in a real browser: brought as files, edited beside what New job makes of them, and taken up
// again as they were. What the portal keeps is compared byte for byte with what was brought.
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { chooseTemplates, wordTemplate } from "./template-files";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
/** Of its own in each run: nothing that a template ever was is forgotten. */
const id = `words-${Date.now().toString(36)}`;

let browser: Browser;
let page: Page;
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) failures.push(message.text());
  });
  await signIn(page, environment.person);
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("templates-failure");
});

describe("templates of one's own", () => {
  it("are made of files, of which each is seen first with what is wrong with it", async () => {
    await page.goto("/templates");
    await choose({ [`${id}.yaml`]: template("1"), "broken.yaml": template("1").replace("tags:", "tagz:") });
    const dialog = page.getByRole("dialog", { name: "Import templates" });
    const broken = dialog.getByRole("listitem").filter({ hasText: "broken.yaml" });
    await broken.getByText("Line 7:").waitFor();
    await broken.getByText(/tagz/).waitFor();
    await dialog.getByText(`${id}@1`).waitFor();
    await screenshot("templates-import");
    expect(await barriers(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Import 1 template" }).click();
    await dialog.getByRole("link", { name: "Words" }).click();
    await page.getByRole("heading", { name: "Words", level: 1 }).waitFor();
    expect(await exported()).toBe(template("1"));
  });

  it("take another id where theirs is taken", async () => {
    await page.goto("/templates");
    await choose({ [`${id}.yaml`]: template("1") });
    const dialog = page.getByRole("dialog", { name: "Import templates" });
    await dialog.getByRole("button", { name: "Import 1 template" }).click();
    await dialog.getByText(`There is a template “${id}” already`).waitFor();
    await dialog.getByLabel("Id").fill(`${id}-too`);
    await dialog.getByRole("button", { name: "Import 1 template" }).click();
    await dialog.getByRole("link", { name: "Words" }).click();
    await page.getByText(`${id}-too@1`).waitFor();
  });

  it("are made of batch scripts, whose variables the form asks for, and kept at hand", async () => {
    const name = `${id}-script`;
    const script = [
      "#!/bin/bash",
      `#SBATCH --job-name=${name}`,
      "#SBATCH --exclusive",
      "STEPS=5",
      'echo "$STEPS"',
      "",
    ];
    await page.goto("/templates");
    await choose({ "job.sbatch": script.join("\n") });
    const dialog = page.getByRole("dialog", { name: "Import templates" });
    await dialog.getByText("Batch script →").waitFor();
    await dialog.getByLabel("STEPS").check();
    await dialog.getByText(`${name}@1.0.0`).waitFor();
    await screenshot("templates-import-script");
    expect(await barriers(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Import 1 template" }).click();
    await dialog.getByRole("link", { name }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await page.getByText("STEPS").waitFor();
    expect(await exported(name)).toContain("#SBATCH --exclusive\n  STEPS={{ steps }}\n");
    await page.getByRole("button", { name: `Add ${name} to favourites` }).click();
    await page.getByRole("button", { name: `Remove ${name} from favourites` }).waitFor();
    await page.goto("/templates?shelf=favourite");
    await page.getByRole("link", { name }).waitFor();
    expect(await page.getByRole("link", { name: "Words", exact: true }).count()).toBe(0);
    await screenshot("templates-favourite");
    expect(await barriers(page)).toEqual([]);
  });

  it("are edited beside their form and their script, and told of a wrong line at that line", async () => {
    await page.goto(`/templates/${id}`);
    await page.getByRole("button", { name: "Edit" }).click();
    const preview = page.getByRole("region", { name: "Preview" });
    await preview.getByText("The script is here once the form is filled in.").waitFor();
    await preview.getByLabel("Word").fill("it's");
    await preview.getByRole("document", { name: "Batch script" }).getByText("echo 'it'\\''s'").waitFor();

    await editor().fill(template("2").replace("image: none", "image: never"));
    const verdict = page.getByRole("status").filter({ hasText: "Line" });
    await verdict.getByRole("button", { name: "Line 9:" }).waitFor();
    await page.locator(".cm-lint-marker-error").waitFor();
    await preview.getByText("Before the fault").waitFor();
    await screenshot("template-edit-wrong");
    expect(await barriers(page)).toEqual([]);
    await verdict.getByRole("button", { name: "Line 9:" }).click();
    expect(await editor().evaluate((area) => area === document.activeElement)).toBe(true);
    await page.keyboard.press("End");
    for (const _ of "never") await page.keyboard.press("Backspace");
    await page.keyboard.type("none");
    await page.getByText("Nothing is wrong with it. Not saved yet.").waitFor();
    await preview
      .getByRole("document", { name: "Batch script" })
      .getByText("echo again 'it'\\''s'")
      .waitFor();
    await screenshot("template-edit");
    expect(await barriers(page)).toEqual([]);
  });

  it("are not left unsaved by mistake, and Tab leads on", async () => {
    await editor().press("Tab");
    expect(await editor().evaluate((area) => area.contains(document.activeElement))).toBe(false);
    await page.goBack();
    const asked = page.getByRole("dialog", { name: "Leave without saving?" });
    await asked.getByRole("button", { name: "Go on writing" }).click();
    await asked.waitFor({ state: "detached" });
    await editor().press("Control+s");
    await page.getByText("As it is saved.").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    expect(await exported()).toBe(template("2"));
  });

  it("have their versions, which are compared", async () => {
    await row(2).getByText("current").waitFor();
    await row(1).getByRole("link", { name: "Version 1" }).click();
    await page.getByRole("document", { name: "Version 1" }).getByText('version: "1"').waitFor();
    await page.getByLabel("Compare").selectOption("Compare with version 2");
    const lines = page.getByRole("document", { name: "Differences from version 1 to 2" });
    await lines.getByText('Version 1: version: "1"').waitFor();
    await lines.getByText('Version 2: version: "2"').waitFor();
    await screenshot("template-versions");
    expect(await barriers(page)).toEqual([]);
    // A link to it can be sent.
    await page.reload();
    await lines.waitFor();
  });

  it("are taken up again as they were", async () => {
    await page.getByRole("button", { name: "Take up again" }).click();
    const asked = page.getByRole("dialog", { name: "Take up version 1 again?" });
    await asked.getByRole("button", { name: "Take up again" }).click();
    await row(3).getByText("current").waitFor();
    expect(await page.getByText("current", { exact: true }).count()).toBe(1);
    expect(await exported()).toBe(template("1"));
  });

  it("are there again, when they were put away", async () => {
    await page.getByRole("button", { name: "Archive" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Archive" }).click();
    await page.getByRole("heading", { name: "Templates", level: 1 }).waitFor();
    await page.goto(`/templates/${id}?version=2`);
    await page.getByText("The template is gone; what it said is kept.").waitFor();
    await page.getByRole("button", { name: "Take up again" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take up again" }).click();
    await page.getByRole("heading", { name: "Words", level: 1 }).waitFor();
    expect(await exported()).toBe(template("2"));
  });

  it("speak Korean in the dark, and on a phone stand one behind the other", async () => {
    await speakKoreanInTheDark(page);
    await page.goto(`/templates/${id}?version=1&against=2`);
    await page.getByRole("document", { name: "버전 1에서 버전 2까지의 차이" }).waitFor();
    await screenshot("template-versions-ko-dark");
    expect(await barriers(page)).toEqual([]);
    await page.goto(`/templates/${id}?edit=true`);
    const preview = page.getByRole("region", { name: "미리 보기" });
    await preview.getByLabel("단어").waitFor();
    await screenshot("template-edit-ko-dark");
    expect(await barriers(page)).toEqual([]);

    await page.setViewportSize({ width: 390, height: 844 });
    await preview.waitFor({ state: "hidden" });
    await screenshot("template-edit-phone-ko-dark");
    expect(await barriers(page)).toEqual([]);
    await page.getByText("미리 보기", { exact: true }).click();
    await preview.waitFor();
    expect(await page.locator(".cm-content").isVisible()).toBe(false);
    await screenshot("template-preview-phone-ko-dark");
    expect(await barriers(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  it("had no failure in the page's own code, nor against its security policy", () => {
    expect(failures).toEqual([]);
  });
});

function template(version: string): string {
  return wordTemplate({
    id,
    version,
    name: { en: "Words", ko: "단어" },
    script: version === "1" ? "echo {{ word }}" : "echo again {{ word }}",
  });
}

const choose = (files: Record<string, string>) => chooseTemplates(page, files);

function editor(): Locator {
  return page.getByRole("textbox", { name: `Text of the template ${id}` });
}

function row(number: number): Locator {
  const rows = page.getByRole("table", { name: "Versions" }).getByRole("row");
  return rows.filter({ has: page.getByRole("link", { name: `Version ${number}`, exact: true }) });
}

/** The file as the person's browser saves it. */
async function exported(name = id): Promise<string> {
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe(`${name}.yaml`);
  return readFileSync(await download.path(), "utf8");
}

async function screenshot(name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
