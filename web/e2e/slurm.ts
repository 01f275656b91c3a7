// Slurm's own commands, as the person of the journey: what the page says is compared with what they say.
import { execFileSync } from "node:child_process";
import { environment } from "./environment";

export function slurm(program: string, ...args: string[]): string {
  const { name } = environment.person;
  const as = ["--reuid", name, "--regid", name, "--init-groups", program, ...args];
  return execFileSync("setpriv", as, {
    encoding: "utf8",
    env: { PATH: process.env.PATH, SLURM_CONF: environment.slurmConf ?? "" },
  });
}
