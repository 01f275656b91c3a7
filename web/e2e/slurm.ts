// Slurm's own commands, as the person of the journey or as root: what the page says is compared with what they say.
import { execFileSync } from "node:child_process";
import { environment } from "./environment";

export function slurm(program: string, ...args: string[]): string {
  const { name } = environment.person;
  return run("setpriv", ["--reuid", name, "--regid", name, "--init-groups", program, ...args]);
}

/** What a site's administrator does by hand. */
export function slurmAsRoot(program: string, ...args: string[]): string {
  return run(program, args);
}

function run(program: string, args: string[]): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    env: { PATH: process.env.PATH, SLURM_CONF: environment.slurmConf ?? "" },
  });
}
