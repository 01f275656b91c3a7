// slurmrestd 장애를 알리는 한국어 문구.
import type * as en from "../en/fallback";
import type { Translation } from "../translation";

export const fallback: Translation<typeof en.fallback> = {
  note: "slurmrestd가 {{time}}부터({{age}}) 응답하지 않거나 오류를 보내고 있습니다. 복구될 때까지 Slurm 명령으로 작업과 노드를 읽습니다.",
  reason: "원인: {{reason}}",
};
