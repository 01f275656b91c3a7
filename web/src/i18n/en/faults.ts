// What the server finds wrong with what features ask for; a part of problem.ts.
export const choiceFaults = {
  "over-partition-nodes": "Partition {{partition}} gives a job at most {{limit}} nodes.",
  "over-partition-cpus": "Partition {{partition}} gives a job at most {{limit}} CPUs on a node.",
  "over-partition-memory": "Partition {{partition}} gives a job at most {{limit_mib}} MiB on a node.",
  "no-such-account": "You may not charge the account {{account}}: choose another.",
  "no-such-qos": "There is no QOS {{qos}}: choose another.",
  "qos-not-allowed": "The account does not allow the QOS {{qos}}: choose another.",
  "no-such-reservation": "There is no reservation {{reservation}} now: choose another.",
  "no-such-feature": "No node has the feature {{feature}}: choose another.",
  "no-such-gpu": "No node has GPUs of the type {{gpu}}: choose another.",
  "no-gpus": "No node has GPUs.",
  "too-many-gpus": "No node has {{count}} of these GPUs: ask for fewer.",
  "gpus-apart": "Ask for GPUs in their own field.",
  "no-such-gres": "No node has the device {{gres}}: choose another.",
  "too-many-gres": "No node has so many: {{gres}}. Ask for fewer.",
  "no-such-license": "There is no licence {{license}}: choose another.",
  "too-many-licenses": "There are only {{limit}} licences of {{license}}: ask for fewer.",
  "not-an-expression": "Write names and numbers without spaces.",
  "too-many-dependencies": "A job waits for at most 20 others.",
  "no-dependencies-here": "This queue knows no dependencies: leave them out.",
  "no-such-job": "There is no job {{job}}: choose another.",
  "job-without-number": "The scheduler does not have this job: choose another.",
  "never-satisfied":
    "This job has ended otherwise already, so yours would never start: choose another condition.",
};

/** Among the faults of fields. */
export const notificationFields = {
  "bad-webhook": "Write an https:// address on the internet, without a password in it.",
  "bad-minutes": "Choose 1 minute to a year.",
  "bad-mail-address": "This is no mail address: write name@example.org.",
  "bad-mail-domain": "The site sends mail to addresses of its own domains alone.",
  "bad-endpoint": "This browser's push service is at an address that the site does not send to.",
  "bad-push-keys": "The browser's keys are not valid: try again.",
};

/** Among the problems that the server answers with. */
export const notificationProblems = {
  "channel-not-offered": "This site sends no such messages.",
  "no-address": "You have not said yet where these messages go.",
  "too-many-messages": "You have had as many such messages sent as one may in an hour.",
  "message-not-sent": "The message could not be sent: try again later, or ask an administrator.",
  "wrong-mail-code": "This is not the code that was sent, or it is too old: have another sent.",
};

/** What can be wrong with a sweep's fields. */
export const sweepFaults = {
  "no-rows": "Fill in at least one row.",
  "no-columns": "Choose what varies.",
  "two-arrays": "A sweep is a job array already: leave this empty.",
  "too-many": "This is more than {{limit}}.",
  "no-such-file": "The job has no file of this name: add it, or correct the name.",
  "shared-output": "All tasks would write into one file: write %a in its name.",
  "bad-variable": "A variable's name has letters, digits and _.",
  "read-only-variable": "This variable is set already: choose another name.",
  "nul-byte": "Remove the NUL character.",
};
