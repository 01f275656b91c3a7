import type * as en from "../en/limits";
import type { Translation } from "../translation";

export const limits: Translation<typeof en.limits> = {
  below:
    "일정 시간에 할 수 있는 횟수입니다. 한도를 넘으면 기다릴 시간을 알려 주며, 페이지는 기다렸다가 자동으로 계속합니다.",
  inForce: "적용 중인 한도",
  columns: {
    class: "종류",
    rate: "한도",
    counted: "계산 단위",
    setting: "설정",
    refused: "거부(1시간)",
  },
  classes: {
    sign_in: "로그인 시도",
    submit: "작업 제출",
    new_upload: "업로드 시작",
    node_action: "노드 드레인과 복귀",
    reboot: "노드 재부팅",
    scan: "이미지와 템플릿 검색",
    write: "그 밖의 변경",
    read: "그 밖의 읽기",
  },
  none: "제한 없음",
  per: {
    second: "초당 {{amount}}회",
    minute: "분당 {{amount}}회",
    hour: "시간당 {{amount}}회",
  },
  withBurst: "{{rate}}, 순간 최대 {{burst}}회",
  countedBy: {
    user: "사용자별, API 키는 키마다 따로",
    address_and_name: "주소와 사용자 이름별",
  },
  stores: {
    process: "서버마다 따로 계산",
    redisUp: "모든 서버를 합쳐 Redis에서 계산",
    redisDown: "Redis가 응답하지 않아 서버마다 따로 계산 중",
  },
  howToChange: "변경 방법",
  howToChangeText:
    "서버 설정 파일의 [limits] 섹션에서 설정별로 지정합니다. “off”는 제한하지 않는다는 뜻입니다. 서버를 시작할 때 읽습니다.",
};
