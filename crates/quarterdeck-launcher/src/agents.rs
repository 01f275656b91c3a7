//! Makes sure that a user's agent runs, once, and ends it. Agents outlive the launcher: which process is whose stands
//! in `agents/<uid>.pid`.

use std::collections::HashMap;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use quarterdeck_types::launcher::RefusalCode;
use rustix::io::Errno;
use rustix::net::sockopt::socket_acceptconn;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, socket_with};

use crate::admission::{Account, Refusal};
use crate::config::Config;
use crate::limits::Starts;
use crate::processes::Identity;

/// From the start to listening. Longer, and its home or the machine hangs.
const STARTING: Duration = Duration::from_secs(5);
/// For an agent that is just leaving.
const LEAVING: Duration = Duration::from_secs(1);
/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

pub(crate) struct Agents {
    config: Arc<Config>,
    self_arguments: Vec<String>,
    starts: Mutex<Starts>,
    /// One lock a user, so that two requests start one agent, and one user's dead home stops nobody else.
    users: Mutex<HashMap<u32, Arc<Mutex<()>>>>,
    children: Mutex<Vec<Child>>,
}

pub(crate) enum Ensured {
    Started,
    RanAlready,
}

impl Agents {
    pub(crate) fn new(config: Arc<Config>, self_arguments: &[&str]) -> Agents {
        Agents {
            starts: Mutex::new(Starts::new(config.starts_per_minute, config.starts_per_minute_and_user)),
            self_arguments: self_arguments.iter().map(|argument| argument.to_string()).collect(),
            users: Mutex::default(),
            children: Mutex::default(),
            config,
        }
    }

    pub(crate) fn socket(&self, uid: u32) -> PathBuf {
        self.config.agents_directory().join(format!("{uid}.sock"))
    }

    /// Answers when the agent listens.
    pub(crate) fn ensure(&self, account: &Account) -> Result<Ensured, Refusal> {
        let user = self.user(account.uid);
        let _only_one = lock(&user);
        if let Some(running) = self.recorded(account.uid) {
            let deadline = Instant::now() + LEAVING;
            while running.lives() {
                if accepts(&self.socket(account.uid)) {
                    return Ok(Ensured::RanAlready);
                }
                if Instant::now() >= deadline {
                    running.end(GRACE).map_err(|errno| failed("ending an agent that does not answer", errno))?;
                }
                std::thread::sleep(LOOK);
            }
        }
        if !lock(&self.starts).admit(account.uid, Instant::now()) {
            let message = "too many agents were started in the last minute: try again in a minute";
            return Err(Refusal::new(RefusalCode::TooManyStarts, message));
        }
        self.start(account).map(|()| Ensured::Started)
    }

    /// Whether there was one to end.
    pub(crate) fn stop(&self, uid: u32) -> Result<bool, Refusal> {
        let user = self.user(uid);
        let _only_one = lock(&user);
        let Some(running) = self.recorded(uid).filter(|running| running.lives()) else { return Ok(false) };
        running.end(GRACE).map_err(|errno| failed("ending the agent", errno))?;
        let _ = fs::remove_file(self.socket(uid));
        let _ = fs::remove_file(self.record(uid));
        Ok(true)
    }

    /// Lets the remains of ended agents go.
    pub(crate) fn reap(&self) {
        lock(&self.children).retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }

    fn start(&self, account: &Account) -> Result<(), Refusal> {
        let listener = self.bind(account.uid).map_err(|error| failed("making the agent's socket", error))?;
        let watched = listener.try_clone().map_err(|error| failed("making the agent's socket", error))?;
        let mut child = self.spawn(account, listener).map_err(|error| failed("starting the agent", error))?;
        let pid = i32::try_from(child.id()).unwrap_or_default();
        if let Some(identity) = Identity::of(pid, account.uid) {
            self.keep(&identity).map_err(|error| failed("recording the agent", error))?;
        }
        let deadline = Instant::now() + STARTING;
        let answer = loop {
            if let Ok(Some(status)) = child.try_wait() {
                let log = self.config.agent_log.display();
                break Err(failed("the agent ended at once", format!("{status}: {log} says why")));
            }
            if socket_acceptconn(&watched).is_ok_and(|listens| listens) {
                break Ok(());
            }
            if Instant::now() >= deadline {
                let _ = child.kill();
                break Err(failed("starting the agent", "it did not listen in time: its home may hang"));
            }
            std::thread::sleep(LOOK);
        };
        lock(&self.children).push(child);
        answer
    }

    /// Bound here, so that no user can take another's name; the agent itself listens on it, so that the kernel tells
    /// the server the agent's uid and not ours.
    fn bind(&self, uid: u32) -> io::Result<OwnedFd> {
        let path = self.socket(uid);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = unix_socket(SocketFlags::CLOEXEC)?;
        bind(&socket, &SocketAddrUnix::new(&path)?)?;
        chown(&path, Some(0), Some(self.config.server_gid.as_raw()))?;
        fs::set_permissions(&path, Permissions::from_mode(0o660))?;
        Ok(socket)
    }

    fn spawn(&self, account: &Account, listener: OwnedFd) -> io::Result<Child> {
        let config = &self.config;
        let log = File::options().append(true).create(true).mode(0o600).open(&config.agent_log)?;
        let groups: Vec<String> = account.groups.iter().map(u32::to_string).collect();
        let mut command = Command::new("/proc/self/exe");
        command.args(&self.self_arguments).arg("become");
        command.args([account.uid.to_string(), account.gid.to_string(), groups.join(","), config.umask.to_string()]);
        command.arg(&account.home).arg(&config.agent).args(&config.agent_arguments);
        command.args(["--listen-stdin", "--server-uid", &config.server_uid.to_string()]);
        command.args(["--idle-seconds", &config.agent_idle_seconds.to_string()]);
        command.arg("--config").arg(&config.agent_config);
        command.env_clear().env("HOME", &account.home).env("SHELL", &account.shell);
        command.env("USER", &account.name).env("LOGNAME", &account.name);
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LANG", "C.UTF-8");
        // For glibc: one heap for all threads. With one each, an agent that listed large directories on four connections
        // kept 2.2 MB instead of 1.7.
        command.env("MALLOC_ARENA_MAX", "1");
        command.current_dir("/").stdin(listener).stdout(Stdio::null()).stderr(log).spawn()
    }

    fn recorded(&self, uid: u32) -> Option<Identity> {
        let bytes = fs::read(self.record(uid)).ok()?;
        serde_json::from_slice(&bytes).ok().filter(|identity: &Identity| identity.uid == uid)
    }

    fn keep(&self, identity: &Identity) -> io::Result<()> {
        fs::write(self.record(identity.uid), serde_json::to_vec(identity)?)
    }

    fn record(&self, uid: u32) -> PathBuf {
        self.config.agents_directory().join(format!("{uid}.pid"))
    }

    fn user(&self, uid: u32) -> Arc<Mutex<()>> {
        Arc::clone(lock(&self.users).entry(uid).or_default())
    }
}

/// Whether anybody listens. Does not wait: a full queue is an answer too.
pub(crate) fn accepts(path: &Path) -> bool {
    let attempt = || connect(unix_socket(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?, &SocketAddrUnix::new(path)?);
    matches!(attempt(), Ok(()) | Err(Errno::AGAIN))
}

fn unix_socket(flags: SocketFlags) -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

fn failed(what: &str, error: impl std::fmt::Display) -> Refusal {
    Refusal::new(RefusalCode::Failed, format!("{what}: {error}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
