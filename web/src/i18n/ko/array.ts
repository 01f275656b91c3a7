// 작업 배열과 이종 작업의 구성 요소.
import type * as en from "../en/array";
import type { Translation } from "../translation";

export const array: Translation<typeof en.array> = {
  tasks: "배열 태스크",
  components: "작업의 구성 요소",
  partOfArray: "작업 배열의 태스크",
  partOfJob: "작업의 구성 요소",
  started_other: "{{formatted}}개 시작됨",
  task: "태스크 {{number}}: {{state}}",
  component: "구성 요소 {{number}}: {{state}}",
  select: "{{number}} 선택",
  selectAll: "모두 선택",
  selectFailed: "실패한 것 선택",
  selected_other: "{{formatted}}개 선택됨",
  waiting: "아직 시작된 적이 없는 태스크는 따로 표시되지 않으며, 시작되면 여기에 나타납니다.",
  whole: "전체 작업: {{id}}",
  previous: "이전: {{id}}",
  next: "다음: {{id}}",
  confirmTitle: "선택한 항목에 적용하시겠습니까?",
  confirm_other: "작업 {{id}}에서 선택한 {{formatted}}개에 적용됩니다. 계산 중이던 내용은 사라집니다.",
  done_other: "Slurm이 {{formatted}}개에 대한 요청을 받아들였습니다.",
  refused_other: "{{formatted}}개에는 적용하지 못했습니다.",
  highestExitCode: "태스크·구성 요소의 종료 코드 중 가장 큰 값: {{code}}",
};
