//! `quarterdeck keys rotate`: replaces the signing key; a server that runs takes it up by itself.

use quarterdeck_server::Keys;

use super::ConfigFile;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Sign with a new key from now on; tokens signed with the old one stay good until they end
    Rotate(ConfigFile),
}

pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    let Command::Rotate(file) = command;
    let config = file.load()?;
    Keys::rotate(&config.server.data)?;
    println!("Access tokens are signed with a new key.");
    Ok(())
}
