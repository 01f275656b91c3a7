//! The launcher: the only part of Quarterdeck that runs as root. Starts a user's agent with that user's uid and groups
//! when the server asks, for those alone whom the site admits; keeps a journal of it; does nothing else.
//!
//! One exchange a connection ([`quarterdeck_types::launcher`]) on one Unix socket, no network. The way of a request:
//! [`serve`] looks who asks, [`admission`] decides whether the account may have an agent, [`agents`] makes sure that
//! it runs, through [`become_user`], and [`journal`] keeps what happened.

mod admission;
mod agents;
mod become_user;
mod config;
mod journal;
mod limits;
mod options;
mod processes;
mod serve;
mod system;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::options::Command;

/// Runs the launcher, or one of its sub-commands, with these arguments (without the program's name).
///
/// `self_arguments` is what stands before them when this executable is started again: nothing for
/// `quarterdeck-launcher`, `["launcher"]` for `quarterdeck launcher`.
pub fn run(self_arguments: &[&str], arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let done = match options::parse(arguments) {
        Err(message) => Err(format!("{message}\n{}", options::USAGE)),
        Ok(Command::Help) => {
            println!("{}", options::USAGE);
            Ok(())
        }
        Ok(Command::Serve { config }) => serve::run(&config, self_arguments),
        Ok(Command::Stop { config, user }) => serve::ask_to_stop(&config, user),
        Ok(Command::Become(arguments)) => become_user::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("quarterdeck-launcher: {message}");
            ExitCode::FAILURE
        }
    }
}
