import { describe, expect, it } from "vitest";
import { withParticles } from "./particles";

describe("a Korean particle", () => {
  it.each([
    ["작업 40 “학습”이(가) 실패", "작업 40 “학습”이 실패"],
    ["작업 40 “열화상 지도”이(가) 실패", "작업 40 “열화상 지도”가 실패"],
    ["코드 3(으)로 종료", "코드 3으로 종료"],
    ["코드 1(으)로 종료", "코드 1로 종료"],
    ["코드 4(으)로 종료", "코드 4로 종료"],
    ["시그널 9을(를) 받아", "시그널 9를 받아"],
    ["320 MiB(으)로 충분", "320 MiB로 충분"],
    ["서울(으)로", "서울로"],
    ["서울은(는)", "서울은"],
    ["점검 6와(과) 겹칩니다", "점검 6과 겹칩니다"],
    ["점검 5와(과) 겹칩니다", "점검 5와 겹칩니다"],
    ["메일을 a(으)로, b을(를)", "메일을 a(으)로, b을(를)"],
    ["괄호(가) 그대로", "괄호(가) 그대로"],
  ])("follows what is read before it: %s", (text, expected) => {
    expect(withParticles(text)).toBe(expected);
  });
});
