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
    let answer = answer.trim_end();
    // From behind: the three stand last, after all that may hold free text. Only `Power` may follow them.
    let (rest, output) = last_value(answer, " StdOut=");
    let (rest, input) = last_value(rest, " StdIn=");
    let (_, error) = last_value(rest, " StdErr=");
    JobPaths {
        output: output.map(|path| path.split(" Power=").next().unwrap_or(path).trim_end().to_owned()),
        error: error.map(str::to_owned),
        input: input.map(str::to_owned),
    }
}

fn last_value<'a>(text: &'a str, key: &str) -> (&'a str, Option<&'a str>) {
    match text.rfind(key) {
        Some(at) => (&text[..at], Some(&text[at + key.len()..])),
        None => (text, None),
    }
}
