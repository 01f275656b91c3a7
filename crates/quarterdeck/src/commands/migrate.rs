//! `quarterdeck migrate`: brings the database's schema up to date. `serve` does so too.

use super::{ConfigFile, block_on, open_database};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    block_on(async {
        open_database(&config).await?;
        println!("The database is up to date.");
        Ok(())
    })
}
