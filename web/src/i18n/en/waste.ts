// What jobs were given and did not use, and the shares of accounts: what the overview says of them.
export const waste = {
  usedOf: "{{used}} of {{given}} ({{share}})",
  title: "What my jobs did not use",
  titleAll: "What jobs did not use",
  lastDays_one: "last {{formatted}} day",
  lastDays_other: "last {{formatted}} days",
  cpu: "CPU time used",
  hours: "{{hours}} core hours",
  more: "Besides, {{memory}} GiB hours of memory and at least {{gpu}} GPU hours were not used.",
  moreMemory: "Besides, {{memory}} GiB hours of memory were not used.",
  worst: "Jobs that left most unused",
  users: "Users whose jobs left most unused",
  job: "Job",
  user: "User",
  jobs: "Jobs",
  unused: "Core hours unused",
  share: "Used",
};

export const shares = {
  title: "My accounts",
  below:
    "Fair share is what is left of an account's turn, from 0 to 1: the higher, the sooner its jobs start.",
  fairShare: "Fair share {{value}}",
  fairShareUnknown: "no fair share",
  usage: "{{hours}} billed core hours lately",
  left: "{{resource}} left",
  leftOf: "{{left}} h of {{limit}} h",
  reserved: "{{hours}} h of it are kept for running jobs",
  used: "Nothing left: jobs wait until old use has faded, or the account gets more.",
  above: "limit of {{account}}",
  resources: { cpu: "CPU", mem: "Memory (MiB)", node: "Nodes", billing: "Billing", gpu: "GPU" },
};
