// 작업에 딸린 것: 단계(step), 기다리는 작업, 이 작업을 기다리는 작업.
import type * as en from "../en/related";
import type { Translation } from "../translation";

export const related: Translation<typeof en.related> = {
  dependencies: "의존 작업",
  thisJob: "이 작업",
  waitsFor: "이 작업이 기다리는 작업",
  waitedForBy: "이 작업을 기다리는 작업",
  unknownJob: "작업 {{id}}",
  never: "작업 {{id}}이(가) 요청한 조건과 다르게 끝나서 이 작업은 시작될 수 없습니다.",
  neverAfter: "이 작업이 요청된 조건과 다르게 끝나서 다음 작업은 시작될 수 없습니다: {{jobs}}",
  kinds: {
    after: "시작되면 시작",
    afterany: "끝나면 시작",
    afterok: "성공하면 시작",
    afternotok: "실패하면 시작",
    aftercorr: "태스크별로 성공하면 시작",
  },
  standings: {
    waiting: "아직 아님",
    fulfilled: "충족됨",
    never: "충족될 수 없음",
    unknown: "확인 불가",
  },
  steps: "단계(step)",
  stepsHint: "작업이 실행한 스크립트와 각각의 srun입니다.",
  noSteps: "아직 기록이 없습니다. 작업이 시작되면 단계가 나타납니다.",
  refresh: "다시 조회",
  columns: {
    step: "단계",
    name: "이름",
    state: "상태",
    exit: "종료 코드",
    size: "규모",
    elapsed: "실행 시간",
  },
  signal: "시그널 {{signal}}",
  script: "스크립트",
  size: "태스크 {{tasks}}개, CPU {{cpus}}개",
};
