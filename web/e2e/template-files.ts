// Templates that a journey brings as files.
import type { Page } from "playwright-core";

interface Words {
  id: string;
  version: string;
  name: { en: string; ko: string };
  /** One line, in which `{{ word }}` stands for the form's only field. */
  script: string;
}

export function wordTemplate({ id, version, name, script }: Words): string {
  return [
    "# kept as it is: 한글",
    `id: ${id}`,
    `version: "${version}"`,
    `name: { en: ${name.en}, ko: ${name.ko} }`,
    "description: { en: Says a word, ko: 단어를 말합니다 }",
    "category: data",
    "tags: []",
    "schedulers: [local, slurm]",
    "image: none",
    "parameters:",
    "  - name: word",
    "    type: string",
    "    label: { en: Word, ko: 단어 }",
    "    required: true",
    "resources: {}",
    "script: |",
    `  ${script}`,
    "",
  ].join("\n");
}

/** On the library's page; by name what each file holds. */
export async function chooseTemplates(page: Page, files: Record<string, string>): Promise<void> {
  const list = Object.entries(files).map(([name, text]) => ({
    name,
    mimeType: "application/yaml",
    buffer: Buffer.from(text),
  }));
  await page.getByLabel("Template files").setInputFiles(list);
}
