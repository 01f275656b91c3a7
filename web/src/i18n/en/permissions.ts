// Who may read, change and run a file.
export const permissions = {
  open: "Permissions",
  titleOne: "Permissions of “{{name}}”",
  title_one: "Permissions of {{formatted}} item",
  title_other: "Permissions of {{formatted}} items",
  classes: { owner: "Owner", group: "Group", others: "Others" },
  deeds: { read: "Read", write: "Write", execute: "Execute" },
  enter: "Enter",
  executeOrEnter: "Execute, enter",
  nothing: "nothing",
  octal: "Octal",
  differ: "they differ",
  set: "Set permissions",
  withFile: { read: "read it", write: "change it", execute: "run it" },
  inDirectory: { read: "see what is in it", write: "add and delete in it", execute: "enter it" },
  reach: {
    others: "Everybody on the cluster can {{deeds}}.",
    group: "Members of its group can {{deeds}}.",
    owner: "Only the owner can {{deeds}}.",
  },
  nobody: "Nobody can do anything with it but administrators; its owner can change that.",
  above: "This holds for those whom the directories above let in.",
  mixed: "They mean different things. A box with a dash leaves each as it is.",
  setGroupId:
    "Set-group-id stays: new files in such a directory belong to its group; such a program runs with its group.",
  sticky: "The sticky bit stays: people delete and rename only what is their own in there.",
  warnEverybody:
    "Everybody on the cluster could change it: what you run or read from it may then be somebody else's.",
  warnSticky: "Everybody on the cluster could put files in there.",
  warnOwner: "The owner can no longer read it. She can give herself that back here.",
  left_one:
    "{{formatted}} is left as it is: links have no permissions of their own, and what runs as its owner (set-user-id) is changed in a shell.",
  left_other:
    "{{formatted}} are left as they are: links have no permissions of their own, and what runs as its owner (set-user-id) is changed in a shell.",
  failed_one: "{{formatted}} of {{of}} could not be set:",
  failed_other: "{{formatted}} of {{of}} could not be set:",
};
