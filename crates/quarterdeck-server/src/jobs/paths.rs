//! Where a job writes: recorded when the scheduler has given it a number, from the script that was submitted.

use quarterdeck_slurm::output_path::{JobWords, output_path};
use quarterdeck_slurm::script::BatchScript;

use super::Job;

/// Fills in the paths that are not known yet; `directory` is where the scheduler starts the job. An array has none of its
/// own: its tasks have.
pub(super) fn record(job: &mut Job, script: &str, directory: &str) {
    let Some(job_id) = &job.job_id else { return };
    let Ok(script) = BatchScript::parse(script) else { return };
    let is_task = job_id.as_str().contains('_');
    if script.option("array").is_some() && !is_task {
        return;
    }
    // Of several nodes the first writes; a compressed list does not tell its name plainly.
    let host = job.node_list.as_deref().filter(|list| !list.contains(['[', ',']));
    let words = JobWords { job_id, name: &job.name, user: &job.user, host };
    let output = output_path(script.output(), directory, &words);
    let error = script.error().and_then(|pattern| output_path(Some(pattern), directory, &words));
    job.output_path = job.output_path.take().or(output);
    job.error_path = job.error_path.take().or(error);
}
