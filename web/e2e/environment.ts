// What a journey is told by whoever started the servers.

export interface Person {
  name: string;
  password: string;
}

export const environment = {
  url: needed("QD_E2E_URL"),
  cluster: needed("QD_E2E_CLUSTER"),
  person: { name: needed("QD_E2E_USER"), password: needed("QD_E2E_PASSWORD") } satisfies Person,
  /** Who may make accounts; in single-user mode the person herself. */
  admin: admin(),
  /** Somebody who must see nothing of it. */
  stranger: stranger(),
  /** Of the Slurm that is looked at beside the page; without, nothing is compared. */
  slurmConf: process.env.QD_E2E_SLURM_CONF ?? null,
  browser: process.env.QD_TEST_BROWSER ?? "/usr/bin/chromium",
  /** Where the secrets of a run are kept, to be looked for. */
  secretsFile: process.env.QD_E2E_SECRETS ?? null,
  /** Size of the upload that is cut in the middle. */
  bigFileMib: Number(process.env.QD_E2E_BIG_MIB ?? 300),
};

function admin(): Person {
  const { QD_E2E_ADMIN_USER: name, QD_E2E_ADMIN_PASSWORD: password } = process.env;
  if (name && password) return { name, password };
  return { name: needed("QD_E2E_USER"), password: needed("QD_E2E_PASSWORD") };
}

function stranger(): Person | null {
  const { QD_E2E_OTHER_USER: name, QD_E2E_OTHER_PASSWORD: password } = process.env;
  return name && password ? { name, password } : null;
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start a server and say where it is, see e2e/README.md`);
  return value;
}
