// Korean: how a template of one user's becomes everybody's.
import type * as en from "../en/sharing";
import type { Translation } from "../translation";

export const sharing: Translation<typeof en.sharing> = {
  share: "공유",
  title: "{{name}}을(를) 모두와 공유하시겠습니까?",
  willBeReviewed:
    "관리자가 지금 내용 그대로의 버전 {{version}}을(를) 검토하여 승인하거나 거절하고, 결과를 알려 드립니다. 승인되면 누구나 사용할 수 있으며 작성자로 내 이름이 표시됩니다.",
  willBeOpen:
    "지금 내용 그대로의 버전 {{version}}을(를) 누구나 바로 사용할 수 있으며, 버전 목록에 작성자로 내 이름이 표시됩니다.",
  id: "공유할 때의 ID",
  idHint: "전에 공유한 템플릿의 새 버전이라면 그 템플릿의 ID를 입력하십시오.",
  ownGoes:
    "ID 하나는 템플릿 하나를 뜻합니다. 모두의 템플릿이 되면 내 파일은 그동안 고친 내용과 함께 내 템플릿 옆의 archived/로 옮겨집니다.",
  ownStays: "내 템플릿은 그대로 남습니다.",
  note: "관리자에게 남기는 말",
  noteHint: "무엇에 쓰는지, 무엇으로 시험했는지 적으십시오. 비워 두어도 됩니다.",
  ask: "관리자에게 요청",
  shared: "공유",
  became: {
    open: "버전 {{version}}이(가) {{time}}부터 관리자의 검토를 기다립니다. 승인되면 모두의 {{template}}이(가) 됩니다.",
    accepted:
      "{{by}} 님이 {{time}}에 버전 {{version}}을(를) 승인했습니다. 누구나 {{template}}(으)로 사용할 수 있습니다.",
    refused: "{{by}} 님이 {{time}}에 버전 {{version}}을(를) 거절했습니다.",
  },
  look: "요청 보기",
  changedSince:
    "그 뒤로 템플릿을 고쳤습니다. 검토 대상은 공유했을 때의 내용입니다. 지금 내용을 제안하려면 다시 공유하십시오.",
  takeBack: "요청 취소",
  takeBackTitle: "{{template}} 공유 요청을 취소하시겠습니까?",
  takeBackHint: "더는 검토되지 않습니다. 템플릿은 그대로 남고, 다시 공유할 수 있습니다.",
  request: "공유 요청",
  requests: "공유 요청",
  requestsOpen_other: "공유 요청 {{formatted}}건",
  below:
    "모두의 템플릿이 되기를 기다리는 사용자 템플릿입니다. 사람들이 실행하게 되므로 승인하기 전에 내용을 살펴보십시오.",
  belowOwn: "모두와 공유하려는 내 템플릿과 그 결과입니다.",
  list: "요청 목록",
  anyState: "모든 상태",
  columns: {
    template: "템플릿",
    author: "요청자",
    note: "남긴 말",
    state: "상태",
    when: "요청 시각",
  },
  states: { open: "검토 대기", accepted: "승인됨", refused: "거절됨", "taken-back": "취소됨" },
  none: "아직 요청이 없습니다",
  noneOwn: "아직 공유한 템플릿이 없습니다",
  noneOpen: "기다리는 요청이 없습니다",
  noneAdvice: "사용자는 자기 템플릿 페이지에서 템플릿을 공유합니다.",
  noneAdviceOwn: "내 템플릿은 그 템플릿 페이지에서 공유합니다.",
  madeOf: "원본 템플릿",
  decided: "결정",
  decidedBy: "{{by}}, {{time}}",
  reason: "거절 사유",
  reasonHint: "{{author}} 님에게 전달됩니다.",
  effect: "승인하면",
  replaces: "버전 {{version}}을(를) 대신합니다. 이전 버전은 버전 목록에 남습니다.",
  isNew: "모두가 쓸 수 있는 새 템플릿이 됩니다.",
  differences: "달라지는 점",
  now: "현재",
  offered: "변경 후",
  text: "내용",
  accept: "승인",
  acceptTitle: "{{template}}을(를) 승인하시겠습니까?",
  acceptNew: "{{author}} 님의 버전 {{version}}이(가) 누구나 쓸 수 있는 템플릿 {{template}}이(가) 됩니다.",
  acceptOver:
    "{{author}} 님의 버전 {{version}}이(가) 모두가 쓰는 {{template}}의 버전 {{before}}을(를) 대신합니다.",
  refuse: "거절",
  refuseTitle: "{{template}}을(를) 거절하시겠습니까?",
};
