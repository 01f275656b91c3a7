//! Where a job's output goes: sbatch's file name patterns, filled in.
//!
//! Done here and not asked of Slurm, because `scontrol show job` fills in `%j %A %a %x %u` only, without width, and so
//! names files that are not there. Every rule was tried on slurmd 22.05. Source: sbatch(1), "filename pattern".

use quarterdeck_types::JobId;

/// What sbatch uses where nothing is said.
const DEFAULT_PATTERN: &str = "slurm-%j.out";
const DEFAULT_ARRAY_PATTERN: &str = "slurm-%A_%a.out";

/// What is known of a job. What a pattern needs and is not known makes the path unknown.
#[derive(Clone, Copy, Debug)]
pub struct JobWords<'a> {
    /// `5`, or `5_1`: of an array's task `%A` and `%a` are known by it, `%j` is not.
    pub job_id: &'a JobId,
    pub name: &'a str,
    pub user: &'a str,
    /// The short host name of the first node.
    pub host: Option<&'a str>,
}

/// The absolute path of an output file. `pattern`: of the script's `--output` or `--error`, `None` for the default;
/// `directory`: where the job works.
pub fn output_path(pattern: Option<&str>, directory: &str, job: &JobWords<'_>) -> Option<String> {
    let default = if job.job_id.as_str().contains('_') { DEFAULT_ARRAY_PATTERN } else { DEFAULT_PATTERN };
    let path = fill_in(pattern.unwrap_or(default), job)?;
    if path.starts_with('/') {
        return Some(path);
    }
    Some(format!("{}/{path}", directory.trim_end_matches('/')))
}

fn fill_in(pattern: &str, job: &JobWords<'_>) -> Option<String> {
    // One backslash anywhere switches all patterns off.
    if pattern.contains('\\') {
        return Some(without_backslashes(pattern));
    }
    let mut path = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        path.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let letter = behind[digits..].chars().next();
        match letter.and_then(|letter| word(letter, job)) {
            Some(word) => {
                let word = word?;
                // Zeros fill up numbers alone, and to ten places at most.
                let width = behind[..digits].parse().unwrap_or(0).min(10);
                let numeric = word.bytes().all(|b| b.is_ascii_digit()) && !matches!(letter, Some('x' | 'u' | 'N'));
                path.push_str(&if numeric { format!("{word:0>width$}") } else { word });
                rest = &behind[digits + 1..];
            }
            None => {
                path.push('%');
                rest = behind;
            }
        }
    }
    path.push_str(rest);
    Some(path)
}

/// The outer `None`: no such pattern; the inner one: it is not known yet.
fn word(letter: char, job: &JobWords<'_>) -> Option<Option<String>> {
    let id = job.job_id.as_str();
    let master = job.job_id.root();
    let task = id.split_once('_').map(|(_, task)| task);
    // Tasks of an array and further components of a heterogeneous job have numbers of their own, which their ids do
    // not tell.
    let own_number = if id == master || id.ends_with("+0") { Some(master.to_owned()) } else { None };
    let owned = |text: &str| Some(text.to_owned());
    Some(match letter {
        '%' => owned("%"),
        'A' => owned(master),
        'j' | 'J' => own_number,
        // Outside of an array it is the number that stands for "none".
        'a' => owned(task.unwrap_or("4294967294")),
        'x' => owned(job.name),
        'u' => owned(job.user),
        'N' => job.host.map(str::to_owned),
        // The batch script is its job's step "batch", on its first node, as its first task.
        'n' | 't' => owned("0"),
        's' => owned("batch"),
        _ => return None,
    })
}

fn without_backslashes(pattern: &str) -> String {
    let mut path = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        path.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn path(pattern: Option<&str>, id: &str) -> Option<String> {
        let job_id = JobId::parse(id).unwrap();
        output_path(pattern, "/home/alice", &JobWords { job_id: &job_id, name: "my job", user: "alice", host: None })
    }

    #[rstest]
    #[case("%j", "80")]
    #[case("%5j", "00080")]
    #[case("%012j", "0000000080")]
    #[case("%0j", "80")]
    #[case("%A_%4a", "80_4294967294")]
    #[case("%J", "80")]
    #[case("%5x.%u", "my job.alice")]
    #[case("%n%t.%s", "00.batch")]
    #[case("%%j", "%j")]
    #[case("%z%-5j%", "%z%-5j%")]
    #[case(r"\%j", "%j")]
    #[case(r"a\\%j", r"a\%j")]
    fn fills_patterns_in_as_slurmd_does(#[case] pattern: &str, #[case] name: &str) {
        assert_eq!(path(Some(pattern), "80").unwrap(), format!("/home/alice/{name}"));
    }

    #[test]
    fn defaults_differ_for_arrays() {
        assert_eq!(path(None, "5").unwrap(), "/home/alice/slurm-5.out");
        assert_eq!(path(None, "5_1").unwrap(), "/home/alice/slurm-5_1.out");
        assert_eq!(path(Some("%A/%4a"), "112_3").unwrap(), "/home/alice/112/0003");
        assert_eq!(path(Some("/scratch/%x"), "5").unwrap(), "/scratch/my job");
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        assert_eq!(path(Some("%j"), "5_1"), None);
        assert_eq!(path(Some("%j"), "40+1"), None);
        assert_eq!(path(Some("%j"), "40+0").unwrap(), "/home/alice/40");
        assert_eq!(path(Some("%N.out"), "5"), None);
    }
}
