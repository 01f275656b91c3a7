// Korean, as engineers write it. Slurm's own words (QOS, PENDING …) stay; docs/glossary.md lists the terms.
import { first } from "./first";
import { rest } from "./rest";

export const ko = { ...first, ...rest };
