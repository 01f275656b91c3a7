//! `quarterdeck login`: keeps a portal's address and a key of one's own for the commands that use the API.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};

use super::block_on;
use crate::client::{Credentials, Portal, credentials};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The portal's address: https://hpc.example.org
    url: String,
    /// Read the key from the first line of standard input
    #[arg(long)]
    key_stdin: bool,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let url = credentials::address(&arguments.url)?;
    let key = key(arguments.key_stdin, &url)?;
    if key.is_empty() {
        bail!("no key was given");
    }
    block_on(async {
        let user = Portal::of(Credentials { url: url.clone(), key: key.clone() })?.user().await?;
        let path = Credentials { url, key }.keep()?;
        println!("Logged in as {user}. The key is kept in {}.", path.display());
        Ok(())
    })
}

fn key(from_stdin: bool, url: &reqwest::Url) -> anyhow::Result<String> {
    if from_stdin || !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("reading the key")?;
        return Ok(line.trim().to_owned());
    }
    eprintln!("Make an API key at {}, with the scopes that you want to use here.", url.join("account")?);
    Ok(rpassword::prompt_password("Key: ").context("reading the key")?.trim().to_owned())
}
