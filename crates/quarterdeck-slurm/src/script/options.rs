//! The options of sbatch, by which its directives are cut into names and values. Source: sbatch(1) of 22.05.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    /// Only glued to the name: `--nice=100`.
    Optional,
    /// Glued or as the next word.
    Required,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct SbatchOption {
    pub(super) long: &'static str,
    short: Option<char>,
    pub(super) argument: Argument,
}

/// By its long name or, as getopt_long allows, by a beginning that no other option shares.
pub(super) fn find_long(name: &str) -> Option<&'static SbatchOption> {
    let exact = OPTIONS.iter().find(|option| option.long == name);
    let mut begun = OPTIONS.iter().filter(|option| option.long.starts_with(name));
    exact.or_else(|| begun.next().filter(|_| begun.next().is_none()))
}

pub(super) fn find_short(letter: char) -> Option<&'static SbatchOption> {
    OPTIONS.iter().find(|option| option.short == Some(letter))
}

const fn required(long: &'static str) -> SbatchOption {
    SbatchOption { long, short: None, argument: Argument::Required }
}

const fn required_or(short: char, long: &'static str) -> SbatchOption {
    SbatchOption { long, short: Some(short), argument: Argument::Required }
}

const fn flag(long: &'static str) -> SbatchOption {
    SbatchOption { long, short: None, argument: Argument::None }
}

const fn flag_or(short: char, long: &'static str) -> SbatchOption {
    SbatchOption { long, short: Some(short), argument: Argument::None }
}

const fn optional(short: Option<char>, long: &'static str) -> SbatchOption {
    SbatchOption { long, short, argument: Argument::Optional }
}

const OPTIONS: &[SbatchOption] = &[
    required_or('a', "array"),
    required_or('A', "account"),
    required_or('b', "begin"),
    required_or('B', "extra-node-info"),
    required_or('c', "cpus-per-task"),
    required_or('C', "constraint"),
    required_or('d', "dependency"),
    required_or('D', "chdir"),
    required_or('e', "error"),
    required_or('F', "nodefile"),
    required_or('G', "gpus"),
    flag_or('h', "help"),
    flag_or('H', "hold"),
    required_or('i', "input"),
    flag_or('I', "immediate"),
    required_or('J', "job-name"),
    optional(Some('k'), "no-kill"),
    required_or('L', "licenses"),
    required_or('m', "distribution"),
    required_or('M', "clusters"),
    required_or('n', "ntasks"),
    required_or('N', "nodes"),
    required_or('o', "output"),
    flag_or('O', "overcommit"),
    required_or('p', "partition"),
    required_or('q', "qos"),
    flag_or('Q', "quiet"),
    flag_or('s', "oversubscribe"),
    required_or('S', "core-spec"),
    required_or('t', "time"),
    flag_or('v', "verbose"),
    flag_or('V', "version"),
    required_or('w', "nodelist"),
    flag_or('W', "wait"),
    required_or('x', "exclude"),
    required("acctg-freq"),
    required("batch"),
    required("bb"),
    required("bbf"),
    required("cluster-constraint"),
    required("comment"),
    required("container"),
    flag("contiguous"),
    required("cores-per-socket"),
    required("cpu-freq"),
    required("cpus-per-gpu"),
    required("deadline"),
    required("delay-boot"),
    optional(None, "exclusive"),
    required("export"),
    required("export-file"),
    optional(None, "get-user-env"),
    required("gid"),
    required("gpu-bind"),
    required("gpu-freq"),
    required("gpus-per-node"),
    required("gpus-per-socket"),
    required("gpus-per-task"),
    required("gres"),
    required("gres-flags"),
    required("hint"),
    flag("ignore-pbs"),
    required("kill-on-invalid-dep"),
    required("mail-type"),
    required("mail-user"),
    required("mcs-label"),
    required("mem"),
    required("mem-bind"),
    required("mem-per-cpu"),
    required("mem-per-gpu"),
    required("mincpus"),
    required("network"),
    optional(None, "nice"),
    flag("no-requeue"),
    required("ntasks-per-core"),
    required("ntasks-per-gpu"),
    required("ntasks-per-node"),
    required("ntasks-per-socket"),
    required("open-mode"),
    flag("parsable"),
    required("power"),
    required("prefer"),
    required("priority"),
    required("profile"),
    optional(None, "propagate"),
    flag("reboot"),
    flag("requeue"),
    required("reservation"),
    flag("share"),
    required("signal"),
    required("sockets-per-node"),
    flag("spread-job"),
    required("switches"),
    flag("test-only"),
    required("thread-spec"),
    required("threads-per-core"),
    required("time-min"),
    required("tmp"),
    required("uid"),
    flag("usage"),
    flag("use-min-nodes"),
    required("wait-all-nodes"),
    required("wckey"),
    required("wrap"),
];
