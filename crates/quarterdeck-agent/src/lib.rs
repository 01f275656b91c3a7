//! The agent: does for one user, with that user's uid and groups and nothing more, what the server asks: opens and
//! lists her files, places her uploads, runs `sbatch` and its kin, and starts jobs of the `local` scheduler; copies, packs, unpacks, removes and searches.
//!
//! One typed request, one answer ([`quarterdeck_types::agent`]) on a Unix socket that only the server's uid may use.
//! Bytes of files do not pass through it: it opens, and hands the descriptor over. What it may open and run stands in
//! a file of the site's ([`config`]), never in a request. Plain threads, no network, no async runtime, little memory.
//!
//! The way of a request: [`serve`] receives it, [`requests`] sends it to [`files`], [`acl`], [`trash`], [`uploads`],
//! [`replace`], [`programs`], [`submit`], [`local`] or [`tasks`]; places become descriptors in [`resolve`]; what must survive a crash stands in
//! [`records`].

mod account;
mod acl;
mod arguments;
mod config;
mod crash;
mod errors;
mod files;
mod local;
mod options;
mod processes;
mod programs;
mod records;
mod replace;
mod requests;
mod resolve;
mod serve;
mod submit;
mod supervisor;
mod tasks;
mod trash;
mod uploads;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::options::Command;

/// Runs the agent, or the supervisor of one local job, with these arguments (without the program's name).
///
/// `self_arguments` is what stands before them when this executable is started again: nothing for
/// `quarterdeck-agent`, `["agent"]` for `quarterdeck agent`.
pub fn run(self_arguments: &[&str], arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let done = match options::parse(arguments) {
        Err(message) => Err(format!("{message}\n{}", options::USAGE)),
        Ok(Command::Help) => {
            println!("{}", options::USAGE);
            Ok(())
        }
        Ok(Command::Serve(options)) => serve::run(&options, self_arguments),
        Ok(Command::Supervise { directory }) => supervisor::run(&directory).map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("quarterdeck-agent: {message}");
            ExitCode::FAILURE
        }
    }
}
