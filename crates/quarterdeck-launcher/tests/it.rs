//! The launcher as the server sees it: the real executable as root, its real socket, real accounts. Needs root; what
//! starts agents needs the accounts of `dev/slurm` too. Says what it left out where they are missing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::{Group, User};
use quarterdeck_types::agent;
use quarterdeck_types::launcher::{Answer, MAX_LINE_BYTES, PROTOCOL, RefusalCode, Request};
use quarterdeck_types::wire::{self, LineReader};
use rustix::net::sockopt::socket_peercred;
use rustix::process::Uid;
use tempfile::TempDir;

struct Site {
    directory: TempDir,
    server: u32,
    launcher: Option<Child>,
}

impl Site {
    /// With a server and a portal group that every Debian has.
    fn with_standard_accounts(more: &str) -> Option<Site> {
        Site::start("nobody", "daemon", more)
    }

    /// With those of `dev/slurm`: alice is in the group.
    fn with_alice(more: &str) -> Option<Site> {
        let there =
            User::from_name("alice").unwrap().is_some() && Group::from_name("quarterdeck-users").unwrap().is_some();
        if !there {
            eprintln!("left out: there is no account alice here (dev/slurm up makes it)");
            return None;
        }
        Site::start("quarterdeck", "quarterdeck-users", more)
    }

    fn start(server: &str, group: &str, more: &str) -> Option<Site> {
        if !rustix::process::getuid().is_root() {
            eprintln!("left out: only root can run the launcher");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let root = directory.path().display();
        let text = format!(
            "server_user = '{server}'\nportal_group = '{group}'\nruntime_directory = '{root}/run'\n\
             agent = '{}'\nagent_config = '{root}/agent.toml'\njournal = '{root}/log/launcher.log'\n\
             agent_log = '{root}/log/agents.log'\n{more}",
            agent_executable().display()
        );
        fs::write(directory.path().join("launcher.toml"), text).unwrap();
        fs::write(directory.path().join("agent.toml"), "").unwrap();
        let server = User::from_name(server).unwrap().unwrap().uid.as_raw();
        let mut site = Site { directory, server, launcher: None };
        site.launch();
        Some(site)
    }

    fn launch(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_quarterdeck-launcher"))
            .arg("--config")
            .arg(self.path("launcher.toml"))
            .env("SECRET_OF_ROOT", "must not reach an agent")
            .spawn()
            .unwrap();
        self.launcher = Some(child);
        wait_for("the launcher", || UnixStream::connect(self.path("run/launcher.sock")).is_ok());
    }

    fn kill_launcher(&mut self) {
        let mut launcher = self.launcher.take().unwrap();
        launcher.kill().unwrap();
        launcher.wait().unwrap();
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    fn ask(&self, uid: u32, request: &Request) -> Answer {
        exchange(uid, &self.path("run/launcher.sock"), request, MAX_LINE_BYTES)
    }

    fn start_agent(&self, user: &str) -> Answer {
        self.ask(self.server, &Request::Start { protocol: PROTOCOL, user: user.into() })
    }

    fn refusal(&self, uid: u32, request: &Request) -> RefusalCode {
        match self.ask(uid, request) {
            Answer::Refused { code, .. } => code,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn stop_by_command(&self, user: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_quarterdeck-launcher"))
            .args(["stop", user, "--config"])
            .arg(self.path("launcher.toml"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn recorded_pid(&self, uid: u32) -> i64 {
        let text = fs::read_to_string(self.path(&format!("run/agents/{uid}.pid"))).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["pid"].as_i64().unwrap()
    }

    fn journal(&self) -> Vec<(String, String, String)> {
        let text = fs::read_to_string(self.path("log/launcher.log")).unwrap();
        let word = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap().to_owned();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.map(|line| (word(&line, "request"), word(&line, "user"), word(&line, "result"))).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.launcher.is_none() {
            return;
        }
        for entry in fs::read_dir(self.path("run/agents")).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if let Some(uid) = name.strip_suffix(".pid") {
                self.stop_by_command(uid);
            }
        }
        self.kill_launcher();
    }
}

/// Asks as this uid: a thread of its own becomes it, and the kernel tells the other side so.
fn exchange<Q: serde::Serialize + Sync, A: serde::de::DeserializeOwned + Send>(
    uid: u32,
    socket: &Path,
    request: &Q,
    limit: usize,
) -> A {
    as_uid(uid, || {
        let stream = UnixStream::connect(socket).unwrap();
        wire::send(&stream, request, None).unwrap();
        LineReader::default().receive(&stream, limit).unwrap().expect("an answer").parse().unwrap()
    })
}

fn as_uid<T: Send>(uid: u32, deed: impl FnOnce() -> T + Send) -> T {
    let becoming = || {
        let uid = Uid::from_raw(uid);
        let gid = User::from_uid(uid.as_raw().into()).unwrap().unwrap().gid.as_raw();
        let gid = rustix::process::Gid::from_raw(gid);
        rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
        rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
        deed()
    };
    std::thread::scope(|scope| scope.spawn(becoming).join().unwrap())
}

/// Beside ours; `cargo test -p quarterdeck-launcher` alone does not build it.
fn agent_executable() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_quarterdeck-launcher")).with_file_name("quarterdeck-agent");
    if !path.exists() {
        let built =
            Command::new(env!("CARGO")).args(["build", "-p", "quarterdeck-agent"]).stdin(Stdio::null()).status();
        assert!(built.unwrap().success());
    }
    path
}

fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !there() {
        assert!(Instant::now() < deadline, "waited 20 s for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn refuses_whom_the_site_does_not_admit() {
    let Some(site) = Site::with_standard_accounts("min_uid = 1") else { return };
    let refusal = |user: &str| site.refusal(site.server, &Request::Start { protocol: PROTOCOL, user: user.into() });
    assert_eq!(refusal("root"), RefusalCode::Root);
    assert_eq!(refusal("nobody"), RefusalCode::NotInPortalGroup);
    assert_eq!(refusal("daemon"), RefusalCode::NoLogin);
    assert_eq!(refusal("no-such-account"), RefusalCode::NoSuchUser);
    assert_eq!(refusal("daemon\nroot"), RefusalCode::NoSuchUser);
    let entries = ["root", "nobody", "daemon"].map(|user| ("start".to_owned(), user.to_owned()));
    for ((request, user, _), expected) in site.journal().into_iter().zip(entries) {
        assert_eq!((request, user), expected);
    }
    assert_eq!(site.journal()[3].2, "no_such_user");
    assert_eq!(fs::metadata(site.path("log/launcher.log")).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(site.path("run/agents")).unwrap().count(), 0);
}

#[test]
fn refuses_system_accounts_by_uid() {
    let Some(site) = Site::with_standard_accounts("") else { return };
    let start = Request::Start { protocol: PROTOCOL, user: "daemon".into() };
    assert_eq!(site.refusal(site.server, &start), RefusalCode::SystemUser);
}

#[test]
fn the_server_starts_and_root_stops_and_nobody_else_does_either() {
    let Some(site) = Site::with_standard_accounts("") else { return };
    let start = Request::Start { protocol: PROTOCOL, user: "daemon".into() };
    let stop = Request::Stop { protocol: PROTOCOL, user: "daemon".into() };
    assert_eq!(site.refusal(0, &start), RefusalCode::NotTheServer);
    assert_eq!(site.refusal(site.server, &stop), RefusalCode::NotTheServer);
    assert_eq!(site.ask(0, &stop), Answer::Stopped { was_running: false });
    let other = Request::Start { protocol: PROTOCOL + 1, user: "daemon".into() };
    assert_eq!(site.refusal(site.server, &other), RefusalCode::Version);
    let answer: Answer =
        exchange(site.server, &site.path("run/launcher.sock"), &"start alice as root, please", MAX_LINE_BYTES);
    assert!(matches!(answer, Answer::Refused { code: RefusalCode::BadRequest, .. }));
    // Another account does not even get to the socket.
    let socket = site.path("run/launcher.sock");
    let daemon = User::from_name("daemon").unwrap().unwrap().uid.as_raw();
    assert!(as_uid(daemon, || UnixStream::connect(socket)).is_err());
}

#[test]
fn the_agent_is_the_user_and_nothing_more() {
    let Some(site) = Site::with_alice("") else { return };
    let alice = User::from_name("alice").unwrap().unwrap();
    let uid = alice.uid.as_raw();
    let Answer::Running { socket, uid: answered } = site.start_agent("alice") else { panic!() };
    assert_eq!(answered, uid);
    let about = fs::metadata(&socket).unwrap();
    let server_gid = User::from_name("quarterdeck").unwrap().unwrap().gid.as_raw();
    assert_eq!((about.uid(), about.gid(), about.mode() & 0o777), (0, server_gid, 0o660));

    let hello = agent::Request::Hello { protocol: agent::PROTOCOL };
    let answer: agent::Answer = exchange(site.server, Path::new(&socket), &hello, agent::MAX_ANSWER_BYTES);
    let agent::Answer::Hello(hello) = answer else { panic!("{answer:?}") };
    assert_eq!((hello.user.as_str(), hello.uid, hello.gid), ("alice", uid, alice.gid.as_raw()));
    assert_eq!(hello.spaces[0].root, alice.dir.to_str().unwrap());
    let peer = as_uid(site.server, || socket_peercred(UnixStream::connect(&socket).unwrap()).unwrap());
    assert_eq!(peer.uid.as_raw(), uid, "the kernel names the agent, not the launcher");
    assert_eq!(i64::from(peer.pid.as_raw_pid()), site.recorded_pid(uid));

    let process = PathBuf::from(format!("/proc/{}", peer.pid.as_raw_pid()));
    let status = fs::read_to_string(process.join("status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(field("Uid:"), vec![uid.to_string(); 4]);
    assert_eq!(field("Gid:"), vec![alice.gid.to_string(); 4]);
    let mut groups: Vec<String> = id_groups("alice");
    groups.sort();
    let mut had = field("Groups:");
    had.sort();
    assert_eq!(had, groups);
    assert_eq!(field("Umask:"), ["0022"]);
    assert_eq!(field("CapEff:"), ["0000000000000000"]);
    assert_eq!(fs::read_link(process.join("cwd")).unwrap(), alice.dir);
    let environment = fs::read_to_string(process.join("environ")).unwrap();
    let mut names: Vec<&str> = environment.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "LOGNAME", "MALLOC_ARENA_MAX", "PATH", "SHELL", "USER"]);
    // Standard streams, the socket, the connections of this test, and for a moment its own records: nothing of root's.
    let own = alice.dir.to_str().unwrap();
    for entry in fs::read_dir(process.join("fd")).unwrap() {
        // What it closes in between is gone.
        let Ok(target) = fs::read_link(entry.unwrap().path()) else { continue };
        let target = target.to_str().unwrap();
        let streams = target == "/dev/null" || target.starts_with("socket:") || target.ends_with("/agents.log");
        let fine = streams || target.starts_with(own);
        assert!(fine, "the agent holds {target}");
    }
}

#[test]
fn two_requests_start_one_agent_and_a_new_launcher_knows_it() {
    let Some(mut site) = Site::with_alice("") else { return };
    let uid = User::from_name("alice").unwrap().unwrap().uid.as_raw();
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| site.start_agent("alice"))).collect();
        for answer in asked {
            assert!(matches!(answer.join().unwrap(), Answer::Running { .. }));
        }
    });
    let started = |site: &Site| site.journal().iter().filter(|(_, _, result)| result == "started").count();
    assert_eq!((started(&site), site.journal().len()), (1, 8));
    let pid = site.recorded_pid(uid);

    site.kill_launcher();
    site.launch();
    assert!(matches!(site.start_agent("alice"), Answer::Running { .. }));
    assert_eq!((site.recorded_pid(uid), started(&site)), (pid, 1));

    assert_eq!(site.stop_by_command("alice"), "the agent of \"alice\" has ended\n");
    assert!(!Path::new(&format!("/proc/{pid}")).exists() || is_zombie(pid));
    assert_eq!(site.stop_by_command("alice"), "\"alice\" had no agent\n");
    assert!(matches!(site.start_agent("alice"), Answer::Running { .. }));
    assert_ne!(site.recorded_pid(uid), pid);
}

#[test]
fn a_dead_agent_is_replaced_but_not_without_end() {
    let Some(site) = Site::with_alice("starts_per_minute_and_user = 2") else { return };
    let uid = User::from_name("alice").unwrap().unwrap().uid.as_raw();
    for _ in 0..2 {
        assert!(matches!(site.start_agent("alice"), Answer::Running { .. }));
        let pid = rustix::process::Pid::from_raw(site.recorded_pid(uid) as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        wait_for("the agent's end", || is_zombie(i64::from(pid.as_raw_pid())));
    }
    let again = Request::Start { protocol: PROTOCOL, user: "alice".into() };
    assert_eq!(site.refusal(site.server, &again), RefusalCode::TooManyStarts);
}

#[test]
fn an_agent_that_cannot_start_is_a_failure_with_its_reason_in_the_log() {
    let Some(site) = Site::with_alice("") else { return };
    fs::write(site.path("agent.toml"), "nonsense = 1").unwrap();
    let start = Request::Start { protocol: PROTOCOL, user: "alice".into() };
    assert_eq!(site.refusal(site.server, &start), RefusalCode::Failed);
    assert!(fs::read_to_string(site.path("log/agents.log")).unwrap().contains("agent.toml"));
}

#[test]
fn a_configuration_that_others_may_write_is_refused() {
    let Some(site) = Site::with_standard_accounts("") else { return };
    fs::set_permissions(site.path("launcher.toml"), PermissionsExt::from_mode(0o664)).unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_quarterdeck-launcher"))
        .arg("--config")
        .arg(site.path("launcher.toml"))
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8(second.stderr).unwrap().contains("launcher.toml: others than root may write it"));
    fs::set_permissions(site.path("launcher.toml"), PermissionsExt::from_mode(0o644)).unwrap();
}

fn id_groups(user: &str) -> Vec<String> {
    let output = Command::new("id").args(["-G", user]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_ascii_whitespace().map(str::to_owned).collect()
}

/// Dead, and not yet waited for by the launcher.
fn is_zombie(pid: i64) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|text| text.contains(") Z "))
        || !Path::new(&format!("/proc/{pid}")).exists()
}
