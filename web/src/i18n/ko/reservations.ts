// Reservations, as a calendar and a list.
import type * as en from "../en/reservations";
import type { Translation } from "../translation";

export const reservations: Translation<typeof en.reservations> = {
  none: "볼 수 있는 예약이 없습니다",
  noneAdvice: "관리자가 점검, 교육, 프로젝트 등을 위해 노드를 예약합니다.",
  views: { week: "주", month: "월" },
  view: "표시 방식",
  today: "오늘",
  before: "이전",
  after: "다음",
  calendar: "예약 달력, {{period}}",
  all: "전체 예약",
  maintenance: "점검",
  active: "진행 중",
  ahead: "예정",
  over: "종료됨",
  columns: { name: "이름", when: "기간", nodes: "노드", who: "사용 대상" },
  nodes_other: "노드 {{formatted}}개: {{names}}",
  licences: "노드 없음",
  users: "사용자: {{names}}",
  accounts: "계정(account): {{names}}",
  nobody: "작업 없음",
  fromTo: "{{from}} ~ {{to}}",
  repeats: { DAILY: "매일", WEEKLY: "매주", WEEKDAY: "평일마다", WEEKEND: "주말마다", HOURLY: "매시간" },
  more: "반복되는 예약의 이후 일정은 예상이며 바뀔 수 있습니다.",
};
