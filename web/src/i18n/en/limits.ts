export const limits = {
  below:
    "How often what may be done. Who is refused is told how long to wait; pages wait and go on by themselves.",
  inForce: "Limits in force",
  columns: {
    class: "What",
    rate: "Limit",
    counted: "Counted for",
    setting: "Setting",
    refused: "Refused (1 h)",
  },
  classes: {
    sign_in: "Attempts to sign in",
    submit: "Jobs submitted",
    new_upload: "Uploads begun",
    node_action: "Nodes drained and resumed",
    reboot: "Nodes rebooted",
    scan: "Image and template scans",
    write: "Other changes",
    read: "Other reading",
  },
  none: "not limited",
  per: {
    second: "{{amount}} per second",
    minute: "{{amount}} per minute",
    hour: "{{amount}} per hour",
  },
  withBurst: "{{rate}}, bursts of {{burst}}",
  countedBy: {
    user: "each user, each API key apart",
    address_and_name: "each address with each name",
  },
  stores: {
    process: "Counted by each server for itself",
    redisUp: "Counted in Redis for all servers",
    redisDown: "Redis does not answer: each server counts for itself",
  },
  howToChange: "How to change them",
  howToChangeText:
    "In the section [limits] of the server's configuration, each by its setting; “off” limits nothing. The server reads it when it starts.",
};
