// By what a file is known again that was begun to be sent: what it is called, its size and its time, and of a big one how
// it begins and ends. The server keeps it with the upload, so that any browser can go on.

/** Of a bigger file a sample is read. */
const SAMPLED_BYTES = 8 * 1024 * 1024;
const SAMPLE_BYTES = 64 * 1024;

/** @throws DOMException where the file cannot be read. */
export async function fingerprintOf(file: File, path: string): Promise<string> {
  const about = JSON.stringify([path, file.size, file.lastModified]);
  const sample =
    file.size > SAMPLED_BYTES
      ? [file.slice(0, SAMPLE_BYTES), file.slice(file.size - SAMPLE_BYTES)]
      : ([] as Blob[]);
  const bytes = new Uint8Array(await new Blob([about, ...sample]).arrayBuffer());
  return `1:${hash(bytes, 0)}${hash(bytes, 1)}`;
}

/** cyrb53: 53 bits. No secret and no proof, only to tell a person's own files apart; Web Crypto is missing on plain HTTP. */
function hash(bytes: Uint8Array, seed: number): string {
  let one = 0xdeadbeef ^ seed;
  let other = 0x41c6ce57 ^ seed;
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 2654435761);
    other = Math.imul(other ^ byte, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);
  other = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return (4294967296 * (2097151 & other) + (one >>> 0)).toString(16).padStart(14, "0");
}
