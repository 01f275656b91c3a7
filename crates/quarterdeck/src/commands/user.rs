//! `quarterdeck user add | list | disable | reset-password`, on the server's own database.

use std::io::BufRead;

use anyhow::{Context, bail};
use clap::ValueEnum;
use quarterdeck_server::users::{self, Change, Desk, Error, Filter, Kind, NewUser};
use quarterdeck_server::{AuditLog, Clock, Role, Who};

use super::{ConfigFile, block_on};

/// Accounts are listed in pages of this size.
const PAGE: u64 = 500;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an account; prints a password unless one is given
    Add {
        name: String,
        #[arg(long, value_enum)]
        role: RoleName,
        /// Account on the cluster that this user acts as [default: NAME]
        #[arg(long, value_name = "USER", conflicts_with = "no_unix_user")]
        unix_user: Option<String>,
        /// The user cannot act on the cluster
        #[arg(long)]
        no_unix_user: bool,
        /// Name shown to people [default: NAME]
        #[arg(long)]
        display_name: Option<String>,
        /// Read the password from the first line of standard input
        #[arg(long)]
        #[arg(long, conflicts_with = "service")]
        password_stdin: bool,
        /// A service: it has no password, and administrators make its keys
        #[arg(long)]
        service: bool,
    },
    List,
    /// End a user's sessions and let her sign in no more
    Disable {
        name: String,
    },
    /// Set a new password; prints it unless one is given
    ResetPassword {
        name: String,
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Admin,
    Operator,
    User,
    Viewer,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Admin => Role::Admin,
            RoleName::Operator => Role::Operator,
            RoleName::User => Role::User,
            RoleName::Viewer => Role::Viewer,
        }
    }
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let clock = Clock::system();
    block_on(async {
        let (db, audit) = AuditLog::for_command(clock.clone(), &config).await?;
        let desk = Desk { db: &db, clock: &clock, audit: &audit, live: None };
        match arguments.command {
            Command::Add { name, role, unix_user, no_unix_user, display_name, password_stdin, service } => {
                let (password, chosen) = if service { (None, true) } else { password(password_stdin)? };
                let unix_user = if no_unix_user { None } else { Some(unix_user.unwrap_or_else(|| name.clone())) };
                let display_name = display_name.unwrap_or_else(|| name.clone());
                let kind = if service { Kind::Service } else { Kind::Person };
                let (role, password_) = (role.into(), password.clone());
                let new = NewUser { username: name, display_name, password: password_, role, unix_user, kind };
                explain(users::add(desk, Who::CommandLine, new).await)?;
                tell(password, chosen);
            }
            Command::List => {
                let mut after: Option<String> = None;
                loop {
                    let page = users::list(&db, Filter::default(), after.as_deref(), PAGE).await?;
                    for user in &page {
                        let unix_user = user.unix_user.as_deref().unwrap_or("-");
                        let state = if user.disabled { "disabled" } else { "" };
                        println!("{}\t{}\t{unix_user}\t{state}", user.username, user.role.as_str());
                    }
                    match page.last() {
                        Some(last) if page.len() as u64 == PAGE => after = Some(last.username.clone()),
                        _ => break,
                    }
                }
            }
            Command::Disable { name } => {
                let id = users::find_by_name(db.read(), &name).await?.id;
                let change = Change { disabled: Some(true), ..Change::default() };
                explain(users::change(desk, Who::CommandLine, id, change).await)?;
            }
            Command::ResetPassword { name, password_stdin } => {
                let (password, chosen) = password(password_stdin)?;
                let id = users::find_by_name(db.read(), &name).await?.id;
                let word = password.clone().unwrap_or_default();
                explain(users::set_password(desk, Who::CommandLine, id, word, "/password", None).await)?;
                tell(password, chosen);
            }
        }
        Ok(())
    })
}

/// The password, and whether it was chosen by whoever calls.
fn password(from_stdin: bool) -> anyhow::Result<(Option<String>, bool)> {
    if !from_stdin {
        return Ok((Some(users::random_password()?), false));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the password")?;
    Ok((Some(line.trim_end_matches(['\r', '\n']).to_owned()), true))
}

fn tell(password: Option<String>, chosen: bool) {
    if let (Some(password), false) = (password, chosen) {
        println!("{password}");
    }
}

/// Names each wrong field, as the API would.
fn explain<T>(result: Result<T, Error>) -> anyhow::Result<T> {
    match result {
        Err(Error::Invalid(errors)) => {
            let details: Vec<&str> = errors.iter().map(|error| error.detail.as_str()).collect();
            bail!("{}", details.join(" "))
        }
        other => Ok(other?),
    }
}
