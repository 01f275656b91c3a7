// Korean particles follow the sound before them. A text with a value in it names both ("{{name}}이(가)"); here the one
// that fits is put in, where the value's end is read in one way only.
import type { PostProcessorModule } from "i18next";

/** What stands in texts, with the form behind a consonant and the one behind a vowel. */
const PARTICLES: Record<string, [string, string]> = {
  "이(가)": ["이", "가"],
  "을(를)": ["을", "를"],
  "은(는)": ["은", "는"],
  "와(과)": ["과", "와"],
  "(으)로": ["으로", "로"],
};

/** A particle, the character that it follows, and quotes and brackets between them, which are not read. */
const PLACE = /(\S)(["'”’)\]]*)(이\(가\)|을\(를\)|은\(는\)|와\(과\)|\(으\)로)/gu;

type Sound = "vowel" | "consonant" | "ㄹ";

export const particles: PostProcessorModule = {
  type: "postProcessor",
  name: "particles",
  process: (text: string) => withParticles(text),
};

export function withParticles(text: string): string {
  return text.replace(PLACE, (both, last: string, between: string, particle: string) => {
    const sound = soundOf(last);
    const [afterConsonant, afterVowel] = PARTICLES[particle] ?? [particle, particle];
    if (!sound) return both;
    const isVowel = sound === "vowel" || (sound === "ㄹ" && particle === "(으)로");
    return last + between + (isVowel ? afterVowel : afterConsonant);
  });
}

/** How a value ends when it is read; null where that cannot be told (English words). */
function soundOf(character: string): Sound | null {
  const code = character.charCodeAt(0);
  if (code >= 0xac00 && code <= 0xd7a3) {
    const final = (code - 0xac00) % 28;
    return final === 0 ? "vowel" : final === 8 ? "ㄹ" : "consonant";
  }
  if (/[0-9]/.test(character))
    return /[178]/.test(character) ? "ㄹ" : /[036]/.test(character) ? "consonant" : "vowel";
  // Letters by their names: 엘, 엠, 엔, 아르.
  if (/[A-Z]/.test(character))
    return character === "L" ? "ㄹ" : /[MN]/.test(character) ? "consonant" : "vowel";
  return null;
}
