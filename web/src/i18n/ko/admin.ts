import type * as en from "../en/admin";
import type { Translation } from "../translation";

export const admin: Translation<typeof en.admin> = {
  only: "관리자만 볼 수 있는 페이지입니다",
  onlyAdvice: "현재 역할로는 볼 수 없습니다. 필요하면 관리자에게 문의하십시오.",
};
