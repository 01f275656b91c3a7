//! Where one job's output goes, from `scontrol show job`.
//!
//! squeue has no field for it, `squeue --json` reads every job to tell of one and leaves it empty unless `--output` was
//! given, so scontrol it is. Its answer has no separators that a job could not write itself, which does no harm here:
//! the answer is about one job, only that job's owner can distort it, she could have chosen these paths openly, and
//! they are opened with the rights of whoever looks. Everything else about a job comes from [`super::queue`].

use quarterdeck_types::JobId;

use super::{Reading, askable, text};
use crate::JobPaths;

pub fn reading(job_id: &JobId) -> Reading {
    Reading::new("scontrol", &["--oneliner", "--all", "show", "job", askable(job_id)])
}

/// Of an array's id the answer has all its tasks: this reads the last. Ask for one task.
pub fn parse(answer: &[u8]) -> JobPaths {
    let answer = text(answer);
    // From behind: the three stand last, after all that may hold free text, but for what was asked for by TRES.
    let (rest, output) = last_value(without_words_behind(&answer), " StdOut=");
    let (rest, input) = last_value(rest, " StdIn=");
    let (_, error) = last_value(rest, " StdErr=");
    // 26.05 leaves out where errors go that go with the output.
    let error = error.filter(|path| !path.is_empty()).or(output);
    JobPaths { output: output.map(str::to_owned), error: error.map(str::to_owned), input: input.map(str::to_owned) }
}

/// Each is one word. The owner can distort her own path by naming it so.
const BEHIND: [&str; 6] = ["CpusPerTres=", "Mail", "MemPerTres=", "NtasksPerTRES", "Power=", "Tres"];

fn without_words_behind(mut answer: &str) -> &str {
    loop {
        answer = answer.trim_end();
        match answer.rsplit_once(' ') {
            Some((rest, word)) if word.contains('=') && BEHIND.iter().any(|begin| word.starts_with(begin)) => {
                answer = rest
            }
            _ => return answer,
        }
    }
}

fn last_value<'a>(text: &'a str, key: &str) -> (&'a str, Option<&'a str>) {
    match text.rfind(key) {
        Some(at) => (&text[..at], Some(&text[at + key.len()..])),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::slurm_22_05(
        "WorkDir=/x StdErr=/tmp/a b StdIn=/dev/null StdOut=/tmp/a b Power= CpusPerTres=gres:gpu:1 MemPerTres=gres:gpu:100 \
         TresFreq=gpu:low TresPerJob=gres:gpu:2 TresPerTask=gres:gpu:1 MailUser=x@y.z MailType=END "
    )]
    #[case::slurm_24_11(
        "WorkDir=/x StdErr=/tmp/a b StdIn=/dev/null StdOut=/tmp/a b CpusPerTres=gres/gpu:1 MemPerTres=gres/gpu:100 \
         TresBind=gres/gpu:per_task:1 TresFreq=gpu:low TresPerJob=gres/gpu:2 TresPerTask=gres/gpu=1 MailUser=x@y.z \
         MailType=END \n"
    )]
    #[case::slurm_26_05(
        "SubmitLine=sbatch StdOut=/x WorkDir=/x StdErr= StdIn=/dev/null StdOut=/tmp/a b CpusPerTres=gres/gpu:1 \
         TresPerTask=gres/gpu=1 MailUser=x@y.z MailType=END\n"
    )]
    fn what_was_asked_for_beside_is_no_part_of_a_path(#[case] answer: &str) {
        let path = Some("/tmp/a b".to_owned());
        let expected = JobPaths { output: path.clone(), error: path, input: Some("/dev/null".to_owned()) };
        assert_eq!(parse(answer.as_bytes()), expected);
    }

    #[test]
    fn a_job_without_output_has_none() {
        assert_eq!(parse(b"JobId=5 JobName=interactive WorkDir=/x Power= \n"), JobPaths::default());
    }
}
