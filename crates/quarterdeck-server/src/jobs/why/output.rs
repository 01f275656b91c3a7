//! What the end of a job's output says of its end: some thirty messages that shells, linkers, MPI, CUDA, Python and
//! Slurm write.
//!
//! The output is a stranger's bytes. It is looked at once, from its end, in pieces that are cut; the expressions are
//! of the kind whose time grows with the text alone (crate `regex`), so that hostile output costs no more than long
//! output.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

use super::{Finding, OutputLine, Stream};

pub(super) const OUT_OF_MEMORY: &str = "out-of-memory";
pub(super) const KILLED: &str = "killed";
pub(super) const TIME_LIMIT: &str = "time-limit";

/// Lines, and pieces between carriage returns (progress bars), from the end.
const MOST_PIECES: usize = 4000;
/// Bytes of a piece that are looked at.
const LONGEST_PIECE: usize = 1024;
/// Characters that are shown.
const LONGEST_LINE: usize = 300;
const LONGEST_NAME: usize = 100;

/// Codes and what tells of them. The first that fits a line counts, so the special ones stand before the general; a
/// group `name` becomes the parameter `name`. Where a code has several, all name it or none does.
const PATTERNS: &[(&str, &str)] = &[
    // slurmstepd; the kernel; Slurm without cgroups.
    (OUT_OF_MEMORY, r"oom[-_]kill|Out of memory: Kill|Exceeded (?:job|step) memory limit|exceeded memory limit"),
    (TIME_LIMIT, r"DUE TO TIME LIMIT"),
    ("node-failed", r"DUE TO NODE FAILURE"),
    // A shell of what it started.
    (KILLED, r"^Killed\b|: line \d+: +\d+ Killed\b"),
    ("cuda-out-of-memory", r"(?:CUDA|HIP) out of memory|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation"),
    ("cuda-driver", r"CUDA driver version is insufficient|NVIDIA driver on your system is too old"),
    ("no-gpu", r"CUDA_ERROR_NO_DEVICE|no CUDA-capable device|No CUDA GPUs are available|Found no NVIDIA driver"),
    (
        "allocation-failed",
        r"^MemoryError\b|ArrayMemoryError|std::bad_alloc|[Cc]annot allocate (?:memory|vector of size)",
    ),
    ("allocation-failed", r"java\.lang\.OutOfMemoryError"),
    ("no-space", r"[Nn]o space left on device"),
    ("quota", r"[Dd]isk quota exceeded"),
    (
        "licence",
        r"FLEX(?:net|lm)|FlexNet|[Ll]icen[cs]e server|lmgrd|(?i:(?:could not|cannot|failed to) (?:check ?out|obtain|get|acquire)\b.{0,80}\blicen[cs]e)",
    ),
    // Lmod, then Environment Modules.
    ("unknown-module", r"The following module\(s\) are unknown: (?P<name>.+)"),
    ("unknown-module", r"Unable to locate a modulefile for (?P<name>.+)"),
    ("no-module-command", r"module: (?:command )?not found"),
    // bash shows the carriage return of a file that was written on Windows; env(1) quotes it.
    ("dos-line-ends", r"\^M: bad interpreter|\$'\\r': command not found|\\r['’]: No such file|DOS line breaks"),
    // bash 5.2 no longer shows which: Windows line ends, or an interpreter or loader that is not there.
    ("not-runnable", r"(?P<name>[^\s:]+): cannot execute: required file not found"),
    ("bad-interpreter", r"(?P<name>[^\s:]+): bad interpreter"),
    ("command-not-found", r"(?P<name>[^\s:]+): (?:command )?not found$"),
    ("command-not-found", r"command not found: (?P<name>\S+)$"),
    ("command-not-found", r"(?P<name>[^\s:]+): 명령어?를? ?(?:을 )?찾을 수"),
    ("command-not-found", r"execve\(\): (?P<name>[^\s:]+): No such file"),
    ("python-module", r"No module named '?(?P<name>[\w.]+)"),
    ("glibc", r"version [`'](?P<name>GLIBC(?:XX)?_[0-9.]+)' not found"),
    ("missing-library", r"error while loading shared libraries: (?P<name>[^\s:]+)"),
    ("exec-format", r"[Ee]xec format error"),
    ("illegal-instruction", r"[Ii]llegal instruction"),
    ("image-not-opened", r"could not open image (?P<name>[^\s:]+)"),
    ("segmentation-fault", r"[Ss]egmentation [Ff]ault|SIGSEGV|signal SIGSEGV"),
    ("bus-error", r"\b[Bb]us error\b"),
    ("floating-point", r"[Ff]loating[ -]point exception"),
    ("too-many-files", r"[Tt]oo many open files"),
    ("too-many-processes", r"fork: (?:retry: )?Resource temporarily unavailable|[Cc]annot fork|can't start new thread"),
    ("too-many-processes", r"pthread_create.{0,40}(?:failed|Resource temporarily unavailable)"),
    ("no-network", r"Could not resolve host|[Nn]ame or service not known|[Nn]ame resolution|Network is unreachable"),
    (
        "mpi-abort",
        r"MPI_ABORT was invoked|MPI_Abort\(|ORTE_ERROR_LOG|ORTE was unable|PMIX ERROR|prterun noticed|mpirun noticed",
    ),
    ("permission-denied", r"[Pp]ermission denied"),
    ("no-such-file", r"[Nn]o such file or directory"),
];

struct Patterns {
    all: RegexSet,
    each: Vec<Regex>,
}

#[allow(clippy::unwrap_used, reason = "the expressions are constants, and a test compiles them")]
static COMPILED: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    all: RegexSet::new(PATTERNS.iter().map(|(_, pattern)| pattern)).unwrap(),
    each: PATTERNS.iter().map(|(_, pattern)| Regex::new(pattern).unwrap()).collect(),
});

/// What the end of an output tells, each thing once and where it stands last; the most telling first.
pub(super) fn findings(tail: &[u8], stream: Stream) -> Vec<Finding> {
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let tail = tail.strip_suffix(b"\n").unwrap_or(tail);
    let mut pieces = 0;
    for (line, from_end) in tail.rsplit(|byte| *byte == b'\n').zip(1..) {
        for piece in line.rsplit(|byte| *byte == b'\r') {
            pieces += 1;
            if pieces > MOST_PIECES {
                break;
            }
            let piece = &piece[..piece.len().min(LONGEST_PIECE)];
            let Some(at) = COMPILED.all.matches(piece).iter().next() else { continue };
            let (code, _) = PATTERNS[at];
            if found.iter().any(|(_, known)| known.code == code) {
                continue;
            }
            let name = COMPILED.each[at].captures(piece).and_then(|captures| captures.name("name"));
            let finding = Finding::new(code).with("name", name.map(|name| shown(name.as_bytes(), LONGEST_NAME)));
            let line = OutputLine { text: shown(piece, LONGEST_LINE), from_end, stream };
            found.push((at, Finding { line: Some(line), ..finding }));
        }
        if pieces > MOST_PIECES {
            break;
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// A stranger's bytes as text of one line, on which nothing jumps or turns around.
fn shown(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || turns(c) => '\u{fffd}',
        c => c,
    };
    let mut text: String = text.trim().chars().map(plain).take(most + 1).collect();
    if text.chars().count() > most {
        text.pop();
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn first(tail: &str) -> Option<(&'static str, Option<String>)> {
        let finding = findings(tail.as_bytes(), Stream::Stdout).into_iter().next()?;
        Some((finding.code, finding.params.get("name").and_then(|name| name.as_str()).map(str::to_owned)))
    }

    #[rstest]
    #[case("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.batch. Some of your", "out-of-memory", None)]
    #[case("slurmstepd: error: Detected 1 oom_kill event in StepId=5.batch. Some of", "out-of-memory", None)]
    #[case("slurmstepd: error: Exceeded job memory limit at some point.", "out-of-memory", None)]
    #[case(
        "slurmstepd: error: *** JOB 5 ON c1 CANCELLED AT 2026-11-25T03:00:00 DUE TO TIME LIMIT ***",
        "time-limit",
        None
    )]
    #[case("/var/spool/slurm_script: line 4: 12345 Killed                  ./x", "killed", None)]
    #[case("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "cuda-out-of-memory", None)]
    #[case("CUDA driver version is insufficient for CUDA runtime version", "cuda-driver", None)]
    #[case("RuntimeError: No CUDA GPUs are available", "no-gpu", None)]
    #[case("MemoryError", "allocation-failed", None)]
    #[case("terminate called after throwing an instance of 'std::bad_alloc'", "allocation-failed", None)]
    #[case("Error: cannot allocate vector of size 8 Gb", "allocation-failed", None)]
    #[case("OSError: [Errno 28] No space left on device", "no-space", None)]
    #[case("tar: x: Cannot write: Disk quota exceeded", "quota", None)]
    #[case("FlexNet Licensing error:-15,570", "licence", None)]
    #[case("Error: failed to check out a solver license", "licence", None)]
    #[case(
        "Lmod has detected the following error: The following module(s) are unknown: \"gcc/99\"",
        "unknown-module",
        Some("\"gcc/99\"")
    )]
    #[case("ERROR: Unable to locate a modulefile for 'gcc/99'", "unknown-module", Some("'gcc/99'"))]
    #[case("/var/spool/slurmd/job5/slurm_script: line 3: module: command not found", "no-module-command", None)]
    #[case("/bin/bash: ./x.sh: /bin/bash^M: bad interpreter: No such file or directory", "dos-line-ends", None)]
    #[case("slurm_script: line 4: ./dos.sh: cannot execute: required file not found", "not-runnable", Some("./dos.sh"))]
    #[case("x.sh: line 2: $'\\r': command not found", "dos-line-ends", None)]
    #[case("/usr/bin/env: ‘python3\\r’: No such file or directory", "dos-line-ends", None)]
    #[case(
        "-bash: ./x: /opt/python: bad interpreter: No such file or directory",
        "bad-interpreter",
        Some("/opt/python")
    )]
    #[case("slurm_script: line 4: gmx_mpi: command not found", "command-not-found", Some("gmx_mpi"))]
    #[case("/bin/sh: 1: foo: not found", "command-not-found", Some("foo"))]
    #[case("bash: 줄 3: foo: 명령어를 찾을 수 없음", "command-not-found", Some("foo"))]
    #[case("slurmstepd: error: execve(): ./solver: No such file or directory", "command-not-found", Some("./solver"))]
    #[case("ModuleNotFoundError: No module named 'numpy.core'", "python-module", Some("numpy.core"))]
    #[case("/lib64/libc.so.6: version `GLIBC_2.34' not found (required by ./x)", "glibc", Some("GLIBC_2.34"))]
    #[case(
        "./x: error while loading shared libraries: libmpi.so.40: cannot open shared object file: No such file or directory",
        "missing-library",
        Some("libmpi.so.40")
    )]
    #[case("bash: ./x: cannot execute binary file: Exec format error", "exec-format", None)]
    #[case("slurm_script: line 3:  1234 Illegal instruction     (core dumped) ./x", "illegal-instruction", None)]
    #[case(
        "FATAL:   could not open image /images/x.sif: failed to retrieve path",
        "image-not-opened",
        Some("/images/x.sif")
    )]
    #[case("slurm_script: line 3:  1234 Segmentation fault      ./x", "segmentation-fault", None)]
    #[case("slurm_script: line 3:  1234 Bus error               ./x", "bus-error", None)]
    #[case("line 3: 1234 Floating point exception(core dumped) ./x", "floating-point", None)]
    #[case("OSError: [Errno 24] Too many open files: 'x'", "too-many-files", None)]
    #[case("bash: fork: retry: Resource temporarily unavailable", "too-many-processes", None)]
    #[case("curl: (6) Could not resolve host: example.org", "no-network", None)]
    #[case("MPI_ABORT was invoked on rank 0 in communicator MPI_COMM_WORLD", "mpi-abort", None)]
    #[case("[c1:1] [[1,0],0] ORTE_ERROR_LOG: Not found in file", "mpi-abort", None)]
    #[case("cp: cannot open 'x' for reading: Permission denied", "permission-denied", None)]
    #[case("cat: input.dat: No such file or directory", "no-such-file", None)]
    fn messages_are_recognised(#[case] line: &str, #[case] code: &str, #[case] name: Option<&str>) {
        assert_eq!(first(&format!("step 1\n{line}\n")), Some((code, name.map(str::to_owned))));
    }

    #[rstest]
    fn ordinary_output_says_nothing(
        #[values("", "\n\n", "done\n", "module load gcc\nrunning\n", "memory: 3 GiB\n", "0 errors, licence: MIT\n")]
        tail: &str,
    ) {
        assert_eq!(first(tail), None);
    }

    #[test]
    fn a_code_has_a_name_always_or_never() {
        for (code, pattern) in PATTERNS {
            let named = |text: &str| text.contains("(?P<name>");
            let all: Vec<bool> = PATTERNS.iter().filter(|(other, _)| other == code).map(|(_, p)| named(p)).collect();
            assert!(all.iter().all(|other| *other == named(pattern)), "{code}");
        }
    }

    #[test]
    fn each_thing_is_told_once_with_the_line_where_it_stands_last_and_the_most_telling_first() {
        let tail = "x: No such file or directory\na: command not found\nb: command not found\n42%\r99%\rbye\n";
        let found = findings(tail.as_bytes(), Stream::Stderr);
        let lines: Vec<_> = found.iter().map(|f| (f.code, f.line.as_ref().unwrap().from_end)).collect();
        assert_eq!(lines, [("command-not-found", 2), ("no-such-file", 4)]);
        assert_eq!(found[0].params["name"], "b");
        assert_eq!(found[0].line.as_ref().unwrap().stream, Stream::Stderr);
    }

    #[test]
    fn a_line_is_shown_cut_and_without_control_characters() {
        let hostile = format!("\x1b[2J\u{202e}gpj.exe\0\t{}: Permission denied", "x".repeat(900));
        let found = findings(hostile.as_bytes(), Stream::Stdout);
        let text = &found[0].line.as_ref().unwrap().text;
        assert!(text.starts_with("\u{fffd}[2J\u{fffd}gpj.exe\u{fffd} xxx") && text.ends_with('…'), "{text}");
        assert_eq!(text.chars().count(), LONGEST_LINE + 1);
        assert_eq!(findings(b"\xff\xfe: Permission denied", Stream::Stdout).len(), 1, "bytes that are no UTF-8");
    }

    #[test]
    fn the_worst_output_of_that_length_is_read_in_time() {
        let almost =
            [&b"("[..], b"a", b"\n", b"\r", b"No such file or director", b"module: ", b"licen", b"\xff", b"GLIBC_"];
        let begin = Instant::now();
        for unit in almost {
            findings(&unit.repeat((64 << 10) / unit.len()), Stream::Stdout);
        }
        // Unoptimised, and on a busy machine.
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(
            words in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..200),
                    proptest::sample::select(PATTERNS).prop_map(|(_, pattern)| pattern.as_bytes().to_vec()),
                    Just(b": command not found\n".to_vec()),
                    Just(b"\r".to_vec()),
                ],
                0..60,
            ),
        ) {
            let tail = words.concat();
            let found = findings(&tail, Stream::Stdout);
            prop_assert!(found.len() <= PATTERNS.len());
            for finding in found {
                let line = finding.line.unwrap();
                prop_assert!(line.text.chars().count() <= LONGEST_LINE + 1);
                prop_assert!(line.text.chars().all(|c| !c.is_control()));
                prop_assert!(line.from_end as usize <= tail.len() + 1);
            }
        }
    }
}
