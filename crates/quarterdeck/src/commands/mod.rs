//! One file for each sub-command.

pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod download;
pub(crate) mod image;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod serve;
pub(crate) mod upload;
pub(crate) mod user;

use std::path::PathBuf;

use anyhow::Context;
use quarterdeck_server::{Config, Db};

/// Where a site's configuration is unless `--config` says otherwise.
const CONFIG_FILE: &str = "/etc/quarterdeck/quarterdeck.toml";

/// Which configuration a command works with.
#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// Configuration file [default: /etc/quarterdeck/quarterdeck.toml, where it is there]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl ConfigFile {
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        let usual = PathBuf::from(CONFIG_FILE);
        let file = self.config.clone().or_else(|| usual.exists().then_some(usual));
        Config::load(file.as_deref()).context("reading the configuration")
    }
}

/// Runs async work of a command that is over soon.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

async fn open_database(config: &Config) -> anyhow::Result<Db> {
    Db::open(&config.database_url()).await.context("opening the database")
}
