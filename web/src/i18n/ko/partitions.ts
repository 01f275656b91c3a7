// The partitions of a cluster.
import type * as en from "../en/partitions";
import type { Translation } from "../translation";

export const partitions: Translation<typeof en.partitions> = {
  none: "볼 수 있는 파티션이 없습니다",
  noneAdvice: "파티션은 관리자가 Slurm에서 설정합니다.",
  columns: {
    name: "파티션",
    state: "상태",
    nodes: "노드",
    cpus: "유휴 CPU",
    gpus: "유휴 GPU",
    time: "시간 제한",
    jobs: "작업",
  },
  isDefault: "기본",
  states: { UP: "사용 가능", DOWN: "대기만 가능", DRAIN: "작업 받지 않음", INACTIVE: "사용 중지" },
  freeOf: "{{total}} 중 {{free}}",
  unlimited: "제한 없음",
  jobs: "실행 {{running}}, 대기 {{pending}}",
  open: "{{name}} 상세 정보",
  byState: "상태별 노드",
  defaultTime: "지정하지 않을 때의 시간 제한",
  maxNodes: "작업당 최대 노드",
  maxCpus: "작업의 노드당 최대 CPU",
  maxMemory: "작업의 노드당 최대 메모리",
  who: "사용 대상",
  everybody: "모두",
  groups: "Unix 그룹: {{names}}",
  accounts: "계정(account): {{names}}",
  deniedAccounts: "{{names}}을(를) 제외한 모든 계정(account)",
  qos: "허용된 QOS: {{names}}",
  deniedQos: "{{names}}을(를) 제외한 모든 QOS",
  itsNodes: "이 파티션의 노드",
  itsJobs: "이 파티션의 작업",
  itsUse: "사용률 추이",
};
