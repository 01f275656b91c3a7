// What the overview says of the cluster.
import type * as en from "../en/cluster";
import type { Translation } from "../translation";

export const cluster: Translation<typeof en.cluster> = {
  waiting: {
    jobs_other: "내 작업 {{formatted}}개가 대기 중입니다.",
    start: "가장 이른 시작 예상 시각은 {{time}}입니다.",
    why: "주된 사유: {{reason}}.",
    reasons: {
      ReqNodeNotAvail: "필요한 노드를 사용할 수 없음",
      Resources: "비는 노드를 기다리는 중",
      Priority: "우선순위가 높은 작업이 있음",
      Dependency: "먼저 끝나야 하는 작업이 있음",
      JobHeldUser: "직접 보류함",
      JobHeldAdmin: "관리자가 보류함",
      BeginTime: "시작 시각이 되지 않음",
      QOSMaxJobsPerUserLimit: "사용자당 작업 한도에 도달함",
      AssocGrpCPUMinutesLimit: "계정(account)의 사용 시간이 소진됨",
    },
  },
  maintenance: {
    soon: "점검 {{name}}: {{ago}}({{time}})에 시작하여 {{duration}} 동안 진행됩니다.",
    now: "점검 {{name}}: {{time}}까지 진행됩니다.",
    nodes_other:
      "대상은 노드 {{formatted}}개입니다. 그때까지 끝나지 않을 작업은 해당 노드에서 시작되지 않습니다.",
  },
  trouble: {
    title: "확인이 필요한 항목",
    nothing: "없습니다. 모든 노드가 사용 가능하며 모든 소스가 응답합니다.",
    nodes_other: "사용 불가이거나 응답 없는 노드 {{formatted}}개",
    more: "외 {{formatted}}개",
    reason: "{{reason}} ({{user}} 입력)",
    noReason: "사유 없음",
    busy_other: "CPU {{formatted}}개 아직 사용 중",
    agents_other: "응답하지 않는 에이전트 {{formatted}}개",
    sources: {
      jobs: "대기열을 읽을 수 없음",
      nodes: "노드를 읽을 수 없음",
      reservations: "예약을 읽을 수 없음",
      accounting: "어카운팅이 응답하지 않음",
    },
  },
  day: {
    title: "CPU, 최근 24시간",
    picture: "최근 24시간 CPU 사용: 평균 {{percent}}",
    none: "최근 하루의 기록이 아직 없습니다.",
  },
};
