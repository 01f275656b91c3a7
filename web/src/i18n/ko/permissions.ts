import type * as en from "../en/permissions";
import type { Translation } from "../translation";

export const permissions: Translation<typeof en.permissions> = {
  open: "권한",
  titleOne: "“{{name}}” 권한",
  title_other: "{{formatted}}개 항목의 권한",
  classes: { owner: "소유자", group: "그룹", others: "기타" },
  deeds: { read: "읽기", write: "쓰기", execute: "실행" },
  enter: "들어가기",
  executeOrEnter: "실행·들어가기",
  nothing: "없음",
  octal: "8진수",
  differ: "서로 다름",
  set: "권한 바꾸기",
  withFile: { read: "읽기", write: "수정", execute: "실행" },
  inDirectory: { read: "목록 보기", write: "안에서 만들고 지우기", execute: "들어가기" },
  reach: {
    others: "클러스터의 모든 사용자에게 {{deeds}}이(가) 허용됩니다.",
    group: "그룹 구성원에게 {{deeds}}이(가) 허용됩니다.",
    owner: "소유자에게만 {{deeds}}이(가) 허용됩니다.",
  },
  nobody: "관리자 외에는 아무도 사용할 수 없습니다. 소유자는 권한을 다시 바꿀 수 있습니다.",
  namedToo: "아래에 지정한 사용자와 그룹은 그 옆에 표시한 권한을 받습니다.",
  above: "상위 디렉터리에 들어올 수 있는 사용자에 한합니다.",
  mixed: "항목마다 의미가 다릅니다. 줄표 상자는 각 항목의 값을 그대로 둡니다.",
  setGroupId:
    "set-group-id는 그대로 둡니다. 이런 디렉터리에 새로 만든 파일은 디렉터리의 그룹에 속하고, 이런 프로그램은 그 그룹으로 실행됩니다.",
  sticky: "sticky 비트는 그대로 둡니다. 이 안에서는 자기 파일만 지우고 이름을 바꿀 수 있습니다.",
  warnEverybody:
    "클러스터의 누구나 내용을 바꿀 수 있습니다. 여기서 읽거나 실행하는 내용이 다른 사람이 넣은 것일 수 있습니다.",
  warnSticky: "클러스터의 누구나 이 안에 파일을 만들 수 있습니다.",
  warnOwner: "소유자도 읽을 수 없게 됩니다. 여기서 다시 허용할 수 있습니다.",
  left_other:
    "{{formatted}}개는 그대로 둡니다. 링크에는 권한이 따로 없고, 소유자 권한으로 실행되는 파일(set-user-id)은 셸에서 바꿉니다.",
  owned: "소유자: {{owner}}, 그룹: {{group}}",
  namedHere: "권한을 따로 받은 사용자와 그룹",
  namedThere: "안에 새로 만든 항목에 권한을 따로 받을 사용자와 그룹",
  nobodyNamed: "따로 지정한 사용자나 그룹이 없습니다.",
  named: { user: "{{name}} (사용자)", group: "{{name}} (그룹)" },
  kind: "사용자 또는 그룹",
  user: "사용자",
  group: "그룹",
  nameOf: "사용자나 그룹 이름",
  namedAlready: "이미 지정되어 있습니다.",
  add: "추가",
  notAdded: "먼저 추가하거나 입력란을 비우십시오.",
  removeNamed: "빼기: {{who}}",
  inherit: "안에 새로 만든 항목에 정해진 권한을 물려주기",
  inheritMeans:
    "기본 접근 목록(default ACL)입니다. 앞으로 이 안에 만드는 파일과 디렉터리에 적용되며, 이미 있는 항목은 그대로입니다.",
  support: {
    nfs4: "이 파일 시스템은 NFSv4 접근 목록을 쓰며 여기에는 표시되지 않습니다. 셸에서 nfs4_getfacl을 사용하십시오.",
    none: "이 파일 시스템에는 접근 목록이 없어 소유자·그룹·기타의 권한만 있습니다.",
  },
  failed_other: "{{of}}개 중 {{formatted}}개의 권한을 바꾸지 못했습니다.",
};
