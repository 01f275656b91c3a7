//! `quarterdeck config template | check`.

use anyhow::Context;

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
            let config = file.load()?;
            quarterdeck_server::SigningKeys::load(&config.images.signing_keys).context("images.signing_keys")?;
            println!("The configuration is good.");
        }
    }
    Ok(())
}
