//! Listens, looks who asks for what, and answers: one exchange a connection.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::sys::stat::{Mode, umask};
use nix::unistd::Uid;
use quarterdeck_types::launcher::{Answer, MAX_LINE_BYTES, PROTOCOL, RefusalCode, Request};
use quarterdeck_types::wire::{self, LineReader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{UCred, sockopt::socket_peercred};

use crate::admission::{self, Refusal};
use crate::agents::{Agents, Ensured, accepts};
use crate::config::Config;
use crate::journal::{Journal, Line};

const MAX_CONNECTIONS: usize = 16;
const STACK: usize = 256 << 10;
/// For a caller to send its line and to take its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the remains of ended agents are let go.
const REAP: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

struct Launcher {
    config: Arc<Config>,
    agents: Agents,
    journal: Journal,
    connections: AtomicUsize,
}

/// Runs the launcher until it is killed. The error is for people.
pub(crate) fn run(config: &Path, self_arguments: &[&str]) -> Result<(), String> {
    if !Uid::effective().is_root() {
        return Err("only root can start agents for others: start the launcher as root, or the server with \
                    --single-user, which needs no launcher"
            .into());
    }
    let config = Arc::new(Config::load(config)?);
    // For everything the launcher makes; agents get their own.
    umask(Mode::from_bits_truncate(0o077));
    let socket = config.socket();
    let listener = prepare(&config)
        .and_then(|()| listen(&config))
        .map_err(|error| format!("listening on {}: {error}", socket.display()))?;
    let launcher = Arc::new(Launcher {
        agents: Agents::new(Arc::clone(&config), self_arguments),
        journal: Journal::new(config.journal.clone()),
        connections: AtomicUsize::new(0),
        config,
    });
    loop {
        let waiting = poll(&mut [PollFd::new(&listener, PollFlags::IN)], Some(&REAP));
        launcher.agents.reap();
        if !waiting.is_ok_and(|ready| ready > 0) {
            continue;
        }
        if let Err(error) = listener.accept().and_then(|(stream, _)| admit(stream, &launcher)) {
            eprintln!("quarterdeck-launcher: a connection failed: {error}");
        }
    }
}

/// `quarterdeck-launcher stop USER`.
pub(crate) fn ask_to_stop(config: &Path, user: String) -> Result<(), String> {
    let config = Config::load(config)?;
    let socket = config.socket();
    let answer = exchange(&socket, &Request::Stop { protocol: PROTOCOL, user: user.clone() })
        .map_err(|error| format!("asking the launcher at {}: {error}", socket.display()))?;
    match answer {
        Answer::Stopped { was_running: true } => println!("the agent of {user:?} has ended"),
        Answer::Stopped { was_running: false } => println!("{user:?} had no agent"),
        Answer::Refused { message, .. } => return Err(message),
        Answer::Running { .. } => return Err("the launcher answered something else".into()),
    }
    Ok(())
}

fn exchange(socket: &Path, request: &Request) -> io::Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    wire::send(&stream, request, None)?;
    let line = LineReader::default().receive(&stream, MAX_LINE_BYTES)?;
    line.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?.parse()
}

fn prepare(config: &Config) -> io::Result<()> {
    // The server must get through to its sockets, and nobody else may put anything there.
    make_directory(&config.runtime_directory, 0o755, 0)?;
    make_directory(&config.agents_directory(), 0o750, config.server_gid.as_raw())?;
    for file in [&config.journal, &config.agent_log] {
        if let Some(parent) = file.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
        }
    }
    Ok(())
}

fn make_directory(path: &Path, mode: u32, gid: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)?;
    let about = fs::symlink_metadata(path)?;
    if !about.is_dir() || about.uid() != 0 {
        return Err(io::Error::other(format!("{} is not a directory of root's", path.display())));
    }
    chown(path, Some(0), Some(gid))?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn listen(config: &Config) -> io::Result<UnixListener> {
    let path = config.socket();
    if accepts(&path) {
        return Err(io::Error::other("another launcher listens there already"));
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    chown(&path, Some(0), Some(config.server_gid.as_raw()))?;
    fs::set_permissions(&path, Permissions::from_mode(0o660))?;
    Ok(listener)
}

fn admit(stream: UnixStream, launcher: &Arc<Launcher>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let caller = socket_peercred(&stream)?;
    if launcher.connections.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
        launcher.connections.fetch_sub(1, Ordering::Relaxed);
        let busy = Refusal::new(RefusalCode::Failed, "the launcher is busy: try again");
        return wire::send(&stream, &refused(&busy), None);
    }
    let shared = Arc::clone(launcher);
    let converse = move || {
        if let Err(error) = converse(&stream, &caller, &shared) {
            eprintln!("quarterdeck-launcher: a connection broke: {error}");
        }
        shared.connections.fetch_sub(1, Ordering::Relaxed);
    };
    let spawned = std::thread::Builder::new().stack_size(STACK).name("connection".into()).spawn(converse);
    if spawned.is_err() {
        launcher.connections.fetch_sub(1, Ordering::Relaxed);
    }
    spawned.map(drop)
}

fn converse(stream: &UnixStream, caller: &UCred, launcher: &Launcher) -> io::Result<()> {
    let Some(line) = LineReader::default().receive(stream, MAX_LINE_BYTES)? else { return Ok(()) };
    let answer = match line.parse() {
        Ok(request) => launcher.answer(request, caller),
        Err(error) => {
            let message = format!("not a request of protocol {PROTOCOL}: {error}");
            refused(&Refusal::new(RefusalCode::BadRequest, message))
        }
    };
    wire::send(stream, &answer, None)
}

impl Launcher {
    fn answer(&self, request: Request, caller: &UCred) -> Answer {
        let (name, protocol, user) = match &request {
            Request::Start { protocol, user } => ("start", *protocol, user),
            Request::Stop { protocol, user } => ("stop", *protocol, user),
        };
        let mut uid = None;
        let answer = self.authorise(&request, protocol, caller).and_then(|()| match request {
            Request::Start { .. } => self.start(user, &mut uid),
            Request::Stop { .. } => self.stop(user, &mut uid),
        });
        let (result, answer) = match answer {
            Ok((result, answer)) => (result.to_owned(), answer),
            Err(refusal) => (describe(&refusal), refused(&refusal)),
        };
        let line = Line {
            request: name,
            caller_uid: caller.uid.as_raw(),
            caller_pid: caller.pid.as_raw_pid(),
            user,
            uid,
            result,
        };
        match self.journal.write(&line) {
            Ok(()) => answer,
            Err(error) => {
                eprintln!("quarterdeck-launcher: writing the journal: {error}");
                refused(&Refusal::new(RefusalCode::Failed, "the launcher cannot write its journal"))
            }
        }
    }

    fn authorise(&self, request: &Request, protocol: u16, caller: &UCred) -> Result<(), Refusal> {
        let allowed = match request {
            Request::Start { .. } => self.config.server_uid.as_raw(),
            Request::Stop { .. } => 0,
        };
        if caller.uid.as_raw() != allowed {
            let message = format!("uid {} may not ask this, but uid {allowed} alone", caller.uid.as_raw());
            return Err(Refusal::new(RefusalCode::NotTheServer, message));
        }
        if protocol != PROTOCOL {
            let message = format!("the launcher speaks protocol {PROTOCOL}: install one release of both");
            return Err(Refusal::new(RefusalCode::Version, message));
        }
        Ok(())
    }

    fn start(&self, user: &str, uid: &mut Option<u32>) -> Result<(&'static str, Answer), Refusal> {
        let account = admission::look_up(user)?;
        *uid = Some(account.uid);
        admission::admit(&account, &self.config)?;
        let result = match self.agents.ensure(&account)? {
            Ensured::Started => "started",
            Ensured::RanAlready => "running",
        };
        let socket = self.agents.socket(account.uid).to_string_lossy().into_owned();
        Ok((result, Answer::Running { socket, uid: account.uid }))
    }

    /// Also by uid, for an account that is gone while its agent is not.
    fn stop(&self, user: &str, uid: &mut Option<u32>) -> Result<(&'static str, Answer), Refusal> {
        let found = match user.parse() {
            Ok(number) => number,
            Err(_) => admission::look_up(user)?.uid,
        };
        *uid = Some(found);
        let was_running = self.agents.stop(found)?;
        let result = if was_running { "stopped" } else { "was not running" };
        Ok((result, Answer::Stopped { was_running }))
    }
}

fn refused(refusal: &Refusal) -> Answer {
    Answer::Refused { code: refusal.code, message: refusal.message.clone() }
}

/// The refusal's code as the protocol writes it; what failed as well, for the one code that says nothing.
fn describe(refusal: &Refusal) -> String {
    let code = serde_json::to_value(refusal.code);
    let code = code.ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default();
    if refusal.code == RefusalCode::Failed { format!("{code}: {}", refusal.message) } else { code }
}
