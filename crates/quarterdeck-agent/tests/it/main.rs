//! The agent as the server sees it: the real executable, its real socket.

mod files;
mod local_jobs;
mod protocol;
mod submissions;
mod support;
mod tasks;
mod trash;
mod uploads;
