//! `quarterdeck`: the one executable. Each sub-command is a file in `commands/`.

mod client;
mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A web portal for Slurm clusters.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server of a site, or, with --single-user, of one person
    Serve(commands::serve::Arguments),
    /// Print a commented configuration, or say what is wrong with one
    #[command(subcommand)]
    Config(commands::config::Command),
    /// Make and change accounts
    User(commands::user::Arguments),
    /// Verify or export the record of who did what
    Audit(commands::audit::Arguments),
    /// Replace the key that access tokens are signed with
    #[command(subcommand)]
    Keys(commands::keys::Command),
    /// Bring the database's schema up to date
    Migrate(commands::migrate::Arguments),
    /// Read Apptainer images without Apptainer
    #[command(subcommand)]
    Image(commands::image::Command),
    /// Keep a portal's address and your API key for upload and download
    Login(commands::login::Arguments),
    /// Send files and folders to the cluster
    Upload(commands::upload::Arguments),
    /// Fetch files and directories from the cluster
    Download(commands::download::Arguments),
    /// Print the OpenAPI document
    Openapi,
}

fn main() -> ExitCode {
    // These two read their own arguments: the small executables of the same name have no clap.
    let mut words = std::env::args_os().skip(1);
    match words.next().as_deref().and_then(|word| word.to_str()) {
        Some("agent") => return quarterdeck_agent::run(&["agent"], words),
        Some("launcher") => return quarterdeck_launcher::run(&["launcher"], words),
        _ => {}
    }
    let done = |()| ExitCode::SUCCESS;
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => commands::serve::run(arguments).map(done),
        Command::Config(command) => commands::config::run(command).map(done),
        Command::User(arguments) => commands::user::run(arguments).map(done),
        Command::Keys(command) => commands::keys::run(command).map(done),
        Command::Audit(arguments) => commands::audit::run(arguments),
        Command::Migrate(arguments) => commands::migrate::run(arguments).map(done),
        Command::Image(command) => commands::image::run(command).map(done),
        Command::Login(arguments) => commands::login::run(arguments).map(done),
        Command::Upload(arguments) => commands::upload::run(arguments),
        Command::Download(arguments) => commands::download::run(arguments),
        Command::Openapi => commands::openapi::run().map(done),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("quarterdeck: {error:#}");
            ExitCode::FAILURE
        }
    }
}
