// Why a job waits or failed, and what to do: a pair for each code that the server finds (jobs/why), beginning with
// the reasons to wait, then the ends, then what the output tells.
export const why = {
  titles: { waiting: "Why it waits", failed: "Why it failed", ended: "Why it ended" },
  startsAt: "It is expected to start {{ago}}, at {{time}}.",
  ahead_one: "{{formatted}} job of its partition is before it.",
  ahead_other: "{{formatted}} jobs of its partition are before it.",
  inOutput: "Line {{number}} from the end of the output",
  newJobOf: "New job of {{limit}}",
  of: { qos: "The QOS", association: "The account" },
  resources: {
    cpus: "CPUs",
    memory: "memory",
    nodes: "nodes",
    gres: "GPUs or other devices",
    licences: "licences",
    energy: "energy",
    "burst-buffer": "burst buffer",
    billing: "billed resources",
    jobs: "running jobs",
    "submitted-jobs": "submitted jobs",
    time: "run time",
    other: "resources",
  },
  codes: {
    "not-considered": {
      what: "The scheduler has not looked at it yet.",
      advice: "Wait a moment: this takes seconds.",
    },
    priority: {
      what: "Jobs of higher priority are before it.",
      advice:
        "Nothing needs to be done. A shorter time limit or fewer resources may let it start earlier, in a gap.",
    },
    resources: {
      what: "It is next, and waits until enough resources are free.",
      advice: "Nothing needs to be done. Fewer CPUs, less memory or a shorter time limit may fit earlier.",
    },
    "nodes-out-of-service": {
      what: "Too many nodes of partition {{partition}} are out of service, or kept for other partitions.",
      advice:
        "Ask for fewer nodes or choose another partition; the page Nodes shows which are down or drained.",
    },
    "nodes-not-available": {
      what: "Nodes that it needs are not available: {{nodes}}.",
      advice: "Wait until they are back, or submit it without naming nodes or with fewer of them.",
    },
    "node-not-available": {
      what: "A node that it needs is not available.",
      advice: "Wait until it is back, or submit it without naming nodes.",
    },
    // Slurm 24.11 says the same of nodes that are drained.
    "reserved-for-another": {
      what: "Nodes that it needs may be kept for another job, or are out of service.",
      advice: "Wait, or ask for other nodes; the page Nodes shows which are down or drained.",
    },
    maintenance: {
      what: "Its time limit reaches into a maintenance.",
      advice: "Wait until the maintenance is over, or submit it with a shorter time limit.",
    },
    "maintenance-ahead": {
      what: "Its limit of {{limit_minutes}} reaches into the maintenance {{name}}, which begins at {{starts_at}}.",
      advice:
        "A job of at most {{fits_minutes}} ends before it and need not wait for it. Otherwise it waits until {{ends_at}}.",
    },
    "maintenance-unlimited": {
      what: "It has no time limit, so it would still run when the maintenance {{name}} begins, at {{starts_at}}.",
      advice:
        "A job of at most {{fits_minutes}} ends before it and need not wait for it. Otherwise it waits until {{ends_at}}.",
    },
    "maintenance-soon": {
      what: "The maintenance {{name}} begins at {{starts_at}}, too soon for a job to end before it.",
      advice: "Wait: it can start after {{ends_at}}.",
    },
    "maintenance-now": {
      what: "The maintenance {{name}} is under way.",
      advice: "Wait: it can start after {{ends_at}}.",
    },
    dependency: {
      what: "It waits for another job that it depends on.",
      advice: "Nothing needs to be done: it may start when that one has ended as was asked.",
    },
    "dependency-of": {
      what: "It waits for what it depends on: {{jobs}}.",
      advice: "Nothing needs to be done: it may start when that has ended as was asked.",
    },
    "dependency-failed": {
      what: "What it depends on did not end as was asked ({{jobs}}), so it will never start.",
      advice: "Cancel it, mend what failed, and submit both again.",
    },
    "dependency-never": {
      what: "A job that it depends on did not end as was asked, so it will never start.",
      advice: "Cancel it, mend what failed, and submit both again.",
    },
    "begin-time": {
      what: "It was submitted to start at a later time.",
      advice: "Nothing needs to be done. To start it now, cancel it and submit it without a begin time.",
    },
    licences: {
      what: "All licences that it asks for are in use.",
      advice: "Wait until others give theirs back, or ask for fewer.",
    },
    held: { what: "Its owner holds it.", advice: "Release it to let it start." },
    "held-by-administrator": {
      what: "An administrator holds it.",
      advice: "Ask the administrators what for: they alone can release it.",
    },
    "held-after-requeue": {
      what: "It could not be launched, was put back into the queue, and is held there.",
      advice: "Release it to try again. If that fails too, tell an administrator the job id.",
    },
    "array-task-limit": {
      what: "The array runs as many tasks at once as it may.",
      advice:
        "Nothing needs to be done: the next task starts when one ends. The number behind % in the array sets how many.",
    },
    reservation: {
      what: "It waits for its reservation to begin, or for room in it.",
      advice: "Wait, or submit it without the reservation.",
    },
    "reservation-gone": {
      what: "Its reservation does not exist any more.",
      advice: "Cancel it and submit it without the reservation.",
    },
    "partition-down": {
      what: "Partition {{partition}} starts no jobs at present.",
      advice: "Wait, or choose another partition.",
    },
    "partition-inactive": {
      what: "Partition {{partition}} is inactive.",
      advice: "Choose another partition.",
    },
    "partition-node-limit": {
      what: "It asks for more nodes, or fewer, than partition {{partition}} allows.",
      advice: "Cancel it and submit it with another number of nodes, or in another partition.",
    },
    "partition-time-limit": {
      what: "Its time limit is longer than partition {{partition}} allows.",
      advice: "Cancel it and submit it with a shorter time limit, or in another partition.",
    },
    "not-allowed-in-partition": {
      what: "Partition {{partition}} does not accept it as it is: no node of it is large enough, or the account or QOS may not use it.",
      advice: "Compare what it asks for with the partition's limits, or choose another partition.",
    },
    "account-not-allowed": {
      what: "Its account is not valid, or may not be used here.",
      advice: "Submit it with another account, or ask an administrator.",
    },
    "qos-not-allowed": {
      what: "Its QOS is not valid, or may not be used here.",
      advice: "Submit it with another QOS, or ask an administrator.",
    },
    "qos-usage-threshold": {
      what: "Too much was used lately for what its QOS asks of its users.",
      advice: "Wait until the use has aged, or choose another QOS.",
    },
    "limit-group": {
      what: "{{of}} allows all its jobs together no more {{resource}} ({{reason}}).",
      advice: "Wait until others' jobs end, or use another account or QOS.",
    },
    "limit-user": {
      what: "{{of}} allows each user no more {{resource}} at once ({{reason}}).",
      advice: "Nothing needs to be done: it may start when other jobs of this user end.",
    },
    "limit-account": {
      what: "{{of}} allows each account no more {{resource}} at once ({{reason}}).",
      advice: "Wait until other jobs of the account end, or use another account.",
    },
    "limit-job": {
      what: "It asks for more {{resource}} than a job may have: {{of}} sets the limit ({{reason}}).",
      advice: "Waiting does not help: cancel it and ask for less.",
    },
    "limit-least": {
      what: "It asks for fewer {{resource}} than a job must have: {{of}} sets the limit ({{reason}}).",
      advice: "Waiting does not help: cancel it and ask for more, or choose another QOS.",
    },
    "memory-limit": {
      what: "It asks for more memory than its partition allows.",
      advice: "Cancel it and ask for less memory, or spread it over more nodes.",
    },
    "bad-constraints": {
      what: "No node has everything that it asks for.",
      advice: "Cancel it and ask for other features, GPUs, memory or CPUs.",
    },
    "burst-buffer": {
      what: "Its burst buffer is not ready ({{reason}}).",
      advice: "Wait. If it does not pass, ask an administrator.",
    },
    preparing: {
      what: "Its nodes are being made ready.",
      advice: "Wait: this takes a moment, or minutes where nodes are switched on.",
    },
    scheduling: {
      what: "The scheduler put it off for a moment.",
      advice: "Nothing needs to be done.",
    },
    "powering-limit": {
      what: "As many nodes as the site allows are switched on.",
      advice: "Wait until others are free.",
    },
    other: {
      what: "The scheduler gives a reason that is not known here: {{reason}}",
      advice: "Ask an administrator if it does not pass.",
    },

    "time-limit": {
      what: "It reached its time limit and was ended.",
      advice: "Submit it with a longer time limit, or let it save its state and go on from there.",
    },
    "out-of-memory": {
      what: "It used more memory than it had asked for and was ended.",
      advice: "Submit it with more memory, or with less to do at once.",
    },
    killed: {
      what: "Something in it was killed (signal 9), most often because more memory was used than the job had asked for.",
      advice:
        "Submit it with more memory. If that changes nothing, look whether something in the job kills it.",
    },
    signal: {
      what: "It was ended by signal {{signal}}.",
      advice: "The end of its output may say more.",
    },
    "exit-code": {
      what: "The script ended with exit code {{exit_code}}.",
      advice: "Read the end of its output: what failed last is most often said there.",
    },
    "node-failed": {
      what: "A node failed while it ran.",
      advice: "It is not the job's fault: submit it again.",
    },
    "boot-failed": {
      what: "A node could not be started for it.",
      advice: "It is not the job's fault: submit it again, and tell an administrator if it happens again.",
    },
    "launch-failed": {
      what: "The scheduler could not launch it.",
      advice:
        "Check that its working directory and output path exist on the nodes; else tell an administrator the job id.",
    },
    "system-failure": {
      what: "The scheduler itself failed.",
      advice: "It is not the job's fault: submit it again, and tell an administrator if it happens again.",
    },
    deadline: {
      what: "It could not end before its deadline.",
      advice: "Submit it with a later deadline or a shorter time limit.",
    },
    "inactive-limit": {
      what: "Nothing ran in it for longer than the site allows.",
      advice: "Start the work at once when the job starts.",
    },
    preempted: {
      what: "A job of higher priority took its place.",
      advice: "Submit it again, or in a partition or QOS that is not preempted.",
    },
    cancelled: {
      what: "It was cancelled.",
      advice: "Who did it is not recorded here: it was not done through Quarterdeck.",
    },
    "cancelled-by-owner": { what: "Its owner cancelled it.", advice: "Submit it again if it is needed." },
    "cancelled-by": {
      what: "It was cancelled by {{user}}.",
      advice: "Ask {{user}} for the reason before you submit it again.",
    },
    "not-submitted": {
      what: "The scheduler never had this job.",
      advice: "Submit it again, once what the scheduler says is mended.",
    },
    "outcome-unknown": {
      what: "The submission was interrupted, and whether the scheduler has the job cannot be told yet.",
      advice: "Do not submit it again before this is known: it is not submitted again by itself.",
    },

    "cuda-out-of-memory": {
      what: "The GPU's memory was not enough.",
      advice: "Use a smaller batch, more GPUs, or a GPU with more memory.",
    },
    "cuda-driver": {
      what: "The GPU driver of the node is too old for the CUDA that the program was built with.",
      advice: "Use a program, module or image of an older CUDA, or a partition with newer nodes.",
    },
    "no-gpu": {
      what: "The program found no GPU.",
      advice: "Ask for GPUs in the job; in an image, start Apptainer with --nv.",
    },
    "allocation-failed": {
      what: "The program could not get the memory that it wanted.",
      advice: "Submit it with more memory, or with less to do at once.",
    },
    "no-space": {
      what: "A disk was full.",
      advice: "Remove what is not needed, or write to another directory; /tmp of a node is small.",
    },
    quota: {
      what: "The quota of disk space or files is used up.",
      advice: "Remove what is not needed, or write to another directory.",
    },
    licence: {
      what: "The program got no licence.",
      advice:
        "Check the licence server's address in the script; if all are in use, ask the scheduler for licences, so that the job waits for one.",
    },
    "unknown-module": {
      what: "There is no such module: {{name}}",
      advice: "“module avail” or “module spider” shows which there are: correct the name or the version.",
    },
    "no-module-command": {
      what: "The command “module” is not known in the script.",
      advice: "Begin the script with #!/bin/bash -l.",
    },
    "dos-line-ends": {
      what: "A script has Windows line ends.",
      advice: "Convert it with dos2unix, or save it with Unix line ends.",
    },
    "not-runnable": {
      what: "What runs {{name}} was not found.",
      advice:
        "Most often the script has Windows line ends: convert it with dos2unix. Else the interpreter in its first line does not exist.",
    },
    "bad-interpreter": {
      what: "The interpreter that a script names does not exist: {{name}}",
      advice: "Correct the path in its first line.",
    },
    "command-not-found": {
      what: "A command was not found: {{name}}",
      advice: "Check its spelling, and load the module or use the image that has it.",
    },
    "python-module": {
      what: "Python lacks the module {{name}}.",
      advice: "Activate the environment that has it in the script, or install it there.",
    },
    glibc: {
      what: "The program was built for a newer system: {{name}} is missing.",
      advice: "Build it on the cluster, or run it in an image.",
    },
    "missing-library": {
      what: "A library was not found: {{name}}",
      advice: "Load the modules that the program was built with, or set LD_LIBRARY_PATH.",
    },
    "exec-format": {
      what: "A file is no program for this kind of machine.",
      advice: "Build it for the nodes' architecture; a script needs #! in its first line.",
    },
    "illegal-instruction": {
      what: "The program was built for another CPU than the node's.",
      advice: "Build it for the oldest CPU of the partition, or choose nodes like the one it was built on.",
    },
    "image-not-opened": {
      what: "The image could not be opened: {{name}}",
      advice: "Check its path and permissions, and that the node can see it.",
    },
    "segmentation-fault": {
      what: "The program accessed memory that is not its own (segmentation fault).",
      advice: "Most often a fault in the program or in its input: try a smaller input, or a debug build.",
    },
    "bus-error": {
      what: "The program was ended by a bus error.",
      advice: "Most often a file was cut while it was in use, or /dev/shm or a disk is full.",
    },
    "floating-point": {
      what: "The program divided by zero or calculated beyond its numbers.",
      advice: "Check the input and the time step.",
    },
    "too-many-files": {
      what: "The program opened more files than it may.",
      advice: "Raise the limit in the script with “ulimit -n”, or open fewer at once.",
    },
    "too-many-processes": {
      what: "The job started more processes or threads than it may.",
      advice: "Start fewer: set OMP_NUM_THREADS to the number of CPUs of the job.",
    },
    "no-network": {
      what: "The job could not reach another host.",
      advice:
        "Nodes often have no way to the internet: download what is needed before, or set the site's proxy.",
    },
    "mpi-abort": {
      what: "MPI ended the program, since one of its processes failed or could not be started.",
      advice:
        "The first error in the output names the cause; check that the same MPI was used for building and running.",
    },
    "permission-denied": {
      what: "The job was not allowed to read, write or run something.",
      advice: "Check the permissions of the file in this line; a program needs chmod +x.",
    },
    "no-such-file": {
      what: "A file or directory was not found.",
      advice: "Check the path in this line; relative paths begin in the working directory.",
    },
  },
} as const;
