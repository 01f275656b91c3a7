// A template of one user's becomes everybody's: she offers it, an administrator looks at it, and each is told. And many
// templates in one zip, out and in.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment, type Person } from "./environment";
import { chooseTemplates, wordTemplate } from "./template-files";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
/** Of their own in each run: nothing that a template ever was is forgotten. */
const id = `shared-${Date.now().toString(36)}`;
const draft = `${id}-draft`;
const isOf = `Select ${draft}`;

/** In single-user mode the one person decides herself, which needs nobody else. */
const several = environment.stranger !== null && environment.admin.name !== environment.person.name;

let browser: Browser;
let alice: Page;
let bob: Page;
let admin: Page;
const failures: string[] = [];

describe.runIf(several)("a template that is shared", () => {
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
    alice = await pageOf(environment.person);
    bob = await pageOf(environment.stranger as Person);
    admin = await pageOf(environment.admin);
  });

  afterAll(() => browser?.close());

  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    for (const [name, page] of Object.entries({ alice, bob, admin }))
      await screenshot(page, `share-${name}-failure`);
  });

  it("waits for an administrator, and its owner sees that it does", async () => {
    await bring({ [`${id}.yaml`]: template(id, "1") });
    await alice.goto(`/templates/${id}`);
    await alice.getByRole("button", { name: "Share", exact: true }).click();
    const dialog = alice.getByRole("dialog", { name: `Share ${id} with everybody?` });
    await dialog.getByText("An administrator looks at version 1 as it is now").waitFor();
    await dialog.getByText("your own file moves to archived/").waitFor();
    await dialog.getByLabel("Note to the administrator").fill("We all use it.\nTried on two nodes.");
    await screenshot(alice, "share");
    expect(await barriers(alice)).toEqual([]);
    await dialog.getByRole("button", { name: "Ask an administrator" }).click();
    const shared = alice.getByRole("region", { name: "Shared" });
    await shared.getByText("Waiting").waitFor();
    await screenshot(alice, "share-waiting");
    expect(await barriers(alice)).toEqual([]);
  });

  it("is nobody else's to know of meanwhile", async () => {
    await bob.goto("/template-shares");
    await bob.getByText("Nothing of yours was shared yet").waitFor();
    expect(await bob.getByText(id).count()).toBe(0);
    await screenshot(bob, "share-requests-none");
    expect(await barriers(bob)).toEqual([]);
    await bob.goto(`/templates/${id}`);
    await bob.getByText("This does not exist, or not for you.").waitFor();
  });

  it("is looked at with its form, its script and its text, and accepted", async () => {
    await admin.goto("/templates");
    await admin.getByRole("link", { name: /request(s)? to share/i }).click();
    await admin.getByRole("table", { name: "Requests" }).getByRole("link", { name: id }).waitFor();
    await screenshot(admin, "share-requests");
    expect(await barriers(admin)).toEqual([]);
    await admin.goto("/notifications");
    await admin
      .getByRole("link", { name: `asks to share the template ${id} with everybody` })
      .first()
      .click();
    await admin.getByRole("heading", { name: id, level: 1 }).waitFor();
    await admin.getByText("Tried on two nodes.").waitFor();
    await admin.getByText("It is a new template for everybody.").waitFor();
    const preview = admin.getByRole("region", { name: "Preview" });
    await preview.getByLabel("Word").fill("it's");
    await preview.getByRole("document", { name: "Batch script" }).getByText("echo 'it'\\''s'").waitFor();
    await admin.getByRole("document", { name: "Text" }).getByText(`id: ${id}`).waitFor();
    await screenshot(admin, "share-request");
    expect(await barriers(admin)).toEqual([]);
    await admin.getByRole("button", { name: "Accept" }).click();
    const asked = admin.getByRole("dialog", { name: `Accept ${id}?` });
    await asked.getByText(`becomes the template ${id}, which everybody can use`).waitFor();
    await asked.getByRole("button", { name: "Accept" }).click();
    await admin.getByText("Accepted", { exact: true }).waitFor();
  });

  it("is everybody's then, and its owner is told", async () => {
    await alice.getByText("Community").waitFor();
    await alice.getByRole("cell", { name: environment.person.name }).waitFor();
    await alice.goto("/notifications");
    await alice.getByText(`Everybody has your template ${id} now`).first().waitFor();
    await bob.goto(`/templates?q=${id}`);
    await bob.getByRole("link", { name: id }).waitFor();
    await bob.getByRole("cell", { name: "Community" }).waitFor();
  });

  it("has a next version, which is compared with what everybody has, and refused with a reason", async () => {
    await bring({ [`${draft}.yaml`]: template(draft, "2") });
    await alice.goto(`/templates/${draft}`);
    await alice.getByRole("button", { name: "Share", exact: true }).click();
    const dialog = alice.getByRole("dialog");
    await dialog.getByLabel("Id for everybody").fill(id);
    await dialog.getByText("Your own template stays yours as it is.").waitFor();
    await dialog.getByRole("button", { name: "Ask an administrator" }).click();
    await alice.getByRole("region", { name: "Shared" }).getByText("Waiting").waitFor();

    await admin.goto("/template-shares?state=open");
    await admin.getByRole("table", { name: "Requests" }).getByRole("link", { name: id }).click();
    const lines = admin.getByRole("document", { name: "What it changes" });
    await lines.getByText('version: "1"').waitFor();
    await lines.getByText('version: "2"').waitFor();
    await screenshot(admin, "share-request-differences");
    expect(await barriers(admin)).toEqual([]);
    await admin.getByRole("button", { name: "Refuse" }).click();
    const refusal = admin.getByRole("dialog", { name: `Refuse ${id}?` });
    await refusal.getByLabel("Reason").fill("It says the word twice.");
    await screenshot(admin, "share-refuse");
    expect(await barriers(admin)).toEqual([]);
    await refusal.getByRole("button", { name: "Refuse" }).click();
    await admin.getByText("Refused", { exact: true }).waitFor();

    // She is told while she looks.
    await alice.getByRole("region", { name: "Shared" }).getByText("It says the word twice.").waitFor();
    await screenshot(alice, "share-refused");
    expect(await barriers(alice)).toEqual([]);
  });

  it("is taken back by whose it is", async () => {
    await alice.getByRole("button", { name: "Share", exact: true }).click();
    await alice.getByRole("dialog").getByRole("button", { name: "Ask an administrator" }).click();
    await alice.getByRole("button", { name: "Take back" }).click();
    const asked = alice.getByRole("dialog", { name: `Take ${draft} back?` });
    await asked.getByRole("button", { name: "Take back" }).click();
    await alice.getByRole("region", { name: "Shared" }).waitFor({ state: "detached" });
    await admin.goto("/template-shares");
    await admin.getByRole("table", { name: "Requests" }).waitFor();
    expect(await admin.getByRole("link", { name: draft }).count()).toBe(0);
  });

  it("goes out with others in one zip, and each file of a zip has its own verdict", async () => {
    await alice.goto(`/templates?q=${id}`);
    await alice.getByRole("checkbox", { name: isOf }).check();
    await alice.getByRole("checkbox", { name: `Select ${id}`, exact: true }).check();
    await alice.getByText("2 templates selected").waitFor();
    await screenshot(alice, "templates-selected");
    expect(await barriers(alice)).toEqual([]);
    const saved = alice.waitForEvent("download");
    await alice.getByRole("button", { name: "Export as a zip" }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe("templates.zip");

    await alice.goto("/templates");
    const zip = await download.path();
    await alice.getByLabel("Template files").setInputFiles({
      name: "templates.zip",
      mimeType: "application/zip",
      buffer: await import("node:fs/promises").then(({ readFile }) => readFile(zip)),
    });
    const dialog = alice.getByRole("dialog", { name: "Import templates" });
    await dialog.getByText(`${draft}@2`).waitFor();
    await dialog.getByRole("button", { name: "Import 2 templates" }).click();
    await dialog.getByText(`There is a template “${id}” already`).waitFor();
    await dialog.getByText(`There is a template “${draft}” already`).waitFor();
    await screenshot(alice, "templates-import-zip");
    expect(await barriers(alice)).toEqual([]);
  });

  it("speaks Korean in the dark", async () => {
    await speakKoreanInTheDark(admin);
    await admin.goto("/template-shares");
    await admin.getByRole("table", { name: "요청 목록" }).getByRole("link", { name: id }).first().waitFor();
    await screenshot(admin, "share-requests-ko-dark");
    expect(await barriers(admin)).toEqual([]);
    await admin.getByRole("table", { name: "요청 목록" }).getByRole("link", { name: id }).first().click();
    await admin.getByRole("region", { name: "미리 보기" }).getByLabel("단어").waitFor();
    await screenshot(admin, "share-request-ko-dark");
    expect(await barriers(admin)).toEqual([]);
    await admin.setViewportSize({ width: 390, height: 844 });
    await screenshot(admin, "share-request-phone-ko-dark");
    expect(await admin.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  it("had no failure in the page's own code, nor against its security policy", () => {
    expect(failures).toEqual([]);
  });
});

async function pageOf(person: Person): Promise<Page> {
  const page = await (await newContext(browser, environment.url)).newPage();
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) failures.push(message.text());
  });
  await signIn(page, person);
  return page;
}

/** Makes templates of alice's of these files. */
async function bring(files: Record<string, string>): Promise<void> {
  await alice.goto("/templates");
  await chooseTemplates(alice, files);
  const dialog = alice.getByRole("dialog", { name: "Import templates" });
  await dialog.getByRole("button", { name: "Import 1 template" }).click();
  await dialog.getByText("Imported:").waitFor();
}

/** Named after its id, so that it is found by it. */
function template(of: string, version: string): string {
  return wordTemplate({
    id: of,
    version,
    name: { en: of, ko: of },
    script: version === "1" ? "echo {{ word }}" : "echo {{ word }} {{ word }}",
  });
}

async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}
