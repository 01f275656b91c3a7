// How a file's bytes are read as text: UTF-8 is the rule; what is not that may be CP949, as Korean Windows writes it.

export type Encoding = "utf-8" | "cp949";

export interface Decoded {
  text: string;
  encoding: Encoding;
  /** It began with a byte order mark, which is not in the text. */
  bom: boolean;
}

/** The Encoding Standard's "euc-kr" is CP949, with all of its syllables. */
const LABELS: Record<Encoding, string> = { "utf-8": "utf-8", cp949: "euc-kr" };
const BOM = [0xef, 0xbb, 0xbf];

/**
 * @param cut the bytes may end in the middle of a character, which is left out.
 * @returns `null` where they are neither UTF-8 nor CP949.
 */
export function decode(bytes: Uint8Array, cut = false): Decoded | null {
  const bom = BOM.every((byte, at) => bytes[at] === byte);
  const content = bom ? bytes.subarray(BOM.length) : bytes;
  const utf8 = strictly("utf-8", content, cut);
  if (utf8 !== null) return { text: utf8, encoding: "utf-8", bom };
  const cp949 = bom ? null : strictly("cp949", content, cut);
  return cp949 === null ? null : { text: cp949, encoding: "cp949", bom: false };
}

/** As UTF-8 whatever it is, for looking at alone: what is no character is a replacement character. */
export function decodeAnyway(bytes: Uint8Array, cut = false): { text: string; encoding: Encoding | null } {
  return decode(bytes, cut) ?? { text: new TextDecoder().decode(bytes), encoding: null };
}

export function encode(text: string, bom: boolean): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(bom ? `\ufeff${text}` : text);
}

function strictly(encoding: Encoding, bytes: Uint8Array, cut: boolean): string | null {
  try {
    return new TextDecoder(LABELS[encoding], { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut });
  } catch {
    return null;
  }
}
