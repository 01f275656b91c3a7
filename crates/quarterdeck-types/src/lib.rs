//! The words that cross a process boundary: jobs and their states, places in a user's files, and what server,
//! agent and launcher say to each other. No process, no file and no network of its own, but for [`wire`], which
//! puts one line and at most one descriptor on a socket.

pub mod acl;
pub mod agent;
pub mod control;
pub mod file_task;
mod hex;
pub mod job;
pub mod kind;
pub mod launcher;
pub mod place;
pub mod wire;

pub use hex::hex;
pub use job::{JobId, JobState};
pub use kind::FileKind;
pub use place::{FileName, Place, RelativePath, SpaceName};
