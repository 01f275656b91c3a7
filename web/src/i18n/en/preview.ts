// A file looked at in the page, and a job's directory.
export const preview = {
  directory: "Working directory",
  reload: "Read again",
  nothingInside: "Nothing is in this directory",
  outside:
    "The job worked in {{path}}, which is in none of the spaces that the site opens here. Look at it on the cluster.",
  gone: "The job's directory {{path}} is no longer there.",
  download: "Download",
  downloadAll: "Download all",
  part: "Part of the file",
  first: "Beginning",
  last: "End",
  cut: {
    first: "Only the first {{size}} are shown: download the file for the rest.",
    last: "Only the last {{size}} are shown, lines counted from the end: download the file for the rest.",
  },
  view: "Shown as",
  asTable: "Table",
  asText: "Text",
  tableCut: "Only the first {{rows}} rows are shown: download the file for the rest.",
  tooLarge: "This picture is too large to be shown: download it",
  broken: "This is no picture that the browser can show: download it",
  notText: "This is no text: download it",
  cp949: "Read as CP949.",
  nothing: "The file is empty",
};
