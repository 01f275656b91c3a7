// Korean: why a job waits or failed, and what to do.
import type * as en from "../en/why";
import type { Translation } from "../translation";

export const why: Translation<typeof en.why> = {
  titles: { waiting: "대기 사유", failed: "실패 원인", ended: "종료 사유" },
  startsAt: "{{ago}}({{time}})에 시작할 것으로 예상됩니다.",
  ahead_other: "같은 파티션에서 앞에 있는 작업: {{formatted}}개.",
  inOutput: "출력의 끝에서 {{number}}번째 줄",
  newJobOf: "{{limit}} 작업 새로 만들기",
  of: { qos: "QOS", association: "계정(account)" },
  resources: {
    cpus: "CPU",
    memory: "메모리",
    nodes: "노드",
    gres: "GPU 등의 장치",
    licences: "라이선스",
    energy: "에너지",
    "burst-buffer": "버스트 버퍼",
    billing: "과금 자원",
    jobs: "실행 중인 작업",
    "submitted-jobs": "제출된 작업",
    time: "실행 시간",
    other: "자원",
  },
  codes: {
    "not-considered": {
      what: "스케줄러가 아직 이 작업을 검토하지 않았습니다.",
      advice: "잠시 기다리십시오. 몇 초면 됩니다.",
    },
    priority: {
      what: "우선순위가 더 높은 작업이 앞에 있습니다.",
      advice: "할 일은 없습니다. 시간 제한이나 자원을 줄이면 빈틈에서 더 일찍 시작할 수 있습니다.",
    },
    resources: {
      what: "다음 차례이며, 필요한 자원이 비기를 기다리고 있습니다.",
      advice: "할 일은 없습니다. CPU나 메모리, 시간 제한을 줄이면 더 일찍 시작할 수 있습니다.",
    },
    "nodes-out-of-service": {
      what: "{{partition}} 파티션에 사용할 수 없거나 다른 파티션을 위해 남겨 둔 노드가 너무 많습니다.",
      advice:
        "노드 수를 줄이거나 다른 파티션을 선택하십시오. 다운되거나 드레인된 노드는 노드 페이지에서 확인할 수 있습니다.",
    },
    "nodes-not-available": {
      what: "필요한 노드를 사용할 수 없습니다: {{nodes}}.",
      advice: "노드가 복구되기를 기다리거나, 노드를 지정하지 않고 또는 노드 수를 줄여 제출하십시오.",
    },
    "node-not-available": {
      what: "필요한 노드를 사용할 수 없습니다.",
      advice: "노드가 복구되기를 기다리거나, 노드를 지정하지 않고 제출하십시오.",
    },
    "reserved-for-another": {
      what: "필요한 노드를 다른 작업이 쓸 예정이거나, 노드가 운영에서 제외되었을 수 있습니다.",
      advice:
        "기다리거나 다른 노드를 요청하십시오. 다운되거나 드레인된 노드는 노드 페이지에서 확인할 수 있습니다.",
    },
    maintenance: {
      what: "시간 제한이 점검 시간과 겹칩니다.",
      advice: "점검이 끝나기를 기다리거나, 시간 제한을 줄여 제출하십시오.",
    },
    "maintenance-ahead": {
      what: "시간 제한 {{limit_minutes}}이(가) {{starts_at}}에 시작하는 점검 {{name}}와(과) 겹칩니다.",
      advice:
        "{{fits_minutes}} 이하의 작업은 점검 전에 끝나므로 기다리지 않아도 됩니다. 그렇지 않으면 {{ends_at}}까지 기다립니다.",
    },
    "maintenance-unlimited": {
      what: "시간 제한이 없어 {{starts_at}}에 시작하는 점검 {{name}}와(과) 겹칩니다.",
      advice:
        "{{fits_minutes}} 이하의 작업은 점검 전에 끝나므로 기다리지 않아도 됩니다. 그렇지 않으면 {{ends_at}}까지 기다립니다.",
    },
    "maintenance-soon": {
      what: "점검 {{name}}이(가) 곧({{starts_at}}) 시작되어 그 전에 작업을 끝낼 수 없습니다.",
      advice: "기다리십시오. {{ends_at}} 이후에 시작할 수 있습니다.",
    },
    "maintenance-now": {
      what: "점검 {{name}}이(가) 진행 중입니다.",
      advice: "기다리십시오. {{ends_at}} 이후에 시작할 수 있습니다.",
    },
    dependency: {
      what: "의존하는 작업을 기다리고 있습니다.",
      advice: "할 일은 없습니다. 그 작업이 지정한 대로 끝나면 시작할 수 있습니다.",
    },
    "dependency-of": {
      what: "의존하는 작업을 기다리고 있습니다: {{jobs}}.",
      advice: "할 일은 없습니다. 그 작업이 지정한 대로 끝나면 시작할 수 있습니다.",
    },
    "dependency-failed": {
      what: "의존하는 작업({{jobs}})이 지정한 대로 끝나지 않아 시작할 수 없습니다.",
      advice: "취소하고, 실패한 원인을 고친 다음 모두 다시 제출하십시오.",
    },
    "dependency-never": {
      what: "의존하는 작업이 지정한 대로 끝나지 않아 시작할 수 없습니다.",
      advice: "취소하고, 실패한 원인을 고친 다음 모두 다시 제출하십시오.",
    },
    "begin-time": {
      what: "나중에 시작하도록 제출되었습니다.",
      advice: "할 일은 없습니다. 지금 시작하려면 취소하고 시작 시각 없이 제출하십시오.",
    },
    licences: {
      what: "요청한 라이선스가 모두 사용 중입니다.",
      advice: "다른 사람이 반납하기를 기다리거나, 더 적게 요청하십시오.",
    },
    held: { what: "소유자가 보류했습니다.", advice: "시작하려면 보류를 해제하십시오." },
    "held-by-administrator": {
      what: "관리자가 보류했습니다.",
      advice: "관리자에게 이유를 문의하십시오. 관리자만 보류를 해제할 수 있습니다.",
    },
    "held-after-requeue": {
      what: "실행하지 못해 대기열로 돌아왔고, 거기에서 보류되었습니다.",
      advice: "다시 시도하려면 보류를 해제하십시오. 또 실패하면 관리자에게 작업 ID를 알려 주십시오.",
    },
    "array-task-limit": {
      what: "작업 배열이 동시에 실행할 수 있는 만큼의 태스크를 실행하고 있습니다.",
      advice:
        "할 일은 없습니다. 하나가 끝나면 다음 태스크가 시작됩니다. 동시 실행 수는 배열의 % 뒤 숫자로 정합니다.",
    },
    reservation: {
      what: "예약이 시작되거나 예약에 자리가 나기를 기다리고 있습니다.",
      advice: "기다리거나, 예약 없이 제출하십시오.",
    },
    "reservation-gone": {
      what: "지정한 예약이 더 이상 없습니다.",
      advice: "취소하고 예약 없이 제출하십시오.",
    },
    "partition-down": {
      what: "{{partition}} 파티션은 지금 작업을 시작하지 않습니다.",
      advice: "기다리거나 다른 파티션을 선택하십시오.",
    },
    "partition-inactive": {
      what: "{{partition}} 파티션이 비활성 상태입니다.",
      advice: "다른 파티션을 선택하십시오.",
    },
    "partition-node-limit": {
      what: "요청한 노드 수가 {{partition}} 파티션이 허용하는 범위를 벗어납니다.",
      advice: "취소하고 노드 수를 바꾸거나 다른 파티션에 제출하십시오.",
    },
    "partition-time-limit": {
      what: "시간 제한이 {{partition}} 파티션의 한도보다 깁니다.",
      advice: "취소하고 시간 제한을 줄이거나 다른 파티션에 제출하십시오.",
    },
    "not-allowed-in-partition": {
      what: "{{partition}} 파티션이 이 작업을 받지 않습니다. 충분히 큰 노드가 없거나, 계정(account) 또는 QOS를 쓸 수 없습니다.",
      advice: "요청한 자원을 파티션의 한도와 비교하거나, 다른 파티션을 선택하십시오.",
    },
    "account-not-allowed": {
      what: "계정(account)이 올바르지 않거나 여기에서 쓸 수 없습니다.",
      advice: "다른 계정(account)으로 제출하거나 관리자에게 문의하십시오.",
    },
    "qos-not-allowed": {
      what: "QOS가 올바르지 않거나 여기에서 쓸 수 없습니다.",
      advice: "다른 QOS로 제출하거나 관리자에게 문의하십시오.",
    },
    "qos-usage-threshold": {
      what: "최근 사용량이 이 QOS의 기준을 넘었습니다.",
      advice: "사용량이 줄어들기를 기다리거나 다른 QOS를 선택하십시오.",
    },
    "limit-group": {
      what: "{{of}}이(가) 모든 작업을 합쳐 허용하는 한도에 도달했습니다: {{resource}}({{reason}}).",
      advice: "다른 작업이 끝나기를 기다리거나, 다른 계정(account) 또는 QOS를 사용하십시오.",
    },
    "limit-user": {
      what: "{{of}}이(가) 사용자마다 동시에 허용하는 한도에 도달했습니다: {{resource}}({{reason}}).",
      advice: "할 일은 없습니다. 이 사용자의 다른 작업이 끝나면 시작할 수 있습니다.",
    },
    "limit-account": {
      what: "{{of}}이(가) 계정(account)마다 동시에 허용하는 한도에 도달했습니다: {{resource}}({{reason}}).",
      advice: "계정(account)의 다른 작업이 끝나기를 기다리거나, 다른 계정(account)을 사용하십시오.",
    },
    "limit-job": {
      what: "{{of}}이(가) 작업 하나에 허용하는 것보다 많이 요청했습니다: {{resource}}({{reason}}).",
      advice: "기다려도 시작되지 않습니다. 취소하고 더 적게 요청하십시오.",
    },
    "limit-least": {
      what: "{{of}}이(가) 작업 하나에 요구하는 것보다 적게 요청했습니다: {{resource}}({{reason}}).",
      advice: "기다려도 시작되지 않습니다. 취소하고 더 많이 요청하거나 다른 QOS를 선택하십시오.",
    },
    "memory-limit": {
      what: "파티션이 허용하는 것보다 많은 메모리를 요청했습니다.",
      advice: "취소하고 메모리를 줄이거나 더 많은 노드에 나누십시오.",
    },
    "bad-constraints": {
      what: "요청한 것을 모두 갖춘 노드가 없습니다.",
      advice: "취소하고 노드 특성, GPU, 메모리, CPU를 다르게 요청하십시오.",
    },
    "burst-buffer": {
      what: "버스트 버퍼가 준비되지 않았습니다({{reason}}).",
      advice: "기다리십시오. 계속되면 관리자에게 문의하십시오.",
    },
    preparing: {
      what: "노드를 준비하고 있습니다.",
      advice: "기다리십시오. 곧 시작되며, 노드를 켜는 경우 몇 분이 걸립니다.",
    },
    scheduling: { what: "스케줄러가 잠시 미루었습니다.", advice: "할 일은 없습니다." },
    "powering-limit": {
      what: "켤 수 있는 만큼의 노드가 이미 켜져 있습니다.",
      advice: "다른 노드가 비기를 기다리십시오.",
    },
    other: {
      what: "스케줄러가 알려지지 않은 사유를 알렸습니다: {{reason}}",
      advice: "계속되면 관리자에게 문의하십시오.",
    },

    "time-limit": {
      what: "시간 제한에 도달하여 종료되었습니다.",
      advice: "시간 제한을 늘려 제출하거나, 중간 상태를 저장하여 이어서 실행하십시오.",
    },
    "out-of-memory": {
      what: "요청한 것보다 많은 메모리를 사용하여 종료되었습니다.",
      advice: "메모리를 늘려 제출하거나, 한 번에 처리하는 양을 줄이십시오.",
    },
    killed: {
      what: "작업 안의 프로세스가 강제로 종료되었습니다(시그널 9). 대개 요청한 것보다 많은 메모리를 사용한 경우입니다.",
      advice: "메모리를 늘려 제출하십시오. 달라지지 않으면 작업 안에서 종료시키는 것이 있는지 확인하십시오.",
    },
    signal: {
      what: "시그널 {{signal}}을(를) 받아 종료되었습니다.",
      advice: "출력의 끝부분에서 더 알 수 있습니다.",
    },
    "exit-code": {
      what: "스크립트가 종료 코드 {{exit_code}}(으)로 끝났습니다.",
      advice: "출력의 끝부분을 읽으십시오. 마지막에 실패한 것이 대개 거기에 있습니다.",
    },
    "node-failed": {
      what: "실행 중에 노드에 장애가 났습니다.",
      advice: "작업의 잘못이 아닙니다. 다시 제출하십시오.",
    },
    "boot-failed": {
      what: "작업에 쓸 노드를 부팅하지 못했습니다.",
      advice: "작업의 잘못이 아닙니다. 다시 제출하고, 되풀이되면 관리자에게 알리십시오.",
    },
    "launch-failed": {
      what: "스케줄러가 작업을 실행하지 못했습니다.",
      advice:
        "작업 디렉터리와 출력 경로가 노드에 있는지 확인하십시오. 있다면 관리자에게 작업 ID를 알리십시오.",
    },
    "system-failure": {
      what: "스케줄러 자체에 장애가 있었습니다.",
      advice: "작업의 잘못이 아닙니다. 다시 제출하고, 되풀이되면 관리자에게 알리십시오.",
    },
    deadline: {
      what: "기한 안에 끝낼 수 없었습니다.",
      advice: "기한을 늦추거나 시간 제한을 줄여 제출하십시오.",
    },
    "inactive-limit": {
      what: "사이트가 허용하는 시간보다 오래 아무것도 실행되지 않았습니다.",
      advice: "작업이 시작되면 바로 일을 시작하게 하십시오.",
    },
    preempted: {
      what: "우선순위가 더 높은 작업이 자리를 차지했습니다.",
      advice: "다시 제출하거나, 선점되지 않는 파티션이나 QOS에 제출하십시오.",
    },
    cancelled: {
      what: "취소되었습니다.",
      advice: "누가 취소했는지는 여기에 기록되어 있지 않습니다. Quarterdeck을 통해 취소한 것이 아닙니다.",
    },
    "cancelled-by-owner": { what: "소유자가 취소했습니다.", advice: "필요하면 다시 제출하십시오." },
    "cancelled-by": {
      what: "{{user}}이(가) 취소했습니다.",
      advice: "다시 제출하기 전에 {{user}}에게 이유를 문의하십시오.",
    },
    "not-submitted": {
      what: "스케줄러에 접수되지 않은 작업입니다.",
      advice: "스케줄러가 알린 문제를 고친 다음 다시 제출하십시오.",
    },
    "outcome-unknown": {
      what: "제출이 중간에 끊겨 스케줄러에 접수되었는지 아직 알 수 없습니다.",
      advice: "확인되기 전에는 다시 제출하지 마십시오. 자동으로 다시 제출하지 않습니다.",
    },

    "cuda-out-of-memory": {
      what: "GPU 메모리가 부족했습니다.",
      advice: "배치 크기를 줄이거나, GPU를 늘리거나, 메모리가 더 큰 GPU를 사용하십시오.",
    },
    "cuda-driver": {
      what: "노드의 GPU 드라이버가 프로그램의 CUDA에 비해 너무 오래되었습니다.",
      advice: "더 오래된 CUDA의 프로그램, 모듈, 이미지를 쓰거나 새 노드가 있는 파티션을 선택하십시오.",
    },
    "no-gpu": {
      what: "프로그램이 GPU를 찾지 못했습니다.",
      advice: "작업에서 GPU를 요청하십시오. 이미지에서는 Apptainer를 --nv로 실행하십시오.",
    },
    "allocation-failed": {
      what: "프로그램이 필요한 메모리를 얻지 못했습니다.",
      advice: "메모리를 늘려 제출하거나, 한 번에 처리하는 양을 줄이십시오.",
    },
    "no-space": {
      what: "디스크가 가득 찼습니다.",
      advice: "필요 없는 것을 지우거나 다른 디렉터리에 쓰십시오. 노드의 /tmp는 작습니다.",
    },
    quota: {
      what: "디스크 공간이나 파일 수의 쿼터를 모두 썼습니다.",
      advice: "필요 없는 것을 지우거나 다른 디렉터리에 쓰십시오.",
    },
    licence: {
      what: "프로그램이 라이선스를 얻지 못했습니다.",
      advice:
        "스크립트의 라이선스 서버 주소를 확인하십시오. 모두 사용 중이면 스케줄러에 라이선스를 요청하여 기다리게 하십시오.",
    },
    "unknown-module": {
      what: "그런 모듈이 없습니다: {{name}}",
      advice: "“module avail” 또는 “module spider”로 확인하고 이름이나 버전을 고치십시오.",
    },
    "no-module-command": {
      what: "스크립트에서 “module” 명령을 찾을 수 없습니다.",
      advice: "스크립트를 #!/bin/bash -l로 시작하십시오.",
    },
    "dos-line-ends": {
      what: "스크립트의 줄 끝이 Windows 형식입니다.",
      advice: "dos2unix로 바꾸거나 Unix 줄 끝으로 저장하십시오.",
    },
    "not-runnable": {
      what: "{{name}}을(를) 실행할 프로그램을 찾을 수 없습니다.",
      advice:
        "대개 스크립트의 줄 끝이 Windows 형식입니다. dos2unix로 바꾸십시오. 아니면 첫 줄의 인터프리터가 없습니다.",
    },
    "bad-interpreter": {
      what: "스크립트가 지정한 인터프리터가 없습니다: {{name}}",
      advice: "첫 줄의 경로를 고치십시오.",
    },
    "command-not-found": {
      what: "명령을 찾을 수 없습니다: {{name}}",
      advice: "철자를 확인하고, 명령이 있는 모듈을 불러오거나 이미지를 사용하십시오.",
    },
    "python-module": {
      what: "Python에 {{name}} 모듈이 없습니다.",
      advice: "스크립트에서 그 모듈이 있는 환경을 활성화하거나, 거기에 설치하십시오.",
    },
    glibc: {
      what: "프로그램이 더 새로운 시스템용으로 빌드되었습니다: {{name}}이(가) 없습니다.",
      advice: "클러스터에서 빌드하거나 이미지에서 실행하십시오.",
    },
    "missing-library": {
      what: "라이브러리를 찾을 수 없습니다: {{name}}",
      advice: "프로그램을 빌드할 때의 모듈을 불러오거나 LD_LIBRARY_PATH를 설정하십시오.",
    },
    "exec-format": {
      what: "이 종류의 컴퓨터에서 실행할 수 있는 파일이 아닙니다.",
      advice: "노드의 아키텍처에 맞게 빌드하십시오. 스크립트에는 첫 줄에 #!가 필요합니다.",
    },
    "illegal-instruction": {
      what: "프로그램이 노드와 다른 CPU용으로 빌드되었습니다.",
      advice: "파티션의 가장 오래된 CPU에 맞게 빌드하거나, 빌드한 것과 같은 노드를 선택하십시오.",
    },
    "image-not-opened": {
      what: "이미지를 열 수 없습니다: {{name}}",
      advice: "경로와 권한을 확인하고, 노드에서 보이는지 확인하십시오.",
    },
    "segmentation-fault": {
      what: "프로그램이 자기 것이 아닌 메모리에 접근했습니다(세그멘테이션 오류).",
      advice: "대개 프로그램이나 입력의 결함입니다. 더 작은 입력이나 디버그 빌드로 시험하십시오.",
    },
    "bus-error": {
      what: "프로그램이 버스 오류로 종료되었습니다.",
      advice: "대개 사용 중인 파일이 잘렸거나 /dev/shm 또는 디스크가 가득 찬 경우입니다.",
    },
    "floating-point": {
      what: "프로그램이 0으로 나누었거나 수의 범위를 벗어났습니다.",
      advice: "입력과 시간 간격을 확인하십시오.",
    },
    "too-many-files": {
      what: "프로그램이 허용된 것보다 많은 파일을 열었습니다.",
      advice: "스크립트에서 “ulimit -n”으로 한도를 늘리거나 한 번에 더 적게 여십시오.",
    },
    "too-many-processes": {
      what: "작업이 허용된 것보다 많은 프로세스나 스레드를 시작했습니다.",
      advice: "더 적게 시작하십시오. OMP_NUM_THREADS를 작업의 CPU 수로 설정하십시오.",
    },
    "no-network": {
      what: "작업이 다른 호스트에 연결하지 못했습니다.",
      advice:
        "노드에서는 인터넷에 연결되지 않는 경우가 많습니다. 미리 내려받거나 사이트의 프록시를 설정하십시오.",
    },
    "mpi-abort": {
      what: "프로세스 하나가 실패했거나 시작되지 않아 MPI가 프로그램을 종료했습니다.",
      advice: "출력의 첫 오류에 원인이 있습니다. 빌드와 실행에 같은 MPI를 썼는지 확인하십시오.",
    },
    "permission-denied": {
      what: "작업에 읽기, 쓰기 또는 실행 권한이 없는 것이 있습니다.",
      advice: "이 줄에 있는 파일의 권한을 확인하십시오. 프로그램에는 chmod +x가 필요합니다.",
    },
    "no-such-file": {
      what: "파일이나 디렉터리를 찾을 수 없습니다.",
      advice: "이 줄의 경로를 확인하십시오. 상대 경로는 작업 디렉터리에서 시작합니다.",
    },
  },
} as const;
