// What became of a node in the past.
import type * as en from "../en/node-history";
import type { Translation } from "../translation";

export const nodeHistory: Translation<typeof en.nodeHistory> = {
  title: "사용 불가 이력",
  none: "알려진 이력이 없습니다",
  from: "시작",
  to: "끝",
  lasted: "지속 시간",
  now: "현재",
  reason: "사유",
  state: "상태",
  by: "{{reason}} ({{user}} 입력)",
  endedBy: "{{user}}이(가) 복귀",
  noReason: "사유 없음",
  fromAccounting: "어카운팅 기록",
};
