import type * as en from "../en/words";
import type { Translation } from "../translation";

export const common: Translation<typeof en.common> = {
  loading: "불러오는 중…",
  retry: "다시 시도",
  close: "닫기",
  keep: "그대로 두기",
  copy: "복사",
  copied: "복사됨",
  yes: "예",
  no: "아니요",
  cancel: "취소",
  save: "저장",
  more: "더 불러오기",
  seconds: "{{seconds}}초",
};

export const roles: Translation<typeof en.roles> = {
  admin: "관리자",
  operator: "운영자",
  user: "사용자",
  viewer: "열람자",
};

export const schedulers: Translation<typeof en.schedulers> = { slurm: "Slurm", local: "로컬 큐" };

export const table: Translation<typeof en.table> = {
  sortBy: "{{column}} 기준으로 정렬",
  selectAll: "표시된 항목 모두 선택",
};

export const states: Translation<typeof en.states> = {
  job: {
    SUBMITTING: "제출 중",
    NOT_SUBMITTED: "제출 안 됨",
    OUTCOME_UNKNOWN: "결과 확인 불가",
    PENDING: "대기 중",
    CONFIGURING: "준비 중",
    RUNNING: "실행 중",
    SUSPENDED: "일시 중단",
    COMPLETING: "마무리 중",
    COMPLETED: "완료",
    FAILED: "실패",
    CANCELLED: "취소됨",
    TIMEOUT: "시간 초과",
    OUT_OF_MEMORY: "메모리 부족",
    NODE_FAIL: "노드 장애",
    BOOT_FAIL: "부팅 실패",
    DEADLINE: "기한 초과",
    PREEMPTED: "선점됨",
  },
  group: {
    waiting: "대기 중",
    running: "실행 중",
    completed: "완료",
    failed: "실패",
    cancelled: "취소됨",
    unknown: "알 수 없음",
  },
  node: {
    idle: "유휴",
    mixed: "일부 사용",
    allocated: "사용 중",
    completing: "마무리 중",
    reserved: "예약됨",
    planned: "예정됨",
    maint: "점검",
    drained: "드레인됨",
    draining: "드레인 중",
    drain: "드레인됨",
    down: "다운",
    error: "오류",
    fail: "장애",
    unknown: "알 수 없음",
  },
};

export const resources: Translation<typeof en.resources> = {
  cpus: "CPU",
  cpuCount_other: "CPU {{formatted}}개",
  cpusPerTask: "태스크당 CPU",
  memory: "메모리",
  memoryPerNode: "노드당 메모리",
  gpus: "GPU",
  gpuCount_other: "GPU {{count}}개",
  gpusPerNode: "노드당 GPU",
  nodes: "노드",
  tasks: "태스크",
  timeLimit: "시간 제한",
  unlimited: "무제한",
  partition: "파티션",
  account: "계정(account)",
  qos: "QOS",
  array: "작업 배열",
};

export const kinds: Translation<typeof en.kinds> = {
  data: "데이터",
  config: "설정",
  script: "스크립트",
  model: "모델",
  mesh: "메시",
  result: "결과",
  document: "문서",
};

export const secret: Translation<typeof en.secret> = {
  once: "지금 한 번만 표시되며 다시 볼 수 없습니다. 서버에는 해시만 남습니다. 닫기 전에 안전한 곳에 복사해 두십시오.",
  done: "보관했습니다. 닫기",
};
