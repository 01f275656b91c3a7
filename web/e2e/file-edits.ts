// Text files written in and permissions set in a real browser. What is saved is read from the disk, past the portal; others
// who change a file meanwhile write to the disk, too.
import { execFileSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { answerSignIn, barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const home = execFileSync("getent", ["passwd", environment.person.name], { encoding: "utf8" }).split(":")[5];
const directory = `편집 ${Date.now().toString(36)}`;

let browser: Browser;
let page: Page;
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  mkdirSync(on(""));
  hers("");
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
  page.on("pageerror", (error) => failures.push(error.message));
  await signIn(page, environment.person);
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("file-edits-failure");
});

describe("a text file", () => {
  it("is made, written and saved, as the keyboard has it", async () => {
    await page.goto(`/files/home?path=${encodeURIComponent(directory)}`);
    await page.getByRole("button", { name: "New file" }).click();
    const dialog = page.getByRole("dialog", { name: "New file" });
    await dialog.getByLabel("Name").fill("Makefile");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await page.getByText("UTF-8", { exact: true }).waitFor();
    await page.keyboard.type("all:\n");
    await page.keyboard.press("Tab");
    await page.keyboard.type("echo 끝\n");
    await page.getByText("Not saved yet").waitFor();
    await page.keyboard.press("Control+s");
    await page.getByText(/^Saved \d\d:\d\d$/).waitFor();
    expect(read("Makefile")).toBe("all:\n\techo 끝\n");
    expect(statSync(on("Makefile")).uid).toBe(statSync(on("")).uid);
    expect(await barriers(page)).toEqual([]);
    await screenshot("file-edit");

    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    expect(await textOf("Makefile").evaluate((area) => area === document.activeElement)).toBe(false);
    await page.getByRole("link", { name: "Done" }).click();
    await page.getByRole("document", { name: "Makefile" }).getByText("echo 끝").waitFor();
  });

  it("keeps its line endings, byte order mark, permissions and last line", async () => {
    write("win.bat", "\ufeffone\r\ntwo\r\nthree");
    write("mixed.txt", "one\r\ntwo\nthree\r\n");
    execFileSync("chmod", ["0640", on("win.bat")]);
    await edit("win.bat");
    await page.getByText("UTF-8 (BOM)").waitFor();
    await page.getByText("CRLF", { exact: true }).waitFor();
    await textOf("win.bat").press("Control+Home");
    await page.keyboard.type("zero\n");
    await save();
    expect(read("win.bat")).toBe("\ufeffzero\r\none\r\ntwo\r\nthree");
    expect(mode("win.bat")).toBe("0640");

    await edit("mixed.txt");
    await page.getByText("LF and CRLF mixed").waitFor();
    await textOf("mixed.txt").press("Control+Home");
    await page.keyboard.press("End");
    await page.keyboard.type("!");
    await save();
    expect(read("mixed.txt")).toBe("one!\r\ntwo\nthree\r\n");
  });

  it("that is long has its numbers beside its lines, within the window", async () => {
    write("long.txt", Array.from({ length: 5000 }, (_, at) => `line ${at + 1}\n`).join(""));
    await edit("long.txt");
    const area = textOf("long.txt");
    await area.evaluate((element) => element.scrollTo({ top: 2000 * 20 }));
    // The text stands 8 pixels below the area's upper edge.
    await page.getByText(/^2000\n2001\n/).waitFor();
    const [text, numbers] = [await area.boundingBox(), await page.getByText(/^2000\n2001\n/).boundingBox()];
    expect((numbers?.y ?? 0) - (text?.y ?? 0)).toBe(8 - 20);
    expect((text?.y ?? 0) + (text?.height ?? 0)).toBeLessThan(800);
  });

  it("in CP949 is read, which is said, and becomes UTF-8 only after asking", async () => {
    // "가똠" and a line of ASCII: 똠 is none of EUC-KR's own.
    const bytes = Buffer.from([0xb0, 0xa1, 0x8c, 0x63, 0x0d, 0x0a, 0x6f, 0x6b, 0x0d, 0x0a]);
    write("한글.csv", bytes);
    await look("한글.csv");
    await page.getByText("Read as CP949.").waitFor();
    await page.getByText("가똠").waitFor();
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByText("Read as CP949. Saving turns it into UTF-8.").waitFor();
    await textOf("한글.csv").press("Control+End");
    await page.keyboard.type("뷁\n");
    await page.keyboard.press("Control+s");
    const asked = page.getByRole("dialog", { name: "Save “한글.csv” as UTF-8?" });
    await asked.waitFor();
    await screenshot("file-edit-cp949");
    expect(await barriers(page)).toEqual([]);
    await asked.getByRole("button", { name: "Keep it as it is" }).click();
    await asked.waitFor({ state: "detached" });
    expect(readFileSync(on("한글.csv"))).toEqual(bytes);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await asked.getByRole("button", { name: "Save as UTF-8" }).click();
    await page.getByText(/^Saved/).waitFor();
    expect(read("한글.csv")).toBe("가똠\r\nok\r\n뷁\r\n");
    expect(await page.getByText("Read as CP949").count()).toBe(0);
  });

  it("is not left with what is not saved, unless one wants to", async () => {
    write("guard.txt", "as it was\n");
    await edit("guard.txt");
    await textOf("guard.txt").fill("something else\n");
    await page.getByRole("link", { name: "Done" }).click();
    const asked = page.getByRole("dialog", { name: "Leave without saving?" });
    await asked.getByRole("button", { name: "Go on writing" }).click();
    await asked.waitFor({ state: "detached" });
    expect(await textOf("guard.txt").inputValue()).toBe("something else\n");

    const warned = page.waitForEvent("dialog");
    const reload = page.reload().catch(() => undefined);
    const warning = await warned;
    expect(warning.type()).toBe("beforeunload");
    await warning.dismiss();
    await Promise.race([reload, page.waitForTimeout(500)]);
    expect(await textOf("guard.txt").inputValue()).toBe("something else\n");

    await page.getByRole("link", { name: "Done" }).click();
    await asked.getByRole("button", { name: "Leave without saving" }).click();
    await page.getByRole("document", { name: "guard.txt" }).getByText("as it was").waitFor();
    expect(read("guard.txt")).toBe("as it was\n");
  });

  it("is not offered for editing where it is binary, and says why a link is not", async () => {
    write("program", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]));
    await look("program");
    await page.getByText("This is no text").waitFor();
    expect(await page.getByRole("link", { name: "Edit" }).count()).toBe(0);
    write("big.txt", "x".repeat(1024 * 1024 + 1));
    await look("big.txt");
    await page.getByText("Only the first").waitFor();
    expect(await page.getByRole("link", { name: "Edit" }).count()).toBe(0);
    symlinkSync("guard.txt", on("link"));
    await edit("link");
    await page.getByText("This is a link: open the file that it leads to").waitFor();
  });
});

describe("a file that was changed while somebody writes in it", () => {
  it("is compared, and saved over once she has seen it", async () => {
    await inConflict("over.txt");
    expect(read("over.txt")).toBe("one\nTWO\nthree\n");
    const note = page.getByRole("region", { name: "Conflict" });
    await note.getByText(/and is 14 B now/).waitFor();
    await note.getByRole("button", { name: "Compare" }).click();
    const lines = note.getByRole("document", { name: "Differences" });
    expect(await lines.locator("[data-kind=removed], [data-kind=added]").allTextContents()).toEqual([
      "−on the disk: TWO",
      "−on the disk: three",
      "+mine: two",
      "+mine: three, mine",
    ]);
    await screenshot("file-edit-conflict");
    expect(await barriers(page)).toEqual([]);

    // It changes once more: that state she has not seen.
    write("over.txt", "once more\n");
    await note.getByRole("button", { name: "Save mine over it" }).click();
    await note.getByText(/and is 10 B now/).waitFor();
    expect(read("over.txt")).toBe("once more\n");
    await note.getByRole("button", { name: "Save mine over it" }).click();
    await page.getByText(/^Saved/).waitFor();
    expect(read("over.txt")).toBe("one\ntwo\nthree, mine\n");
    // And goes on from there.
    await textOf("over.txt").press("Control+End");
    await page.keyboard.type("four");
    await save();
    expect(read("over.txt")).toBe("one\ntwo\nthree, mine\nfour");
  });

  it("is saved under another name, which replaces nothing", async () => {
    await inConflict("other.txt");
    write("taken.txt", "somebody's\n");
    await page.getByRole("button", { name: "Save under another name" }).click();
    const dialog = page.getByRole("dialog", { name: "Save under another name" });
    await dialog.getByLabel("Name").fill("taken.txt");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("There is something of this name already.").waitFor();
    await dialog.getByLabel("Name").fill("mine 100%.txt");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Edit mine 100%.txt" }).waitFor();
    expect([read("mine 100%.txt"), read("other.txt"), read("taken.txt")]).toEqual([
      "one\ntwo\nthree, mine\n",
      "one\nTWO\nthree\n",
      "somebody's\n",
    ]);
  });

  it("is taken as it is, without her changes", async () => {
    await inConflict("theirs.txt");
    await page.getByRole("button", { name: "Drop my changes" }).click();
    const asked = page.getByRole("dialog", { name: "Drop your changes?" });
    await asked.getByRole("button", { name: "Drop my changes" }).click();
    await page.getByRole("region", { name: "Conflict" }).waitFor({ state: "detached" });
    expect(await textOf("theirs.txt").inputValue()).toBe("one\nTWO\nthree\n");
    await textOf("theirs.txt").press("Control+End");
    await page.keyboard.type("four\n");
    await save();
    expect(read("theirs.txt")).toBe("one\nTWO\nthree\nfour\n");
  });

  it("is made anew where it was deleted", async () => {
    write("gone.txt", "one\n");
    await edit("gone.txt");
    await textOf("gone.txt").fill("two\n");
    execFileSync("rm", [on("gone.txt")]);
    await page.keyboard.press("Control+s");
    await page.getByText("“gone.txt” is no longer there").waitFor();
    expect(existsSync(on("gone.txt"))).toBe(false);
    await page.getByRole("button", { name: "Save it anew" }).click();
    await page.getByText(/^Saved/).waitFor();
    expect(read("gone.txt")).toBe("two\n");
  });
});

describe("a text that is not saved", () => {
  it("outlives the session, is offered again, and is gone once she signs out", async () => {
    write("draft.sh", "one\n");
    await edit("draft.sh");
    await textOf("draft.sh").fill("one\ntwo\n");
    await endSession();
    const offer = page.getByRole("region", { name: "Draft", exact: true });
    await offer.getByText("The file is as it was then.").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("file-edit-draft");
    await offer.getByRole("button", { name: "Take it up" }).click();
    expect(await textOf("draft.sh").inputValue()).toBe("one\ntwo\n");
    await save();
    expect(read("draft.sh")).toBe("one\ntwo\n");
    expect(await drafts()).toBe(0);

    await textOf("draft.sh").fill("one\ntwo\nthree\n");
    await endSession(() => write("draft.sh", "ONE\n"));
    await offer.getByText(/The file was changed since/).waitFor();
    await offer.getByRole("button", { name: "Take it up" }).click();
    await page.getByRole("heading", { name: "“draft.sh” was changed meanwhile" }).waitFor();
    await page.getByRole("button", { name: "Save mine over it" }).click();
    await page.getByText(/^Saved/).waitFor();
    expect(read("draft.sh")).toBe("one\ntwo\nthree\n");

    await textOf("draft.sh").fill("four\n");
    await expect.poll(drafts).toBe(1);
    await page.getByRole("button", { name: /^Account / }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByLabel("User name").waitFor();
    expect(await drafts()).toBe(0);
    await signIn(page, environment.person);
    await edit("draft.sh");
    expect(await textOf("draft.sh").inputValue()).toBe("one\ntwo\nthree\n");
  });
});

describe("permissions", () => {
  it("of one file are read in words and set", async () => {
    write("run.sh", "#!/bin/sh\n");
    execFileSync("chmod", ["0640", on("run.sh")]);
    await list();
    await page
      .getByRole("row", { name: /run\.sh/ })
      .getByText("Owner: Read, Write; Group: Read; Others: nothing")
      .waitFor();
    const dialog = await permissionsOf("run.sh");
    await dialog.getByText("Members of its group can read it.").waitFor();
    await dialog.getByLabel("Owner: Execute").check();
    await dialog.getByLabel("Others: Write").check();
    await dialog.getByText("0742 rwxr---w-").waitFor();
    await dialog.getByText("Everybody on the cluster could change it").waitFor();
    await screenshot("file-permissions");
    expect(await barriers(page)).toEqual([]);
    await dialog.getByLabel("Others: Write").uncheck();
    await dialog.getByRole("button", { name: "Set permissions" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(mode("run.sh")).toBe("0740");
    await page
      .getByRole("row", { name: /run\.sh/ })
      .getByText("Owner: Read, Write, Execute")
      .waitFor();
    await choose("run.sh");
  });

  it("of several differ, and only what was ticked is set; the rest and set-group-id stay", async () => {
    mkdirSync(on("shared"));
    hers("shared");
    execFileSync("chmod", ["2750", on("shared")]);
    write("data", "");
    execFileSync("chmod", ["0604", on("data")]);
    await list();
    const dialog = await permissionsOf("shared", "data");
    await dialog.getByText("they differ").waitFor();
    await dialog.getByText("Set-group-id stays").waitFor();
    const others = dialog.getByLabel("Others: Read");
    expect(await others.evaluate((box: HTMLInputElement) => box.indeterminate)).toBe(true);
    await dialog.getByLabel("Group: Write").check();
    await screenshot("file-permissions-several");
    // Changed meanwhile: that stays, too.
    execFileSync("chmod", ["0644", on("data")]);
    await dialog.getByRole("button", { name: "Set permissions" }).click();
    await dialog.waitFor({ state: "detached" });
    expect([mode("shared"), mode("data")]).toEqual(["2770", "0664"]);
    await choose("shared", "data");
  });

  it("name users and groups, and are passed on in a directory", async () => {
    mkdirSync(on("project"));
    hers("project");
    execFileSync("chmod", ["0750", on("project")]);
    await list();
    const dialog = await permissionsOf("project");
    const add = async (part: Locator, kind: string, name: string) => {
      await part.getByLabel("User or group", { exact: true }).selectOption(kind);
      await part.getByLabel("Name of the user or group", { exact: true }).fill(name);
      await part.getByRole("button", { name: "Add" }).click();
    };
    const here = dialog.getByRole("region", { name: "Users and groups with rights of their own" });
    await add(here, "User", "no.such.person");
    await dialog.getByRole("button", { name: "Set permissions" }).click();
    await here.getByText("The cluster has no user no.such.person: look at the spelling.").waitFor();
    await here.getByRole("button", { name: "Take away: no.such.person (user)" }).click();
    // What was typed and not added is not lost without a word.
    await here.getByLabel("Name of the user or group", { exact: true }).fill("nobody");
    await dialog.getByLabel("Others: Enter").check();
    await dialog.getByRole("button", { name: "Set permissions" }).click();
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByLabel("Others: Enter").uncheck();
    await add(here, "User", "nobody");
    await dialog.getByText("Whoever is named below has the rights that are ticked there instead.").waitFor();
    await here.getByLabel("nobody (user): Write").check();
    await dialog.getByLabel("What is made in here begins with rights of its own").check();
    const there = dialog.getByRole("region", {
      name: "Users and groups with rights to what is made in here",
    });
    await add(there, "Group", "users");
    expect(await barriers(page)).toEqual([]);
    await screenshot("file-acl");
    await dialog.getByRole("button", { name: "Set permissions" }).click();
    await dialog.waitFor({ state: "detached" });
    const acl = execFileSync("getfacl", ["-cpE", on("project")], { encoding: "utf8" });
    expect(acl).toContain("user:nobody:rwx\ngroup::r-x\nmask::rwx\nother::---\n");
    expect(acl).toContain("default:user:nobody:rwx\ndefault:group::r-x\ndefault:group:users:r-x\n");
    await choose("project");
  });

  it.skipIf(process.getuid?.() !== 0)("that cannot be set are named, the others set", async () => {
    write("hers", "");
    writeFileSync(on("root's"), "");
    execFileSync("chmod", ["0644", on("hers"), on("root's")]);
    await list();
    const dialog = await permissionsOf("hers", "root's", "link");
    await dialog.getByText("1 is left as it is: links have no permissions of their own").waitFor();
    await dialog.getByLabel("Others: Read").uncheck();
    await dialog.getByRole("button", { name: "Set permissions" }).click();
    await dialog.getByText("1 of 2 could not be set:").waitFor();
    await dialog
      .getByRole("listitem")
      .filter({ hasText: "root's: The file system does not let you do this." })
      .waitFor();
    await screenshot("file-permissions-failed");
    expect([mode("hers"), mode("root's")]).toEqual(["0640", "0644"]);
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await choose("hers", "root's", "link");
  });
});

describe("both", () => {
  it("are complete in Korean, in the dark and on a phone", async () => {
    await list();
    await speakKoreanInTheDark(page);
    await page.getByRole("checkbox", { name: "run.sh 선택" }).check();
    await page.getByRole("button", { name: "권한", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "“run.sh” 권한" });
    await dialog.getByLabel("기타: 쓰기").check();
    await dialog.getByText("클러스터의 모든 사용자에게 수정이 허용됩니다.").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("file-permissions-ko-dark");
    await page.setViewportSize({ width: 360, height: 740 });
    await screenshot("file-permissions-phone");
    await dialog.getByRole("button", { name: "취소" }).click();

    write("ko.txt", "one\ntwo\nthree\n");
    await edit("ko.txt", "편집");
    await page.getByLabel("ko.txt 내용").fill("one\n둘\nthree\n");
    write("ko.txt", "one\nTWO\nthree\n");
    await page.getByRole("button", { name: "저장", exact: true }).click();
    await page.getByRole("button", { name: "비교" }).click();
    await page.getByRole("document", { name: "차이" }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("file-edit-phone");
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wider).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
    await screenshot("file-edit-ko-dark");
    execFileSync("rm", ["-r", on("")]);
  });

  it("had no failure in the page's own code", () => {
    expect(failures).toEqual([]);
  });
});

function on(name: string): string {
  return `${home}/${directory}/${name}`;
}

/** As the person's, whoever runs the journey. */
function hers(name: string): void {
  const { uid, gid } = statSync(home ?? "/");
  chownSync(on(name), uid, gid);
}

/** In place: whose it is and its permissions stay. */
function write(name: string, content: string | Buffer): void {
  writeFileSync(on(name), content);
  hers(name);
}

function read(name: string): string {
  return readFileSync(on(name), "utf8");
}

function mode(name: string): string {
  return (statSync(on(name)).mode & 0o7777).toString(8).padStart(4, "0");
}

function textOf(name: string): Locator {
  return page.getByLabel(`Text of ${name}`);
}

async function list(): Promise<void> {
  await page.goto(`/files/home?path=${encodeURIComponent(directory)}`);
}

async function look(name: string): Promise<void> {
  await page.goto(`/files/home?path=${encodeURIComponent(directory)}&file=${encodeURIComponent(name)}`);
}

async function edit(name: string, word = "Edit"): Promise<void> {
  await look(name);
  await page.getByRole("link", { name: word, exact: true }).click();
}

async function save(): Promise<void> {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(/^Saved/).waitFor();
}

/** She changed the third line, somebody else the second before she saved. */
async function inConflict(name: string): Promise<void> {
  write(name, "one\ntwo\nthree\n");
  await edit(name);
  await textOf(name).fill("one\ntwo\nthree, mine\n");
  write(name, "one\nTWO\nthree\n");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: `“${name}” was changed meanwhile` }).waitFor();
  expect(await textOf(name).inputValue()).toBe("one\ntwo\nthree, mine\n");
}

/** As an administrator would end it, while she writes; she signs in again, which leads back. */
async function endSession(meanwhile: () => void = () => undefined): Promise<void> {
  await page.evaluate(() => fetch("/api/v1/auth/logout", { method: "POST" }).then(() => undefined));
  await page.getByText("Your session has ended").waitFor();
  meanwhile();
  await answerSignIn(page, environment.person);
}

/** How many the browser keeps. */
function drafts(): Promise<number> {
  return page.evaluate(
    () => Object.keys(localStorage).filter((key) => key.startsWith("quarterdeck.draft.")).length,
  );
}

async function choose(...names: string[]): Promise<void> {
  for (const name of names) await page.getByRole("checkbox", { name: `Select ${name}`, exact: true }).click();
}

async function permissionsOf(...names: string[]): Promise<Locator> {
  await choose(...names);
  await page.getByRole("button", { name: "Permissions", exact: true }).click();
  return page.getByRole("dialog", { name: /^Permissions of/ });
}

function screenshot(name: string): Promise<Buffer> {
  return page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
