export const frame = {
  skip: "Skip to content",
  navigation: "Main",
  menu: "Open navigation",
  library: "Library",
  data: "Data",
  cluster: "Cluster",
  chooseCluster: "Cluster {{cluster}}: choose another",
  language: "Language",
  scheme: "Colour scheme",
  schemes: { light: "Light", dark: "Dark", auto: "As the system" },
  account: "Account {{user}}",
  accountMarked: "Account {{user}}: security notice",
  reusedTitle: "A session of yours may have been copied",
  reused:
    "On {{time}} a sign-in that had been used up was used again from {{by}}, and its session was ended. If you do not know that address, sign out everywhere and choose a new password.",
  dismiss: "Dismiss the notice",
  unixUser: "Unix user {{user}}",
  bell_one: "Notifications: {{formatted}} unread",
  bell_other: "Notifications: {{formatted}} unread",
  signOut: "Sign out",
  admin: "Admin",
  waiting: "Too many requests at once. The page goes on by itself in",
};

export const live = {
  live: "Live",
  connecting: "Connecting…",
  waiting: "Reconnecting…",
  stale: "Stale",
  asOf: "As of {{time}}",
  liveTip: "Changes appear as they happen.",
  staleTip: "The scheduler does not answer.",
  waitingTip: "The connection is gone. It is tried again by itself; what you see is the last that came.",
};

export const stale = {
  shown: "This is the last data that came.",
  shownFrom: "This is the data from {{age}}.",
  accounting: "Accounting (slurmdbd) does not answer: how jobs ended may be missing.",
  accountingSince:
    "Accounting (slurmdbd) has not answered since {{time}}: how jobs ended since then may be missing.",
  reasons: {
    "not-read-yet": "The scheduler has not been read yet.",
  },
};

export const notFound = {
  title: "There is no such page.",
  advice: "The link may be old.",
  home: "To the overview",
};

export const signIn = {
  title: "Sign in",
  heading: "Sign in to Quarterdeck",
  lead: "Jobs, files and images of your cluster.",
  username: "User name",
  password: "Password",
  showPassword: "Show or hide the password",
  submit: "Sign in",
  again: "Sign in again in {{seconds}} s",
  ended: "Your session has ended: sign in again.",
};

/** The titles of pages, which the navigation has too. */
export const pages = {
  jobs: "Jobs",
  newJob: "New job",
  templates: "Templates",
  images: "Images",
  uploads: "Uploads",
  files: "Files",
  nodes: "Nodes",
  users: "Users",
  audit: "Audit log",
  limits: "Rate limits",
  account: "My account",
  partitions: "Partitions",
  reservations: "Reservations",
  use: "Use over time",
};
