// A file looked at in the page, and a job's directory.
import type * as en from "../en/preview";
import type { Translation } from "../translation";

export const preview: Translation<typeof en.preview> = {
  directory: "작업 디렉터리",
  reload: "다시 읽기",
  nothingInside: "디렉터리가 비어 있습니다",
  outside:
    "이 작업은 {{path}}에서 실행되었으며, 사이트에서 여기에 여는 공간에 속하지 않습니다. 클러스터에서 직접 확인하십시오.",
  gone: "작업 디렉터리 {{path}}이(가) 더 이상 없습니다.",
  downloadAll: "모두 다운로드",
  download: "다운로드",
  part: "보여 줄 부분",
  first: "처음",
  last: "끝",
  cut: {
    first: "처음 {{size}}만 표시합니다. 나머지는 파일을 다운로드해 확인하십시오.",
    last: "마지막 {{size}}만 표시하며 줄 번호는 끝에서부터 셉니다. 나머지는 파일을 다운로드해 확인하십시오.",
  },
  view: "보기 방식",
  asTable: "표",
  asText: "텍스트",
  tableCut: "처음 {{rows}}행만 표시합니다. 나머지는 파일을 다운로드해 확인하십시오.",
  tooLarge: "이미지가 너무 커서 표시할 수 없습니다. 다운로드해 확인하십시오",
  broken: "브라우저에서 표시할 수 없는 이미지입니다. 다운로드해 확인하십시오",
  notText: "텍스트 파일이 아닙니다. 다운로드해 확인하십시오",
  cp949: "CP949로 읽었습니다.",
  nothing: "빈 파일입니다",
};
