//! Sweeps: one job for each row of a table, as the tasks of an array, and their results as the same table again.

mod check;
mod export;
mod prepare;
mod table;
mod values;

use quarterdeck_types::JobId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Job;

pub(super) use check::check;
pub use export::csv;
pub(super) use prepare::{Common, prepare};
pub use table::{SweepRow, SweepTable, sweep};
pub use values::{Wanted, values};

/// Slurm's own default takes task numbers up to 1,000 (`MaxArraySize`).
pub(super) const MOST_ROWS: usize = 1000;

/// What varies from task to task of a job.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// The table's columns: parameters of the template, or names of files that it asks for; with a script of one's own,
    /// environment variables.
    #[schema(max_items = 50)]
    pub parameters: Vec<String>,
    /// Task 1 is the first row: values by column. What a row leaves out has the job's own value. A file is one of the
    /// job's, by the name it has there.
    #[schema(value_type = Vec<Object>, max_items = 1000)]
    pub rows: Vec<Map<String, Value>>,
    /// Tasks that may run at the same time; unset: as many as the scheduler lets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
}

impl Sweep {
    /// As sbatch takes them.
    pub(super) fn tasks(&self) -> String {
        let at_once = self.at_once.map(|at_once| format!("%{at_once}")).unwrap_or_default();
        format!("1-{}{at_once}", self.rows.len())
    }

    /// The same sweep of one row alone: of the task of this number.
    pub(super) fn row_of(&self, task: &str) -> Option<&Map<String, Value>> {
        self.rows.get(task.parse::<usize>().ok()?.checked_sub(1)?)
    }
}

/// The `1` of `5_1`.
pub(super) fn task_number(job_id: &JobId) -> Option<&str> {
    job_id.as_str().split_once('_').map(|(_, task)| task)
}

/// Where a task of this sweep works; `None` of any other job.
pub(super) fn directory_of(whole: &Job, task: &JobId) -> Option<String> {
    Some(format!("{}/{}", whole.rows_directory.as_ref()?, task_number(task)?))
}

/// A value as the program gets it: a text as it is, and what has no letters of its own as JSON writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
