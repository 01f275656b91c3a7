// As what a file is shown, by its name. Pictures are the few kinds that hold no script; what could be a page is text.

export type PreviewKind = "image" | "table" | "log" | "text";

const IMAGES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
};

/** `.out`, `.err`, and what Slurm and others call it: `job.o123`. */
const LOGS = /\.(log|out|err)(\.\d+)?$|\.[oe]\d+$|^(stdout|stderr)(\.txt)?$/i;

export function previewKind(name: string): PreviewKind {
  const ending = endingOf(name);
  if (imageType(name)) return "image";
  if (ending === "csv" || ending === "tsv") return "table";
  return LOGS.test(name) ? "log" : "text";
}

/** The type that the browser is told, whatever the file says of itself. */
export function imageType(name: string): string | undefined {
  return IMAGES[endingOf(name)];
}

function endingOf(name: string): string {
  return /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}
