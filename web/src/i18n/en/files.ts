export const files = {
  where: "Path",
  home: "Home",
  columns: { name: "Name", size: "Size", mode: "Permissions", modified: "Changed" },
  empty: "This directory is empty",
};
