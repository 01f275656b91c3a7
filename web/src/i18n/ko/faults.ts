// What the server finds wrong with what features ask for; a part of problem.ts.
import type * as en from "../en/faults";
import type { Translation } from "../translation";

export const choiceFaults: Translation<typeof en.choiceFaults> = {
  "over-partition-nodes": "{{partition}} 파티션에서는 작업당 노드를 최대 {{limit}}개까지 쓸 수 있습니다.",
  "over-partition-cpus": "{{partition}} 파티션에서는 노드당 CPU를 최대 {{limit}}개까지 쓸 수 있습니다.",
  "over-partition-memory":
    "{{partition}} 파티션에서는 노드당 메모리를 최대 {{limit_mib}}MiB까지 쓸 수 있습니다.",
  "no-such-account": "{{account}} 계정(account)은 사용할 수 없습니다. 다른 계정을 선택하십시오.",
  "no-such-qos": "{{qos}}라는 QOS가 없습니다. 다른 QOS를 선택하십시오.",
  "qos-not-allowed": "이 계정(account)에는 QOS {{qos}}이(가) 허용되지 않습니다. 다른 QOS를 선택하십시오.",
  "no-such-reservation": "지금은 {{reservation}} 예약이 없습니다. 다른 예약을 선택하십시오.",
  "no-such-feature": "{{feature}} 특성을 갖춘 노드가 없습니다. 다른 특성을 선택하십시오.",
  "no-such-gpu": "{{gpu}} GPU가 있는 노드가 없습니다. 다른 종류를 선택하십시오.",
  "no-gpus": "GPU가 있는 노드가 없습니다.",
  "too-many-gpus": "이 GPU가 {{count}}개 있는 노드가 없습니다. 수를 줄이십시오.",
  "gpus-apart": "GPU는 GPU 항목에 입력하십시오.",
  "no-such-gres": "{{gres}} 장치가 있는 노드가 없습니다. 다른 장치를 선택하십시오.",
  "too-many-gres": "그만큼 가진 노드가 없습니다: {{gres}}. 수를 줄이십시오.",
  "no-such-license": "{{license}} 라이선스가 없습니다. 다른 라이선스를 선택하십시오.",
  "too-many-licenses": "{{license}} 라이선스는 {{limit}}개뿐입니다. 수를 줄이십시오.",
  "not-an-expression": "이름과 숫자를 공백 없이 입력하십시오.",
  "too-many-dependencies": "작업 하나가 기다릴 수 있는 작업은 최대 20개입니다.",
  "no-dependencies-here": "이 큐에서는 의존 작업을 지정할 수 없습니다. 지정을 빼십시오.",
  "no-such-job": "{{job}} 작업이 없습니다. 다른 작업을 선택하십시오.",
  "job-without-number": "스케줄러에 없는 작업입니다. 다른 작업을 선택하십시오.",
  "never-satisfied":
    "이 작업은 이미 다른 결과로 끝나서 새 작업이 시작될 수 없습니다. 다른 조건을 선택하십시오.",
};

export const notificationFields: Translation<typeof en.notificationFields> = {
  "bad-webhook": "인터넷의 https:// 주소를 비밀번호 없이 입력하십시오.",
  "bad-minutes": "1분에서 1년 사이로 정하십시오.",
  "bad-mail-address": "메일 주소가 아닙니다. name@example.org와 같이 입력하십시오.",
  "bad-mail-domain": "이 사이트는 자체 도메인의 주소로만 메일을 보냅니다.",
  "bad-endpoint": "이 브라우저의 푸시 서비스는 사이트가 보낼 수 없는 주소에 있습니다.",
  "bad-push-keys": "브라우저의 키가 올바르지 않습니다. 다시 시도하십시오.",
};

export const notificationProblems: Translation<typeof en.notificationProblems> = {
  "channel-not-offered": "이 사이트에서는 이 방법으로 메시지를 보내지 않습니다.",
  "no-address": "이 메시지를 받을 곳을 아직 정하지 않으셨습니다.",
  "too-many-messages": "한 시간에 보낼 수 있는 만큼 이미 보냈습니다.",
  "message-not-sent": "메시지를 보내지 못했습니다. 나중에 다시 시도하거나 관리자에게 문의하십시오.",
  "wrong-mail-code": "보낸 코드와 다르거나 너무 오래되었습니다. 코드를 다시 보내십시오.",
};

/** 스윕의 입력에서 잘못될 수 있는 것. */
export const sweepFaults: Translation<typeof en.sweepFaults> = {
  "no-rows": "행을 하나 이상 채우십시오.",
  "no-columns": "바꿀 항목을 고르십시오.",
  "two-arrays": "스윕은 이미 작업 배열입니다. 비워 두십시오.",
  "too-many": "{{limit}}개를 넘습니다.",
  "no-such-file": "작업에 이 이름의 파일이 없습니다. 파일을 추가하거나 이름을 고치십시오.",
  "shared-output": "모든 태스크가 한 파일에 출력합니다. 파일 이름에 %a를 넣으십시오.",
  "bad-variable": "변수 이름에는 영문자, 숫자, _만 쓸 수 있습니다.",
  "read-only-variable": "이미 정해져 있는 변수입니다. 다른 이름을 고르십시오.",
  "nul-byte": "NUL 문자를 제거하십시오.",
};
