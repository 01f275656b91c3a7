export const uploads = {
  columns: { name: "File", state: "State", kind: "Kind", path: "Path", size: "Size", created: "Uploaded" },
  incomplete: "Cut at {{percent}}",
  warnings: {
    executables: "Program",
    macros: "Macros",
    pickles: "Pickle",
  },
  warningAdvice: {
    executables: "A program as machine code. Run it only if you know where it comes from.",
    macros: "The document has macros in it. Open it only if you know where it comes from.",
    pickles:
      "Python objects: loading them runs what they say. Load them only if you know where they come from.",
  },
  states: {
    queued: "Queued",
    uploading: "Uploading",
    interrupted: "Interrupted, trying again",
    paused: "Paused",
    finished: "Uploaded",
    failed: "Failed",
  },
};
