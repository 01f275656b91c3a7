import type * as en from "../en/frame";
import type { Translation } from "../translation";

export const frame: Translation<typeof en.frame> = {
  skip: "본문으로 건너뛰기",
  navigation: "주 메뉴",
  menu: "메뉴 열기",
  library: "라이브러리",
  data: "데이터",
  cluster: "클러스터",
  chooseCluster: "클러스터 {{cluster}}: 다른 클러스터 선택",
  language: "언어",
  scheme: "화면 색상",
  schemes: { light: "밝게", dark: "어둡게", auto: "시스템 설정" },
  account: "계정 {{user}}",
  accountMarked: "계정 {{user}}: 보안 알림 있음",
  reusedTitle: "세션이 복제되었을 수 있습니다",
  reused:
    "{{time}}에 {{by}} 주소에서 이미 사용한 로그인 정보가 다시 사용되어 해당 세션을 끝냈습니다. 모르는 주소라면 모든 곳에서 로그아웃하고 비밀번호를 바꾸십시오.",
  dismiss: "알림 닫기",
  unixUser: "Unix 사용자 {{user}}",
  bell_other: "알림: 읽지 않음 {{formatted}}",
  signOut: "로그아웃",
  admin: "관리",
  waiting: "요청이 너무 많습니다. 자동으로 다시 시도하기까지",
};

export const live: Translation<typeof en.live> = {
  live: "실시간",
  connecting: "연결 중…",
  waiting: "다시 연결 중…",
  stale: "갱신 지연",
  asOf: "{{time}} 기준",
  liveTip: "변경 사항이 바로 표시됩니다.",
  staleTip: "스케줄러가 응답하지 않습니다.",
  waitingTip: "연결이 끊어져 자동으로 다시 연결하고 있습니다. 화면에는 마지막으로 받은 내용이 표시됩니다.",
};

export const stale: Translation<typeof en.stale> = {
  shown: "마지막으로 받은 데이터입니다.",
  shownFrom: "{{age}} 데이터입니다.",
  accounting: "작업 기록(slurmdbd)이 응답하지 않아 작업의 종료 결과가 표시되지 않을 수 있습니다.",
  accountingSince:
    "{{time}} 이후로 작업 기록(slurmdbd)이 응답하지 않아 그 뒤에 끝난 작업의 결과가 표시되지 않을 수 있습니다.",
  reasons: {
    "not-read-yet": "스케줄러를 아직 읽지 못했습니다.",
  },
};

export const notFound: Translation<typeof en.notFound> = {
  title: "페이지가 없습니다.",
  advice: "오래된 링크일 수 있습니다.",
  home: "개요로 이동",
};

export const signIn: Translation<typeof en.signIn> = {
  title: "로그인",
  heading: "Quarterdeck 로그인",
  lead: "클러스터의 작업, 파일, 이미지를 한곳에서 다룹니다.",
  username: "사용자 이름",
  password: "비밀번호",
  showPassword: "비밀번호 표시 전환",
  submit: "로그인",
  again: "{{seconds}}초 후 다시 로그인",
  ended: "세션이 끝났습니다. 다시 로그인하십시오.",
};

/** The titles of pages, which the navigation has too. */
export const pages: Translation<typeof en.pages> = {
  jobs: "작업",
  newJob: "새 작업",
  templates: "템플릿",
  images: "이미지",
  uploads: "업로드",
  files: "파일",
  nodes: "노드",
  users: "사용자",
  audit: "감사 로그",
  limits: "요청 한도",
  account: "내 계정",
  partitions: "파티션",
  reservations: "예약",
  use: "사용률 추이",
};
