// Use of a cluster over time.
import type * as en from "../en/use";
import type { Translation } from "../translation";

export const use: Translation<typeof en.use> = {
  range: "기간",
  ranges: { hours: "6시간", day: "1일", week: "1주", month: "1개월", year: "1년" },
  whole: "클러스터 전체",
  none: "이 기간의 기록이 없습니다",
  noneAdvice: "서버가 실행되는 동안 1분마다 수치를 기록합니다. 잠시 후 다시 확인하십시오.",
  allocated: "사용 중",
  idle: "유휴",
  down: "사용 불가",
  running: "실행 중",
  pending: "대기 중",
  cpus: "CPU",
  gpus: "GPU",
  memory: "메모리",
  jobs: "작업",
  mean: "평균 {{percent}} 사용",
  meanJobs: "평균 실행 {{running}}, 대기 {{pending}}",
  steps: {
    minute: "1분마다 한 점입니다.",
    hour: "1시간마다 한 점이며 평균값입니다.",
    day: "하루(UTC)마다 한 점이며 평균값입니다.",
  },
  gaps: "빈 구간은 서버나 Slurm이 멈춰 있던 시간입니다.",
  picture: "{{what}} 추이: {{mean}}",
  asTable: "표로 보기",
  at: "시각",
};
