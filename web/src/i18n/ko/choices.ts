// 템플릿 외에 작업이 요청하는 것과 그 오류.
import type * as en from "../en/choices";
import type { Translation } from "../translation";

export const choices: Translation<typeof en.choices> = {
  lastUsed: "마지막으로 사용한 값({{name}})",
  yourDefault: "내 기본값({{name}})",
  ofTemplate: "템플릿 값({{name}})",
  gpuType: "GPU 종류",
  anyType: "상관없음",
  reservation: "예약",
  noReservation: "없음",
  features: "노드 특성",
  featuresHint: "이 특성을 모두 갖춘 노드에서 작업이 실행됩니다.",
  gres: "노드당 기타 장치",
  gresHint: "사용할 수 있는 장치: {{list}}",
  licenses: "라이선스",
  licensesHint: "지금 남은 수량: {{list}}",
  licenseFree: "{{name}} {{total}}개 중 {{free}}개",
  dependencies: "의존 작업",
  dependenciesHint: "아래 조건이 모두 충족되면 작업이 시작됩니다.",
  addDependency: "다른 작업 기다리기",
  removeDependency: "기다리지 않기",
  when: "조건",
  job: "작업",
  chooseJob: "작업을 선택하십시오",
  kinds: {
    after: "시작되면",
    afterany: "어떻게든 끝나면",
    afterok: "성공하면",
    afternotok: "실패하면",
    aftercorr: "같은 번호의 태스크가 성공하면",
  },
};
