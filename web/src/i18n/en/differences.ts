export const differences = {
  none: "Both are the same, line by line.",
  firstRows: "Only the first {{rows}} lines are shown.",
};
