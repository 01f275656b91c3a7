//! Slurm's formats, for the server: batch scripts, the compact answers of squeue, sacct, sinfo and scontrol, JSON, and
//! the notations of time, memory and state in all of them. No process and no network: [`compact`] says what to run,
//! somebody else runs it, and hands the answer back to be read.
//!
//! For Slurm 22.05 and later: what 22.05, 24.11 and 26.05 answered is recorded in `tests/recorded`.

pub mod array;
pub mod compact;
pub mod dependency;
pub mod host_list;
pub mod json;
pub mod model;
pub mod node_list;
pub mod notation;
pub mod output_path;
pub mod reason;
pub mod script;

use thiserror::Error;

pub use model::{
    Association, Feature, Gres, Job, JobPaths, License, Limits, Node, NodeDetails, NodeEvent, Partition,
    PartitionAccess, Qos, ReasonAuthor, Reservation, Step,
};
pub use reason::Reason;

/// An answer of Slurm's that is not what its format promises. The reading as a whole is to be dropped: half a list
/// would look like jobs that ended.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AnswerError {
    #[error("{source_name} wrote {value:?} as {field}, which Quarterdeck cannot read: report it with Slurm's version")]
    Field { source_name: &'static str, field: &'static str, value: String },
    #[error("{source_name} answered in another layout than asked for ({detail}): check Slurm's version")]
    Layout { source_name: &'static str, detail: String },
    /// Slurm's own words, from the `errors` of its JSON.
    #[error("Slurm says: {message}")]
    Slurm { code: i64, message: String },
}

impl AnswerError {
    pub(crate) fn field(source_name: &'static str, field: &'static str, value: impl Into<String>) -> AnswerError {
        AnswerError::Field { source_name, field, value: value.into() }
    }

    pub(crate) fn layout(source_name: &'static str, detail: impl Into<String>) -> AnswerError {
        AnswerError::Layout { source_name, detail: detail.into() }
    }
}
