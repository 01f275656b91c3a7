//! How Slurm writes times, memory, states, exit statuses and resources, in its options and in its answers.

use chrono::{DateTime, Utc};
use quarterdeck_types::JobState;
use serde::Serialize;
use thiserror::Error;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadNotation {
    #[error("{0:?} is not a time limit: write minutes, hours:minutes:seconds, days-hours or UNLIMITED")]
    TimeLimit(String),
    #[error("{0:?} is not an amount of memory: write a number with K, M, G or T behind it")]
    Memory(String),
    #[error("{0:?} is not a time in seconds since 1970")]
    Time(String),
    #[error("{0:?} is not a job state known to Quarterdeck")]
    JobState(String),
    #[error("{0:?} is not an exit status: expected CODE:SIGNAL")]
    ExitStatus(String),
    #[error("{0:?} is not a count")]
    Count(String),
    #[error("{0:?} is not an amount of CPU time")]
    CpuTime(String),
}

/// Reads a time limit as `sbatch --time` takes it and Slurm prints it (`90`, `90:00`, `1:30:00`, `1-02:03:04`), in
/// minutes; begun minutes count whole, as for Slurm. `None`: unlimited, or not set.
///
/// Source of the format: sbatch(1), "--time".
pub fn parse_time_limit(text: &str) -> Result<Option<u32>, BadNotation> {
    const UNSET: [&str; 9] =
        ["UNLIMITED", "INFINITE", "-1", "INVALID", "NOT_SET", "N/A", "NONE", "PARTITION_LIMIT", "(NULL)"];
    let text = text.trim();
    if UNSET.contains(&text.to_ascii_uppercase().as_str()) {
        return Ok(None);
    }
    let minutes = match text.split_once('-') {
        Some((days, rest)) => number(days).zip(hours_first(rest)).map(|(days, seconds)| days * 86_400 + seconds),
        None => minutes_first(text),
    }
    .map(|seconds| seconds.div_ceil(60));
    minutes
        .and_then(|minutes| u32::try_from(minutes).ok())
        .map(Some)
        .ok_or_else(|| BadNotation::TimeLimit(text.to_owned()))
}

/// Writes a time limit for `sbatch --time`: `1-02:03:00`, `00:30:00`, `UNLIMITED`.
pub fn format_time_limit(minutes: Option<u32>) -> String {
    let Some(minutes) = minutes else { return "UNLIMITED".to_owned() };
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match days {
        0 => format!("{hours:02}:{minutes:02}:00"),
        _ => format!("{days}-{hours:02}:{minutes:02}:00"),
    }
}

/// Behind days: `HH`, `HH:MM`, `HH:MM:SS`; in seconds.
fn hours_first(text: &str) -> Option<u64> {
    match *numbers(text)?.as_slice() {
        [hours] => Some(hours * 3600),
        [hours, minutes] => Some(hours * 3600 + minutes * 60),
        [hours, minutes, seconds] => Some(hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
}

/// Without days: `MM`, `MM:SS`, `HH:MM:SS`; in seconds.
fn minutes_first(text: &str) -> Option<u64> {
    match *numbers(text)?.as_slice() {
        [minutes] => Some(minutes * 60),
        [minutes, seconds] => Some(minutes * 60 + seconds),
        [hours, minutes, seconds] => Some(hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    text.split(':').map(number).collect()
}

/// Reads CPU time as sacct and sstat print it (`00:04.346`, `01:02:03`, `1-02:03:04`), in milliseconds.
pub(crate) fn parse_cpu_time(text: &str) -> Result<u64, BadNotation> {
    let wrong = || BadNotation::CpuTime(text.to_owned());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let thousandths = format!("{fraction:0<3}").get(..3).and_then(number).ok_or_else(wrong)?;
    let seconds = match whole.split_once('-') {
        Some((days, rest)) => number(days).zip(hours_first(rest)).map(|(days, seconds)| days * 86_400 + seconds),
        None => minutes_first(whole).filter(|_| whole.contains(':')),
    };
    Ok(seconds.ok_or_else(wrong)? * 1000 + thousandths)
}

/// Digits alone, and few enough that no sum of them overflows.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 10 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// An amount of memory and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub mib: u64,
    /// For each CPU, not for each node: `100Mc`.
    pub per_cpu: bool,
}

/// Reads `4000`, `4G`, `1.50T`, `512K`, and with what older versions append, `100Mc` (a CPU) and `4Gn` (a node).
/// Without a unit it is MiB; begun MiB count whole. `None`: unlimited or not set.
pub fn parse_memory(text: &str) -> Result<Option<Memory>, BadNotation> {
    let text = text.trim();
    if ["", "UNLIMITED", "N/A", "(null)", "NONE"].contains(&text) {
        return Ok(None);
    }
    let (amount, per_cpu) = match text.as_bytes().last() {
        Some(b'c') => (&text[..text.len() - 1], true),
        Some(b'n') => (&text[..text.len() - 1], false),
        _ => (text, false),
    };
    let amount = amount.strip_suffix(['B', 'b']).unwrap_or(amount);
    let (digits, unit) = match amount.char_indices().next_back() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => (&amount[..at], unit.to_ascii_uppercase()),
        _ => (amount, 'M'),
    };
    let wrong = || BadNotation::Memory(text.to_owned());
    let power = "KMGTPE".find(unit).ok_or_else(wrong)? as i32;
    let value = decimal(digits).ok_or_else(wrong)?;
    let mib = (value * 1024f64.powi(power - 1)).ceil();
    // Above this a floating number no longer tells one MiB from the next; nobody has that much.
    if mib > 2f64.powi(53) {
        return Err(wrong());
    }
    Ok(Some(Memory { mib: mib as u64, per_cpu }))
}

/// Writes an amount of memory for `sbatch --mem`.
pub fn format_memory(mib: u64) -> String {
    format!("{mib}M")
}

/// Reads a count that Slurm may have shortened: `4`, `1.5K`, `10K`; of a range (`1-4` nodes) the least.
pub(crate) fn parse_count(text: &str) -> Result<u32, BadNotation> {
    let wrong = || BadNotation::Count(text.to_owned());
    let least = text.split('-').next().unwrap_or(text);
    let (digits, factor) = match least.chars().next_back() {
        Some('K') => (&least[..least.len() - 1], 1024.0),
        Some('M') => (&least[..least.len() - 1], 1_048_576.0),
        _ => (least, 1.0),
    };
    let value = decimal(digits).ok_or_else(wrong)? * factor;
    if value > f64::from(u32::MAX) { Err(wrong()) } else { Ok(value as u32) }
}

fn decimal(text: &str) -> Option<f64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if plain { text.parse().ok() } else { None }
}

/// Reads seconds since 1970, which is what `SLURM_TIME_FORMAT=%s` makes Slurm's commands print: without it times are
/// local to the machine that printed them, and an hour a year means two times. `None`: not yet, or unknown.
pub fn parse_time(text: &str) -> Result<Option<DateTime<Utc>>, BadNotation> {
    if ["", "0", "Unknown", "None", "N/A", "NONE", "(null)"].contains(&text) {
        return Ok(None);
    }
    number(text)
        .and_then(|seconds| DateTime::from_timestamp(seconds as i64, 0))
        .map(Some)
        .ok_or_else(|| BadNotation::Time(text.to_owned()))
}

/// Reads a job's state: the long word, squeue's short code, a word and what follows it (`CANCELLED by 1000`), or a base
/// state with flags (`RUNNING,COMPLETING`). Flags that say what the job does at the moment win over the base state;
/// those that say why it waits again read as pending.
///
/// Source: squeue(1), "JOB STATE CODES".
pub fn parse_job_state(text: &str) -> Result<JobState, BadNotation> {
    let wrong = || BadNotation::JobState(text.to_owned());
    let words = text.split(['+', ',']).map(|word| word.split_whitespace().next().unwrap_or(""));
    let states: Vec<JobState> = words.map(job_state_word).collect::<Option<_>>().ok_or_else(wrong)?;
    let passing = [JobState::Completing, JobState::Configuring];
    states.iter().find(|state| passing.contains(state)).or(states.first()).copied().ok_or_else(wrong)
}

fn job_state_word(word: &str) -> Option<JobState> {
    let state = match word {
        "PD" | "PENDING" => JobState::Pending,
        "RQ" | "REQUEUED" | "RH" | "REQUEUE_HOLD" | "RF" | "REQUEUE_FED" | "RD" | "RESV_DEL_HOLD" | "SE"
        | "SPECIAL_EXIT" | "LAUNCH_FAILED" | "EXPEDITING" => JobState::Pending,
        "CF" | "CONFIGURING" | "POWER_UP_NODE" => JobState::Configuring,
        "R" | "RUNNING" | "RS" | "RESIZING" | "SI" | "SIGNALING" | "UPDATE_DB" => JobState::Running,
        "S" | "SUSPENDED" | "ST" | "STOPPED" => JobState::Suspended,
        "CG" | "COMPLETING" | "SO" | "STAGE_OUT" => JobState::Completing,
        "CD" | "COMPLETED" => JobState::Completed,
        "F" | "FAILED" | "RECONFIG_FAIL" => JobState::Failed,
        "CA" | "CANCELLED" | "RV" | "REVOKED" => JobState::Cancelled,
        "TO" | "TIMEOUT" => JobState::Timeout,
        "OOM" | "OUT_OF_MEMORY" => JobState::OutOfMemory,
        "NF" | "NODE_FAIL" => JobState::NodeFail,
        "BF" | "BOOT_FAIL" => JobState::BootFail,
        "DL" | "DEADLINE" => JobState::Deadline,
        "PR" | "PREEMPTED" => JobState::Preempted,
        _ => return None,
    };
    Some(state)
}

/// How a batch script ended. Both `None`: it has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitStatus {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl ExitStatus {
    /// Reads `CODE:SIGNAL`, as sacct and scontrol print it.
    pub fn parse(text: &str) -> Result<ExitStatus, BadNotation> {
        let wrong = || BadNotation::ExitStatus(text.to_owned());
        let (code, signal) = text.split_once(':').ok_or_else(wrong)?;
        let code = code.parse().map_err(|_| wrong())?;
        let signal = signal.parse().map_err(|_| wrong())?;
        Ok(ExitStatus::of(code, signal))
    }

    /// Reads what wait(2) gave, as 22.05's JSON has it: 768 is exit code 3.
    pub fn from_wait_status(status: i32) -> ExitStatus {
        ExitStatus::of(status >> 8 & 0xff, status & 0x7f)
    }

    /// Slurm writes code 0 for what a signal killed; that is no exit code.
    pub(crate) fn of(code: i32, signal: i32) -> ExitStatus {
        match signal {
            0 => ExitStatus { code: Some(code), signal: None },
            _ => ExitStatus { code: (code != 0).then_some(code), signal: Some(signal) },
        }
    }
}

/// Reads a node's state: the word (`idle*~`, `drained`), and the same with its flags spelled out (`idle+cloud`), in
/// lower case. The marks behind the short word become flags too.
///
/// Source of the marks: sinfo(1), "NODE STATE CODES".
pub fn parse_node_state(word: &str, complete: &str) -> (String, Vec<String>) {
    let word = word.to_ascii_lowercase();
    let base = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let mut flags: Vec<String> = complete.to_ascii_lowercase().split('+').skip(1).map(str::to_owned).collect();
    for mark in word[base.len()..].chars() {
        let flag = match mark {
            '*' => "not_responding",
            '~' => "powered_down",
            '#' => "powering_up",
            '!' => "power_down",
            '%' => "powering_down",
            '$' => "maintenance",
            '@' => "reboot_requested",
            '^' => "reboot_issued",
            '-' => "planned",
            _ => continue,
        };
        if !flags.iter().any(|known| known == flag) {
            flags.push(flag.to_owned());
        }
    }
    (base, flags)
}

/// The word that sinfo has for a state's base and flags, in lower case: what jobs there may do counts more than whether
/// any is there.
pub fn node_state_of(base: &str, flags: &[String]) -> String {
    let is = |wanted: &str| flags.iter().any(|flag| flag == wanted);
    let any = |wanted: &[&str]| wanted.iter().any(|flag| is(flag));
    let busy = ["allocated", "mixed"].contains(&base);
    let word = if any(&["invalid_reg"]) {
        "inval"
    } else if any(&["maint", "maintenance"]) && !is("drain") && !busy && base != "down" {
        "maint"
    } else if any(&["reboot_requested", "reboot_issued", "reboot"]) && !busy {
        "reboot"
    } else if is("drain") {
        if busy || is("completing") { "draining" } else { "drained" }
    } else if is("fail") {
        if base == "allocated" || is("completing") { "failing" } else { "fail" }
    } else if is("completing") && !["down", "allocated"].contains(&base) {
        "completing"
    } else if base == "idle" && is("reserved") {
        "reserved"
    } else if base == "idle" && is("planned") {
        "planned"
    } else {
        base
    };
    word.to_owned()
}

/// Trackable resources, from `cpu=4,mem=4000M,node=1,billing=4,gres/gpu=2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tres {
    pub cpus: Option<u32>,
    pub memory_mib: Option<u64>,
    pub nodes: Option<u32>,
    /// `None` also where the site does not track them.
    pub gpus: Option<u32>,
}

impl Tres {
    pub fn parse(text: &str) -> Result<Tres, BadNotation> {
        let mut tres = Tres::default();
        let mut typed_gpus = None;
        for (name, value) in text.split(',').filter_map(|part| part.split_once('=')) {
            match name {
                "cpu" => tres.cpus = Some(parse_count(value)?),
                "node" => tres.nodes = Some(parse_count(value)?),
                "mem" => tres.memory_mib = parse_memory(value)?.map(|memory| memory.mib),
                "gres/gpu" => tres.gpus = Some(parse_count(value)?),
                _ if name.starts_with("gres/gpu:") => typed_gpus = Some(sum(typed_gpus.unwrap_or(0), value)?),
                _ => {}
            }
        }
        // Where both are tracked, `gres/gpu` is the sum of the types.
        tres.gpus = tres.gpus.or(typed_gpus);
        Ok(tres)
    }
}

fn sum(count: u32, further: &str) -> Result<u32, BadNotation> {
    count.checked_add(parse_count(further)?).ok_or_else(|| BadNotation::Count(further.to_owned()))
}

/// Counts the GPUs in a list of generic resources: `gpu:a100:2(S:0-1),shard:8`, `gres:gpu:1`,
/// `gres/gpu=2`, `gpu`.
pub fn count_gpus(gres: &str) -> Result<u32, BadNotation> {
    let mut depth = 0;
    let entries = gres.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    let mut gpus = 0;
    for entry in entries {
        let entry = entry.split('(').next().unwrap_or(entry);
        let mut parts = entry.trim_start_matches("gres:").trim_start_matches("gres/").split([':', '=']);
        if parts.next() == Some("gpu") {
            let last = parts.next_back().filter(|part| part.starts_with(|c: char| c.is_ascii_digit()));
            gpus = sum(gpus, last.unwrap_or("1"))?;
        }
    }
    Ok(gpus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("90", Some(90))]
    #[case("90:01", Some(91))]
    #[case("1:30:00", Some(90))]
    #[case("2-0", Some(2880))]
    #[case("2-12", Some(3600))]
    #[case("1-02:03", Some(1563))]
    #[case("1-02:03:04", Some(1564))]
    #[case("UNLIMITED", None)]
    #[case("Partition_Limit", None)]
    #[case("INVALID", None)]
    fn reads_time_limits(#[case] text: &str, #[case] minutes: Option<u32>) {
        assert_eq!(parse_time_limit(text), Ok(minutes));
    }

    #[rstest]
    fn refuses_what_is_no_time_limit(
        #[values("", "-", "1:2:3:4", "1-", "1h", "-5", "1-1-1", "99999999999", "4294967295-0")] text: &str,
    ) {
        assert!(parse_time_limit(text).is_err());
    }

    proptest! {
        #[test]
        fn a_time_limit_survives_writing_and_reading(minutes in proptest::option::of(0..10_000_000u32)) {
            prop_assert_eq!(parse_time_limit(&format_time_limit(minutes)), Ok(minutes));
        }
    }

    #[rstest]
    #[case("4000", 4000, false)]
    #[case("4G", 4096, false)]
    #[case("1.50T", 1_572_864, false)]
    #[case("512K", 1, false)]
    #[case("100Mc", 100, true)]
    #[case("4Gn", 4096, false)]
    #[case("8GB", 8192, false)]
    fn reads_memory(#[case] text: &str, #[case] mib: u64, #[case] per_cpu: bool) {
        assert_eq!(parse_memory(text), Ok(Some(Memory { mib, per_cpu })));
    }

    #[rstest]
    fn refuses_what_is_no_memory(#[values("G", "4Q", "-1", "1e9", "inf", "99999999999P", "4 G")] text: &str) {
        assert!(parse_memory(text).is_err());
    }

    #[rstest]
    #[case("CANCELLED by 1000", JobState::Cancelled)]
    #[case("OUT_OF_MEMORY", JobState::OutOfMemory)]
    #[case("OOM", JobState::OutOfMemory)]
    #[case("PENDING,REQUEUED", JobState::Pending)]
    #[case("RUNNING,CONFIGURING", JobState::Configuring)]
    #[case("COMPLETED+COMPLETING", JobState::Completing)]
    fn reads_job_states(#[case] text: &str, #[case] state: JobState) {
        assert_eq!(parse_job_state(text), Ok(state));
    }

    #[test]
    fn a_state_it_does_not_know_is_an_error_and_so_are_quarterdecks_own() {
        for text in ["", "TELEPORTING", "SUBMITTING", "running"] {
            assert!(parse_job_state(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_exit_statuses() {
        let exited = ExitStatus { code: Some(3), signal: None };
        assert_eq!(ExitStatus::parse("3:0"), Ok(exited));
        assert_eq!(ExitStatus::from_wait_status(768), exited);
        assert_eq!(ExitStatus::parse("0:9"), Ok(ExitStatus { code: None, signal: Some(9) }));
        assert_eq!(ExitStatus::from_wait_status(9), ExitStatus { code: None, signal: Some(9) });
        // Slurm's SIG_OOM, of what the kernel killed for memory.
        let oom = ExitStatus { code: None, signal: Some(125) };
        assert_eq!((ExitStatus::parse("0:125"), ExitStatus::from_wait_status(253)), (Ok(oom), oom));
        assert!(ExitStatus::parse("3").is_err());
    }

    #[rstest]
    #[case("00:04.346", Some(4346))]
    #[case("00:00:04", Some(4000))]
    #[case("01:02:03", Some(3_723_000))]
    #[case("1-02:03:04", Some(93_784_000))]
    #[case("00:00:00", Some(0))]
    #[case("4", None)]
    #[case("", None)]
    #[case("00:-4", None)]
    #[case("00:04.x", None)]
    fn reads_cpu_times(#[case] text: &str, #[case] milliseconds: Option<u64>) {
        assert_eq!(parse_cpu_time(text).ok(), milliseconds);
    }

    #[test]
    fn reads_times() {
        assert_eq!(parse_time("1795488922").unwrap().unwrap().to_rfc3339(), "2026-11-24T02:55:22+00:00");
        assert_eq!(parse_time("Unknown"), Ok(None));
        assert!(parse_time("2026-11-24T02:00:00").is_err());
    }

    #[rstest]
    #[case("idle", "idle", "idle", &[])]
    #[case("idle*~", "idle+cloud+powered_down+not_responding", "idle", &["cloud", "powered_down", "not_responding"])]
    #[case("drained", "idle+drain", "drained", &["drain"])]
    #[case("mixed-", "mixed+planned", "mixed", &["planned"])]
    #[case("down*", "down", "down", &["not_responding"])]
    fn reads_node_states(#[case] word: &str, #[case] complete: &str, #[case] state: &str, #[case] flags: &[&str]) {
        let (read, read_flags) = parse_node_state(word, complete);
        assert_eq!((read.as_str(), read_flags), (state, flags.iter().map(|flag| flag.to_string()).collect()));
    }

    #[rstest]
    #[case("gpu:a100:2", 2)]
    #[case("gpu:a100:2(S:0-1),shard:8,gpu:v100:1(S:0)", 3)]
    #[case("gpu:a100:0(IDX:N/A)", 0)]
    #[case("gpu:a100:3(IDX:0,2-3)", 3)]
    #[case("gres:gpu:1", 1)]
    #[case("gres/gpu:a100=4", 4)]
    #[case("gpu", 1)]
    #[case("gpu:a100", 1)]
    #[case("(null)", 0)]
    #[case("N/A", 0)]
    fn counts_gpus(#[case] text: &str, #[case] gpus: u32) {
        assert_eq!(count_gpus(text), Ok(gpus));
    }

    #[test]
    fn reads_trackable_resources() {
        let tres = Tres::parse("cpu=4,mem=1.5G,node=2,billing=4,gres/gpu=3,gres/gpu:a100=3").unwrap();
        assert_eq!(tres, Tres { cpus: Some(4), memory_mib: Some(1536), nodes: Some(2), gpus: Some(3) });
        assert_eq!(Tres::parse("gres/gpu:a100=2,gres/gpu:v100=1").unwrap().gpus, Some(3));
        assert_eq!(Tres::parse("").unwrap(), Tres::default());
    }
}
