// What jobs were given and did not use, and the shares of accounts: what the overview says of them.
import type * as en from "../en/waste";
import type { Translation } from "../translation";

export const waste: Translation<typeof en.waste> = {
  usedOf: "{{given}} 중 {{used}} ({{share}})",
  title: "내 작업이 쓰지 않은 자원",
  titleAll: "작업이 쓰지 않은 자원",
  lastDays_other: "최근 {{formatted}}일",
  cpu: "사용한 CPU 시간",
  hours: "{{hours}} 코어 시간",
  more: "그 밖에 메모리 {{memory}} GiB 시간과 최소 {{gpu}} GPU 시간이 쓰이지 않았습니다.",
  moreMemory: "그 밖에 메모리 {{memory}} GiB 시간이 쓰이지 않았습니다.",
  worst: "가장 많이 남긴 작업",
  users: "작업이 가장 많이 남긴 사용자",
  job: "작업",
  user: "사용자",
  jobs: "작업 수",
  unused: "쓰지 않은 코어 시간",
  share: "사용률",
};

export const shares: Translation<typeof en.shares> = {
  title: "내 계정(account)",
  below: "공정 할당은 계정의 차례가 얼마나 남았는지를 0에서 1로 나타냅니다. 높을수록 작업이 빨리 시작됩니다.",
  fairShare: "공정 할당 {{value}}",
  fairShareUnknown: "공정 할당 없음",
  usage: "최근 과금 {{hours}} 코어 시간",
  left: "{{resource}} 남은 양",
  leftOf: "{{limit}}시간 중 {{left}}시간",
  reserved: "그중 {{hours}}시간은 실행 중인 작업을 위해 잡혀 있습니다",
  used: "남은 양이 없습니다. 지난 사용량이 줄거나 계정의 한도가 늘어날 때까지 작업이 대기합니다.",
  above: "{{account}}의 한도",
  resources: { cpu: "CPU", mem: "메모리(MiB)", node: "노드", billing: "과금", gpu: "GPU" },
};
