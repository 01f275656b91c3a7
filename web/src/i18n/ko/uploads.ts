import type * as en from "../en/uploads";
import type { Translation } from "../translation";

export const uploads: Translation<typeof en.uploads> = {
  columns: {
    name: "파일",
    state: "상태",
    kind: "종류",
    path: "경로",
    size: "크기",
    created: "시각",
  },
  incomplete: "{{percent}}에서 끊김",
  warnings: {
    executables: "실행 파일",
    macros: "매크로",
    pickles: "피클",
  },
  warningAdvice: {
    executables: "기계어로 된 프로그램입니다. 출처를 아는 경우에만 실행하십시오.",
    macros: "매크로가 든 문서입니다. 출처를 아는 경우에만 여십시오.",
    pickles:
      "Python 객체(pickle)로, 불러오기만 해도 그 안의 코드가 실행됩니다. 출처를 아는 경우에만 불러오십시오.",
  },
  states: {
    queued: "대기 중",
    uploading: "올리는 중",
    interrupted: "끊김, 다시 시도 중",
    paused: "일시 정지됨",
    finished: "업로드 완료",
    failed: "실패",
  },
};
