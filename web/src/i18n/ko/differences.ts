import type * as en from "../en/differences";
import type { Translation } from "../translation";

export const differences: Translation<typeof en.differences> = {
  none: "모든 줄이 같습니다.",
  firstRows: "처음 {{rows}}줄만 표시합니다.",
};
