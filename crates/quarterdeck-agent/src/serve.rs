//! Listens, admits the server's uid alone, and answers: a thread a connection, a connection as long as the server
//! likes. Leaves when nobody has asked for anything for a while.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use quarterdeck_types::agent::{AgentError, Answer, ErrorCode, MAX_REQUEST_BYTES, Request};
use quarterdeck_types::wire::{self, Line, LineReader};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Mode;
use rustix::net::sockopt::socket_peercred;
use rustix::process::{DumpableBehavior, set_dumpable_behavior, umask};

use crate::account::Account;
use crate::config::Config;
use crate::local::LocalJobs;
use crate::options::{Listen, Options};
use crate::programs::Programs;
use crate::records::{self, Records};
use crate::requests::{Agent, Reply};
use crate::resolve::Spaces;
use crate::submit::Submissions;
use crate::tasks::Tasks;

const MAX_CONNECTIONS: usize = 16;
/// Enough for the deepest request and the longest page; only what is touched counts as memory.
const CONNECTION_STACK: usize = 256 << 10;
/// For threads that only wait for a program.
pub(crate) const SMALL_STACK: usize = 64 << 10;
/// A server that does not take its answer in this time is not worth a thread.
const SEND_TIME: Duration = Duration::from_secs(30);
/// The groups of a process are those of its start: after so long it makes way for one with the groups of today.
const MAX_AGE: Duration = Duration::from_secs(12 * 3600);
const IDLE_WHEN_OLD: Duration = Duration::from_secs(60);
const BACKLOG: i32 = 64;

/// Runs the agent until it is idle. The error is for people.
pub(crate) fn run(options: &Options, self_arguments: &[&str]) -> Result<(), String> {
    // What the agent holds open belongs to its user's files; nobody reads it through /proc or ptrace.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|errno| format!("PR_SET_DUMPABLE: {errno}"))?;
    let account = Account::from_environment()?;
    let owners: &[u32] = match options.listen {
        Listen::Stdin if account.uid == 0 => return Err("the launcher starts no agent for root".into()),
        Listen::Stdin => &[0],
        Listen::Path(_) => &[0, account.uid],
    };
    let config = Config::load(options.config.as_deref(), owners, &account)?;
    let listener = match &options.listen {
        Listen::Stdin => listen_on_stdin().map_err(|error| format!("listening on standard input: {error}"))?,
        Listen::Path(path) => bind(path).map_err(|error| format!("listening on {}: {error}", path.display()))?,
    };
    let activity = Activity::new();
    let agent = Arc::new(agent(account, config, self_arguments));
    let served = serve(&listener, &agent, &activity, options);
    if let Listen::Path(path) = &options.listen {
        let _ = fs::remove_file(path);
    }
    served.map_err(|error| format!("serving: {error}"))
}

/// The launcher bound the socket, so that nobody else could; that the agent itself listens makes `SO_PEERCRED` on the
/// server's side name the agent.
fn listen_on_stdin() -> io::Result<UnixListener> {
    let listener = UnixListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::other("another agent listens there already"));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // No other thread runs yet that the umask could matter to.
    let usual = umask(Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(path);
    umask(usual);
    bound
}

fn agent(account: Account, config: Config, self_arguments: &[&str]) -> Agent {
    let [submissions, local, tasks] = ["submissions", "local", "tasks"].map(|name| config.state.join(name));
    for directory in [&submissions, &local, &tasks] {
        if let Err(error) = records::remove_old(directory, config.record_age) {
            eprintln!("quarterdeck-agent: removing old records in {}: {error}", directory.display());
        }
    }
    let programs = Programs::new(&config, &account);
    let spaces = Arc::new(Spaces::new(config.spaces));
    let tasks = Arc::new(Tasks::new(Records::new(tasks), config.tasks));
    if let Err(error) = tasks.clean_up(&spaces) {
        eprintln!("quarterdeck-agent: cleaning up after file tasks: {error}");
    }
    Agent {
        programs,
        spaces,
        tasks,
        submissions: Submissions { records: Records::new(submissions), time: config.sbatch_time },
        local: LocalJobs {
            records: Records::new(local),
            self_arguments: self_arguments.iter().map(|argument| argument.to_string()).collect(),
        },
        account,
    }
}

fn serve(listener: &UnixListener, agent: &Arc<Agent>, activity: &Activity, options: &Options) -> io::Result<()> {
    let born = Instant::now();
    loop {
        let idle = if born.elapsed() > MAX_AGE { options.idle.min(IDLE_WHEN_OLD) } else { options.idle };
        let Some(left) = activity.time_until_idle(idle) else { return Ok(()) };
        // Woken now and then, because what the time depends on changes in other threads.
        let left = left.clamp(Duration::from_millis(10), IDLE_WHEN_OLD);
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&left)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let (stream, _) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely; they come back when a connection ends.
                eprintln!("quarterdeck-agent: accepting a connection: {error}");
                std::thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        if let Err(error) = admit(stream, agent, activity, options.server_uid) {
            eprintln!("quarterdeck-agent: refusing a connection: {error}");
        }
    }
}

fn admit(stream: UnixStream, agent: &Arc<Agent>, activity: &Activity, server_uid: u32) -> io::Result<()> {
    let peer = socket_peercred(&stream)?.uid.as_raw();
    // The launcher, too, connects: to see whether anybody listens.
    if peer != server_uid {
        return if peer == 0 { Ok(()) } else { Err(io::Error::other(format!("its uid is {peer}"))) };
    }
    stream.set_write_timeout(Some(SEND_TIME))?;
    let Some(connection) = activity.connect() else {
        let busy = AgentError::new(ErrorCode::Busy, format!("{MAX_CONNECTIONS} connections are open already"));
        return wire::send(&stream, &Answer::Error(busy), None);
    };
    let (agent, activity) = (Arc::clone(agent), activity.clone());
    let converse = move || {
        let _connection = connection;
        if let Err(error) = converse(&stream, &agent, &activity) {
            eprintln!("quarterdeck-agent: a connection broke: {error}");
        }
    };
    std::thread::Builder::new().stack_size(CONNECTION_STACK).name("connection".into()).spawn(converse)?;
    Ok(())
}

fn converse(stream: &UnixStream, agent: &Agent, activity: &Activity) -> io::Result<()> {
    let mut reader = LineReader::default();
    let mut greeted = false;
    while let Some(line) = reader.receive(stream, MAX_REQUEST_BYTES)? {
        // The agent is leaving: closed without an answer, so that the server asks the next agent.
        let Some(work) = activity.begin() else { return Ok(()) };
        let reply = respond(line, agent, work, &mut greeted);
        wire::send(stream, &reply.answer, reply.descriptor.as_ref().map(OwnedFd::as_fd))?;
        if !greeted {
            return Ok(());
        }
    }
    Ok(())
}

fn respond(line: Line, agent: &Agent, work: Work, greeted: &mut bool) -> Reply {
    let refuse = |message: String| {
        let answer = Answer::Error(AgentError::new(ErrorCode::BadRequest, message));
        Reply { answer, descriptor: None }
    };
    let request: Request = match line.parse() {
        Ok(request) => request,
        Err(error) => return refuse(format!("not a request of this protocol: {error}")),
    };
    drop(line);
    let hello = matches!(request, Request::Hello { .. });
    if !hello && !*greeted {
        return refuse("the first request must be hello".into());
    }
    // A fault in one request is that request's; the rest of the agent shares nothing that it could leave half done.
    let reply = catch_unwind(AssertUnwindSafe(|| agent.answer(request, work))).unwrap_or_else(|_| {
        let error = AgentError::new(ErrorCode::Io, "a fault in the agent: its log says more");
        Reply { answer: Answer::Error(error), descriptor: None }
    });
    *greeted |= hello && matches!(reply.answer, Answer::Hello(_));
    reply
}

/// Who is at work, so that the agent leaves when nobody is.
#[derive(Clone)]
struct Activity(Arc<Mutex<State>>);

struct State {
    connections: usize,
    working: usize,
    last: Instant,
    leaving: bool,
}

/// Held while something is being done; the agent stays as long.
pub(crate) struct Work(Activity);

struct Connection(Activity);

impl Activity {
    fn new() -> Activity {
        Activity(Arc::new(Mutex::new(State { connections: 0, working: 0, last: Instant::now(), leaving: false })))
    }

    fn begin(&self) -> Option<Work> {
        let mut state = self.state();
        if state.leaving {
            return None;
        }
        state.working += 1;
        Some(Work(self.clone()))
    }

    fn connect(&self) -> Option<Connection> {
        let mut state = self.state();
        if state.connections == MAX_CONNECTIONS {
            return None;
        }
        state.connections += 1;
        Some(Connection(self.clone()))
    }

    /// `None`: nothing was done for so long, and nothing will be begun any more.
    fn time_until_idle(&self, idle: Duration) -> Option<Duration> {
        let mut state = self.state();
        if state.working > 0 {
            return Some(idle);
        }
        let left = idle.saturating_sub(state.last.elapsed());
        state.leaving = left.is_zero();
        (!state.leaving).then_some(left)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.working -= 1;
        state.last = Instant::now();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.state().connections -= 1;
    }
}
