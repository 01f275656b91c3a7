//! Starts a server: its data directory and secrets, the database, the first account, and everything that runs beside
//! the requests.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use crate::agents::{Agents, Start};
use crate::app::{App, Parts};
use crate::auth::{self, Keys};
use crate::clock::Clock;
use crate::clusters::{self, Clusters};
use crate::config::{Config, Mode};
use crate::db::Db;
use crate::limits::Limits;
use crate::redis::Redis;
use crate::users::{self, Desk, NewUser};
use crate::{access::Role, audit, audit::Who, images, jobs, listen, live, notifications, templates, uploads, web};

/// What is under way when the server is told to stop has this long to end.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Connections of the plain port that sends people to the safe one.
const REDIRECTS_AT_ONCE: usize = 256;
/// Holds the first administrator's password until somebody deletes it.
const PASSWORD_FILE: &str = "initial-password";

/// Runs a server until `stop` is done. `ready` is told its address once it listens.
pub async fn serve(
    config: Config,
    mode: Mode,
    ready: impl FnOnce(SocketAddr, Option<PathBuf>),
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let uid = rustix::process::geteuid();
    if mode == Mode::MultiUser && uid.is_root() {
        bail!("the server does not run as root: start it as the user quarterdeck (the launcher alone is root)");
    }
    let data = &config.server.data;
    make_private(data)?;
    let keys = Keys::load_or_generate(data)?;
    users::prepare_passwords()?;
    let db = Db::open(&config.database_url()).await.context("opening the database")?;
    let clock = Clock::system();
    let audit = audit::Log::new(db.clone(), clock.clone(), &config)?;
    audit.start().await?;
    let desk = Desk { db: &db, clock: &clock, audit: &audit, live: None };
    let first_password = first_account(desk, data, mode).await?;
    let start = match mode {
        Mode::MultiUser => Start::Launcher { socket: config.agents.launcher.clone() },
        Mode::SingleUser => Start::Child(own_agent(&config)?),
    };
    let redis = match config.redis.url.clone() {
        Some(address) => {
            let started = Redis::start(address, Duration::from_millis(config.redis.timeout_ms)).await;
            Some(started.context("redis.url")?)
        }
        None => None,
    };
    let app = App::new(Parts {
        agents: Agents::new(start, config.agents.connections),
        clusters: Clusters::new(&config, mode),
        limits: Limits::new(&config, clock.clone(), redis),
        live: live::Live::default(),
        uploads: uploads::Uploads::new(&db, &audit),
        images: images::Images::new(&config.images)?,
        jobs: jobs::Jobs::default(),
        templates: templates::Templates::default(),
        notifications: notifications::Notifications::new(&config)?,
        audit,
        config,
        mode,
        clock,
        db,
        keys,
    });
    templates::start(&app).await;
    images::scan_always(&app);
    notifications::start(&app);
    clusters::start(&app);
    tokio::spawn(auth::watch_sessions(app.clone()));
    tokio::spawn(uploads::sweep(app.clone()));

    let https = app.config.tls.files().map(listen::Https::start).transpose()?;
    let listener = bind(app.config.server.listen).await?;
    if let (Some(address), Some(public_url)) = (app.config.tls.redirect_listen, &app.config.server.public_url) {
        let listener = bind(address).await?;
        let router = listen::redirects(public_url);
        let most = REDIRECTS_AT_ONCE.min(listen::most_connections());
        tokio::spawn(listen::serve(listener, None, router, most, std::future::pending(), STOP_TIME));
    }
    ready(listener.local_addr()?, first_password);
    let served = listen::serve(listener, https, web::router(app), listen::most_connections(), stop, STOP_TIME).await;
    served.context("starting the threads that serve connections")
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

/// What `serve --single-user` runs with: everything of its own in one directory, the `local` cluster, one person.
pub fn single_user_config(mut config: Config, data: PathBuf, listen: Option<SocketAddr>) -> Config {
    config.server.data = data;
    if let Some(listen) = listen {
        config.server.listen = listen;
    }
    config.local.enabled = true;
    config
}

fn make_private(data: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("creating the data directory {}", data.display()))?;
    let metadata = fs::metadata(data)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o077 != 0 {
        bail!("{} must belong to the server's user and be closed to others: chown it and chmod 700", data.display());
    }
    Ok(())
}

/// Makes the first administrator in a new database; answers where the password is.
async fn first_account(desk: Desk<'_>, data: &Path, mode: Mode) -> anyhow::Result<Option<PathBuf>> {
    let path = data.join(PASSWORD_FILE);
    if !users::none_yet(desk.db).await? {
        return Ok(path.exists().then_some(path));
    }
    let password = users::random_password()?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("writing {}", path.display()))?;
    writeln!(file, "{password}")?;
    file.sync_all()?;
    let unix_user = match mode {
        Mode::SingleUser => Some(own_name()?),
        Mode::MultiUser => None,
    };
    let username = unix_user.clone().unwrap_or_else(|| "admin".to_owned());
    let new = NewUser {
        display_name: username.clone(),
        username,
        password: Some(password),
        role: Role::Admin,
        unix_user,
        kind: users::Kind::Person,
    };
    users::add(desk, Who::Server, new).await.context("making the first account")?;
    Ok(Some(path))
}

/// In single-user mode the agent is our child; what it may do is written for it here.
fn own_agent(config: &Config) -> anyhow::Result<crate::agents::Child> {
    let data = fs::canonicalize(&config.server.data)?;
    let path = data.join("agent.toml");
    let programs = if config.offers_slurm(Mode::SingleUser) {
        let program = |name: &str| format!("{name} = {:?}\n", config.slurm.programs.join(name));
        let conf = config.slurm.conf.as_ref().map(|conf| format!("\n[environment]\nSLURM_CONF = {conf:?}\n"));
        format!(
            "\n[programs]\n{}{}{}{}{}",
            program("sbatch"),
            program("scancel"),
            program("scontrol"),
            program("sstat"),
            conf.unwrap_or_default()
        )
    } else {
        String::new()
    };
    let text =
        format!("# Written by `quarterdeck serve --single-user` at each start.\n[spaces]\nhome = \"~\"\n{programs}");
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(crate::agents::Child {
        user: own_name()?,
        uid: rustix::process::geteuid().as_raw(),
        executable: std::env::current_exe().context("finding this executable")?,
        socket: data.join("agent.sock"),
        config: path,
        starting: tokio::sync::Mutex::default(),
    })
}

/// The name of the account that this process runs as.
fn own_name() -> anyhow::Result<String> {
    let uid = rustix::process::geteuid().as_raw();
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).context("looking up our own account")?;
    user.map(|user| user.name).with_context(|| format!("the uid {uid} has no account name"))
}
