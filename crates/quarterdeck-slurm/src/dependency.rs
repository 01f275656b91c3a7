//! What a job waits for, as squeue tells it: `afterok:10(unfulfilled),afternotok:11_*(failed)?singleton(unfulfilled)`; or
//! as it is asked for: `afterok:10:11,after:12+30`.

/// One other job that a job depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What must have become of it: `after`, `afterany`, `afterok`, `afternotok`, `aftercorr` …
    pub kind: String,
    /// `5`, `5_1`, or `5_*` for a whole array.
    pub job_id: String,
    /// It ended so that what was asked for can no longer come true.
    pub failed: bool,
}

/// What names no job (`singleton`) is left out.
///
/// Source of the format: squeue(1), "Dependency"; sbatch(1), "--dependency".
pub fn parse(text: &str) -> Vec<Dependency> {
    let parts = text.split([',', '?']).filter_map(|part| part.split_once(':'));
    let jobs = parts.flat_map(|(kind, jobs)| jobs.split(':').map(move |job| (kind, job)));
    let jobs = jobs.map(|(kind, job)| {
        let (job_id, state) = job.split_once('(').unwrap_or((job, ""));
        // `after:10+30`: so many minutes after its start.
        let job_id = job_id.split('+').next().unwrap_or(job_id);
        Dependency { kind: kind.to_owned(), job_id: job_id.to_owned(), failed: state.trim_end_matches(')') == "failed" }
    });
    jobs.filter(|dependency| dependency.job_id.starts_with(|c: char| c.is_ascii_digit())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_job_and_whether_it_can_still_come_true() {
        let read = |text: &str| -> Vec<(String, bool)> {
            parse(text).into_iter().map(|dependency| (dependency.job_id, dependency.failed)).collect()
        };
        assert_eq!(
            read("afterok:10(unfulfilled),afternotok:11_*(failed)"),
            [("10".into(), false), ("11_*".into(), true)]
        );
        assert_eq!(
            read("after:7+30(unfulfilled)?afterany:8_1(unfulfilled)"),
            [("7".into(), false), ("8_1".into(), false)]
        );
        assert_eq!(read("afterok:10:11"), [("10".into(), false), ("11".into(), false)]);
        assert_eq!(parse("afterok:10,afternotok:11")[1].kind, "afternotok");
        assert_eq!(read("singleton(unfulfilled)"), []);
        assert_eq!(read("(null)"), []);
    }
}
