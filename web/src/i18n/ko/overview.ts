import type * as en from "../en/overview";
import type { Translation } from "../translation";

export const overview: Translation<typeof en.overview> = {
  title: "개요",
  below: "{{user}} · {{cluster}}",
  mine: {
    running: "실행 중인 내 작업",
    waiting: "대기 중인 내 작업",
    failed: "실패한 내 작업",
    completed: "완료된 내 작업",
  },
  now: "현재",
  lastDays_other: "최근 {{count}}일",
  myJobs: "최근 내 작업",
  allMyJobs: "내 작업 모두 보기",
  noJobs: "아직 제출한 작업이 없습니다",
  noJobsAdvice: "템플릿을 고르고 파일을 올려 제출하면 여기에 표시됩니다.",
  use: "클러스터 사용량",
  usedOf: "{{used}} / {{total}}",
  everyone: "전체 작업: 실행 중 {{running}}, 대기 중 {{pending}}",
  allNodes: "노드 모두 보기",
  recentUploads: "최근 업로드",
  allUploads: "업로드 모두 보기",
  noUploads: "아직 업로드한 파일이 없습니다.",
  noCluster: "서버에 등록된 클러스터가 없습니다. 관리자가 설정해야 합니다.",
};
