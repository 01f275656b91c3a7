export const account = {
  tabs: { sessions: "Sessions", keys: "API keys", password: "Password", notifications: "Notifications" },
  noUnixUser: "no Unix user",
  noUnixUserMeans:
    "Your account has no Unix user on the cluster. You can look around, but not run jobs or keep files: an administrator can connect one.",
};

export const sessions = {
  title: "My sessions",
  columns: {
    device: "Device",
    address: "Address",
    signedIn: "Signed in",
    lastUsed: "Last used",
    ends: "Ends",
  },
  device: "{{program}} on {{system}}",
  unknownDevice: "Unknown device",
  thisOne: "This one",
  end: "End",
  endNamed: "End the session on {{device}}",
  endTitle: "End the session on {{device}}?",
  endText:
    "The pages there, from {{address}}, are signed out at once and their uploads stop. Whoever uses them has to sign in again.",
  endDeed: "End the session",
  everywhere: "Sign out everywhere",
  everywhereTitle: "Sign out everywhere?",
  everywhereText:
    "All your sessions end at once, this one too, and uploads stop. Jobs go on, and API keys stay good.",
  notices: "Security notices",
  reused: {
    text: "On {{time}} somebody at {{by}} used a sign-in again that had been used up. It belonged to your session on {{device}}, begun from {{address}}. That session was ended at once.",
    advice:
      "If you do not know that address: sign out everywhere, choose a new password, and tell an administrator.",
  },
};

export const password = {
  title: "Change password",
  present: "Present password",
  next: "New password",
  rule: "10 to 256 characters of any kind, and not one of those that everybody tries.",
  ends: "Your other sessions end; this one and your API keys go on.",
  change: "Change password",
  changed: "Your password is changed. Your other sessions have ended.",
};
