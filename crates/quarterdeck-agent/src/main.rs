//! `quarterdeck-agent`: the small executable that sites with many users run, one a user.

use std::process::ExitCode;

fn main() -> ExitCode {
    quarterdeck_agent::run(&[], std::env::args_os().skip(1))
}
