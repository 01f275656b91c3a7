// 작업이 받은 자원을 얼마나 썼는지, 그에 따른 조언, 계정별 할당.
import type * as en from "../en/efficiency";
import type { Translation } from "../translation";

export const efficiency: Translation<typeof en.efficiency> = {
  title: "자원 사용량",
  soFar: "{{time}} 현재까지",
  measureAgain: "다시 측정",
  cpu: "CPU 시간",
  memory: "메모리",
  time: "시간 제한",
  runTime: "실행 시간: {{time}}",
  gpu: "GPU(최댓값)",
  notMeasured: "{{given}} 할당, 사용량은 측정되지 않음",
  gpuPercent: "{{count}}개의 {{percent}}",
  gpuMemory: "GPU 메모리: 최대 {{used}}",
  given: "CPU 수 × 실행 시간",
  wasted: "받고 쓰지 않은 양: {{cpu}} 코어 시간",
  wastedGpu: "및 최소 {{gpu}} GPU 시간",
  nextTime: "다음에는",
  tasks: "태스크 {{formatted}}개 합계. 메모리는 가장 많이 쓴 태스크 기준입니다.",
  spread: { cpu: "태스크별 CPU 시간", memory: "태스크별 메모리" },
  bandOf: "{{from}}–{{to}} %: {{count}}개",
  bandsBelow: "막대는 할당받은 양 중 그만큼을 쓴 태스크의 수이며, 왼쪽부터 10 %에서 100 %까지입니다.",
  missing: {
    not_yet: "Slurm 어카운팅이 아직 값을 알려 주지 않았습니다. 보통 몇 초 안에 알려 줍니다.",
    not_measured: "Slurm이 이 작업을 측정하지 않았습니다. 작업이 너무 짧아 표본이 없었을 수 있습니다.",
    owner_only: "실행 중인 작업의 사용량은 Slurm이 소유자에게만 알려 줍니다. 그 밖에 알려진 값만 표시합니다.",
    no_sstat: "이 사이트는 실행 중인 작업을 측정하지 않습니다. 값은 작업이 끝나면 나옵니다.",
    unreachable: "Slurm이 응답하지 않았습니다. 잠시 후 다시 시도하십시오.",
  },
  next: {
    memory_mib: {
      less: "노드당 메모리를 {{asked}} 요청했지만 최대 {{used}}만 썼습니다. {{value}}(으)로 충분합니다.",
      more: "노드당 메모리 {{asked}}은(는) 부족했거나 거의 부족했습니다. {{value}}을(를) 요청하십시오.",
    },
    time_limit_minutes: {
      less: "시간 제한 {{asked}} 중 {{used}} 동안 실행됐습니다. {{value}}(으)로 줄이면 더 빨리 시작될 수 있습니다.",
      more: "시간 제한 {{asked}}에 걸려 중단됐습니다. {{value}}을(를) 요청하십시오.",
    },
    cpus_per_task: {
      less: "CPU {{asked}}개 중 평균 {{used}}개만 일했습니다. {{value}}개를 요청하거나, 프로그램이 CPU를 더 쓰게 하십시오.",
    },
    gpus: {
      less: "Slurm이 살펴볼 때마다 GPU가 놀고 있었습니다. GPU를 빼거나 원인을 찾으십시오.",
    },
  },
  advice: {
    title: "내 실행 기록에 따른 조언",
    looked_other: "이 템플릿의 최근 실행 {{formatted}}회를 살펴본 결과입니다.",
    memory_mib: {
      less: "노드당 메모리를 최대 {{used}} 썼고, 마지막 실행은 {{asked}}을(를) 요청했습니다.",
      more: "그중 한 번은 노드당 메모리 {{asked}}이(가) 부족했거나 거의 부족했습니다.",
    },
    time_limit_minutes: {
      less: "가장 긴 실행은 {{used}} 걸렸고, 마지막 실행의 시간 제한은 {{asked}}이었습니다.",
      more: "그중 한 번은 시간 제한 {{asked}}에 걸려 중단됐습니다.",
    },
    cpus_per_task: {
      less: "CPU {{asked}}개 중 평균 최대 {{used}}개만 일했습니다.",
    },
    gpus: {
      less: "Slurm이 살펴볼 때마다 GPU가 놀고 있었습니다.",
    },
    set: "{{value}} 적용",
    setLabel: "{{resource}}: {{value}} 적용",
    isSet: "{{value}} 적용됨",
    noGpus: "GPU 없음",
  },
  help: {
    open: "도움 요청",
    title: "이 작업에 대해 도움 요청",
    review:
      "사이트 지원 담당자에게 필요한 내용입니다. 작업 정보, 찾아낸 사유, 환경 변수, 스크립트, 출력의 끝부분이 들어 있습니다. 읽어 보고 남에게 보이면 안 되는 것은 지우십시오.",
    redacted_other: "비밀로 보이는 값 {{formatted}}개를 지웠습니다. 더 있을 수 있습니다.",
    text: "보낼 내용",
    question: "질문",
    questionHint: "무엇을 기대했고, 대신 어떤 일이 일어났습니까?",
    checked: "내용을 읽었으며 비밀이 들어 있지 않습니다.",
    save: "파일로 저장",
    mail: "메일 쓰기",
    mailHint: "메일 프로그램에는 파일을 직접 넘길 수 없습니다. 먼저 저장한 뒤 메일에 첨부하십시오.",
    page: "지원 페이지로 이동",
    nobody: "이 사이트에는 지원 주소가 정해져 있지 않습니다. 파일을 저장해 물어볼 사람에게 보내십시오.",
    attached: "자세한 내용은 첨부 파일 {{file}}에 있습니다.",
  },
};
