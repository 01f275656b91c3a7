import type * as en from "../en/files";
import type { Translation } from "../translation";

export const files: Translation<typeof en.files> = {
  where: "경로",
  home: "홈",
  columns: { name: "이름", size: "크기", mode: "권한", modified: "수정 시각" },
  empty: "빈 디렉터리입니다",
};
