// What is wrong with a field, by the codes that the server sends. No first visit needs them.
import type * as en from "../en/field-faults";
import type { Translation } from "../translation";
import { choiceFaults, notificationFields, sweepFaults } from "./faults";

export const fieldFaults: Translation<typeof en.fieldFaults> = {
  ...choiceFaults,
  "no-such-directory": "이미지를 검색하지 않는 디렉터리입니다. images.directories를 확인하십시오.",
  ...notificationFields,
  ...sweepFaults,
  "no-such-user": "클러스터에 {{name}} 사용자가 없습니다. 철자를 확인하십시오.",
  "no-such-group": "클러스터에 {{name}} 그룹이 없습니다. 철자를 확인하십시오.",
  "named-twice": "{{name}}이(가) 두 번 지정되었습니다. 한 번만 지정하십시오.",
  "one-name": "하나만 복사할 때 다른 이름을 줄 수 있습니다.",
  "unknown-archive": "이름은 .zip, .tar.gz, .tar.zst, .tar.xz 또는 .tar로 끝나야 합니다.",
  "nothing-asked": "이름, 크기, 시각 중 무엇을 찾을지 지정하십시오.",
  "missing-name": "작업 이름을 입력하십시오.",
  "too-long": "너무 깁니다.",
  "control-character": "줄바꿈과 제어 문자를 지우십시오.",
  "no-script": "템플릿을 선택하거나 배치 스크립트를 작성하십시오.",
  "no-interpreter": "배치 스크립트는 #!와 인터프리터 경로로 시작해야 합니다. 예: #!/bin/bash -l",
  "dos-line-ends":
    "{{script_line}}행이 Windows 형식으로 끝나 Slurm이 거부합니다. 줄 끝을 Unix 형식으로 저장하십시오.",
  "nul-in-script": "스크립트에 NUL 문자가 있습니다. 지우십시오.",
  "open-quote": "{{script_line}}행의 따옴표가 닫히지 않았습니다. 같은 행에서 닫으십시오.",
  "backslash-before-space":
    "{{script_line}}행에 공백 앞 역슬래시가 있어 Slurm 버전마다 다르게 읽습니다. 값을 따옴표로 묶으십시오.",
  "not-an-option": "{{script_line}}행의 “{{word}}”은(는) 옵션이 아닙니다. --이름=값으로 쓰십시오.",
  "option-without-value": "{{script_line}}행의 --{{option}}에 값이 없습니다.",
  "bad-option-value": "--{{option}}에 쓸 수 없는 값입니다: {{value}}",
  "not-for-a-shell":
    "변수와 파일은 sh, bash, dash, ksh, zsh 스크립트에만 전달됩니다. #!/bin/bash -l로 시작하십시오.",
  "out-of-range": "허용 범위를 벗어난 값입니다.",
  "missing-parameter": "필수 항목입니다.",
  "unknown-parameter": "템플릿에 없는 매개변수입니다.",
  "wrong-type": "값의 형식이 올바르지 않습니다.",
  "no-match": "{{pattern}} 형식이 아닙니다.",
  "not-a-choice": "목록에서 선택하십시오.",
  newline: "한 줄로 입력하십시오.",
  "no-such-upload": "없는 업로드입니다. 파일을 먼저 업로드하십시오.",
  "not-finished": "업로드가 끝나지 않았습니다. 기다리거나 이어서 올리십시오.",
  "ignored-directive":
    "스크립트에 --{{option}}={{value}}가 있지만 작업은 여기에서 선택한 작업 디렉터리에서 실행됩니다. 이 옵션을 지우고 여기에서 디렉터리를 선택하거나 스크립트 안에서 이동하십시오.",
  "name-taken": "작업의 두 파일이 같은 이름입니다. 하나를 바꾸십시오.",
  "no-digests": "이 사이트에서는 이미지 해시를 계산하지 않습니다.",
  "no-digests-of-own": "내 파일의 다이제스트는 파일 페이지에서 계산합니다.",
  "no-digests-of-nodes":
    "이 이미지는 노드에만 있고, 이 사이트는 노드에서 해시를 계산하지 않도록 설정되어 있습니다.",
  "no-such-image": "없는 이미지입니다. 다른 이미지를 선택하십시오.",
  "image-signature-bad":
    "서명된 뒤에 변경된 이미지입니다({{image}}). 다른 이미지를 선택하거나 관리자에게 문의하십시오.",
  "image-on-no-node":
    "{{image}} 이미지는 {{partition}} 파티션의 노드에 없고 {{nodes}} 노드에 있습니다. 다른 이미지나 파티션을 선택하십시오.",
  "image-not-on-node": "{{node}} 노드에는 {{image}} 이미지가 없습니다. 다른 노드를 요청하십시오.",
  "image-on-too-few-nodes":
    "{{image}} 이미지는 파티션의 노드 {{count}}개에만 있습니다. 그 이하로 요청하십시오.",
  "image-on-some-nodes":
    "{{image}} 이미지는 노드 {{of}}개 중 {{count}}개에 있습니다. 작업은 그 노드에서 실행됩니다.",
  "image-wants-gpus": "{{image}} 이미지는 GPU용인데 작업이 GPU를 요청하지 않았습니다.",
  "image-of-other-architecture":
    "{{image}} 이미지는 {{architecture}}용인데 노드는 {{others}}입니다. 다른 이미지나 파티션을 선택하십시오.",
  "image-of-other-architecture-for-some":
    "{{image}} 이미지는 {{architecture}}용인데 일부 노드는 {{others}}입니다. 다른 이미지나 파티션을 선택하십시오.",
  "image-gone": "{{image}} 이미지가 {{path}}에서 삭제되었습니다. 다른 이미지를 선택하십시오.",
  "unknown-app": "이미지에 없는 앱입니다. 다른 앱을 선택하십시오.",
  "bad-path": "홈 디렉터리 아래의 경로가 아닙니다.",
  "no-such-partition": "{{partition}} 파티션이 없습니다. 다른 파티션을 선택하십시오.",
  "over-partition-limit": "{{partition}} 파티션의 시간 제한은 최대 {{limit_minutes}}분입니다.",
  "template-id-taken": "같은 ID의 템플릿이 이미 있습니다. 다른 ID를 선택하십시오.",
  "template-of-the-site": "사이트의 템플릿입니다. 내 템플릿으로 복사한 뒤 복사본을 변경하십시오.",
  "no-such-template": "없는 템플릿입니다. 다른 템플릿을 선택하십시오.",
  "image-required": "이미지에서 실행하는 템플릿입니다. 이미지를 선택하십시오.",
  "missing-file": "{{name}} 파일이 없습니다. 업로드하십시오.",
  "bad-password-length": "비밀번호는 {{shortest}}자 이상 {{longest}}자 이하여야 합니다.",
  "common-password": "쉽게 추측할 수 있는 비밀번호입니다. 다른 비밀번호를 선택하십시오.",
  "wrong-password": "현재 비밀번호가 올바르지 않습니다.",
  "bad-username": "사용자 이름은 64자 이하의 영문자, 숫자와 . _ - @로 쓰며 영문자나 숫자로 시작해야 합니다.",
  "bad-display-name": "표시 이름은 한 줄로 1자 이상 100자 이하여야 합니다.",
  "bad-unix-user": "Unix 사용자 이름으로 쓸 수 없는 이름입니다.",
  "bad-key-name": "키 이름을 한 줄로 1자 이상 100자 이하로 입력하십시오.",
  "no-scopes": "키로 할 수 있는 일을 선택하십시오.",
  "scope-beyond-role": "키 소유자의 역할에서 {{scope}} 범위를 허용하지 않습니다.",
  "bad-expiry": "지금부터 {{max_days}}일 이내의 미래 시점을 지정하십시오.",
};
