//! `quarterdeck-launcher`: the small executable that runs as root where many users share a portal.

use std::process::ExitCode;

fn main() -> ExitCode {
    quarterdeck_launcher::run(&[], std::env::args_os().skip(1))
}
