// The columns of every list of jobs, and what opens an array in its row.
import type * as en from "../en/job-columns";
import type { Translation } from "../translation";

export const jobColumns: Translation<typeof en.jobColumns> = {
  name: "이름",
  id: "작업 ID",
  state: "상태",
  user: "사용자",
  partition: "파티션",
  size: "자원",
  elapsed: "실행 시간",
  submitted: "제출 시각",
  unfold: "{{id}}의 태스크·구성 요소 펼치기",
};
