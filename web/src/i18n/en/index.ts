// English. Translations have the same keys, which their types demand.
import { first } from "./first";
import { rest } from "./rest";

export const en = { ...first, ...rest };
