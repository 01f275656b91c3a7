//! `quarterdeck config template | check`.

use super::ConfigFile;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Print a configuration with every key, its default and what it means
    Template,
    /// Say what is wrong with a configuration
    Check(ConfigFile),
}

pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Template => print!("{}", quarterdeck_server::Config::template()),
        Command::Check(file) => {
            file.load()?;
            println!("The configuration is good.");
        }
    }
    Ok(())
}
