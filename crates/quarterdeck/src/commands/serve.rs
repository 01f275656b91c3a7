//! `quarterdeck serve`: runs the server until it is told to stop.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use quarterdeck_server::{Mode, serve, single_user_config};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::ConfigFile;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Everything embedded, for the person who starts it
    #[arg(long, requires = "data")]
    single_user: bool,
    /// Data directory of single-user mode
    #[arg(long, value_name = "DIR", requires = "single_user")]
    data: Option<PathBuf>,
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    start_log(arguments.log_format);
    let mut config = arguments.config.load()?;
    let mode = match arguments.data {
        Some(data) if arguments.single_user => {
            config = single_user_config(config, data, arguments.listen);
            Mode::SingleUser
        }
        _ => {
            if let Some(listen) = arguments.listen {
                config.server.listen = listen;
            }
            Mode::MultiUser
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("waiting for signals")?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        let scheme = if config.tls.files().is_some() { "https" } else { "http" };
        serve(config, mode, |address, password| announce(scheme, address, password), stop).await
    })
}

/// On standard output, where people and scripts look for it.
fn announce(scheme: &str, address: SocketAddr, first_password: Option<PathBuf>) {
    println!("Quarterdeck listens on {scheme}://{address}");
    if let Some(path) = first_password {
        println!("The first password is in {}", path.display());
    }
}

fn start_log(format: LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sea_orm_migration=warn,russh=off"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
