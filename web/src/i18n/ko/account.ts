import type * as en from "../en/account";
import type { Translation } from "../translation";

export const account: Translation<typeof en.account> = {
  tabs: { sessions: "세션", keys: "API 키", password: "비밀번호", notifications: "알림" },
  noUnixUser: "Unix 사용자 없음",
  noUnixUserMeans:
    "계정에 연결된 클러스터 Unix 사용자가 없습니다. 화면을 둘러볼 수는 있지만 작업을 실행하거나 파일을 저장할 수 없습니다. 관리자에게 연결을 요청하십시오.",
};

export const sessions: Translation<typeof en.sessions> = {
  title: "내 세션",
  columns: {
    device: "기기",
    address: "주소",
    signedIn: "로그인 시각",
    lastUsed: "최근 사용",
    ends: "만료",
  },
  device: "{{program}}({{system}})",
  unknownDevice: "알 수 없는 기기",
  thisOne: "현재 세션",
  end: "끝내기",
  endNamed: "{{device}} 세션 끝내기",
  endTitle: "{{device}} 세션을 끝낼까요?",
  endText:
    "{{address}}에서 연 페이지가 즉시 로그아웃되고 업로드가 중단됩니다. 계속 사용하려면 다시 로그인해야 합니다.",
  endDeed: "세션 끝내기",
  everywhere: "모든 곳에서 로그아웃",
  everywhereTitle: "모든 곳에서 로그아웃할까요?",
  everywhereText:
    "지금 이 세션을 포함한 모든 세션이 즉시 끝나고 업로드가 중단됩니다. 작업은 계속 실행되며 API 키는 그대로 유효합니다.",
  notices: "보안 알림",
  reused: {
    text: "{{time}}에 {{by}} 주소에서 이미 사용한 로그인 정보가 다시 사용되었습니다. {{address}}에서 시작한 {{device}} 세션의 정보이며, 이 세션은 즉시 끝났습니다.",
    advice: "모르는 주소라면 모든 곳에서 로그아웃하고 비밀번호를 바꾼 뒤 관리자에게 알리십시오.",
  },
};

export const password: Translation<typeof en.password> = {
  title: "비밀번호 변경",
  present: "현재 비밀번호",
  next: "새 비밀번호",
  rule: "문자 종류에 관계없이 10자 이상 256자 이하이며, 흔히 쓰는 비밀번호는 사용할 수 없습니다.",
  ends: "다른 세션은 모두 끝납니다. 현재 세션과 API 키는 그대로 유효합니다.",
  change: "비밀번호 변경",
  changed: "비밀번호를 변경했습니다. 다른 세션은 모두 끝났습니다.",
};
