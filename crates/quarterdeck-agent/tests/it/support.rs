//! Starts an agent with a home of its own, and speaks to it.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use quarterdeck_types::agent::{Answer, Entry, ErrorCode, MAX_ANSWER_BYTES, PROTOCOL, Request, SubmissionOutcome};
use quarterdeck_types::wire::{self, LineReader};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use tempfile::TempDir;

pub(crate) struct Site {
    pub(crate) directory: TempDir,
    process: Option<Child>,
}

pub(crate) struct Client {
    stream: UnixStream,
    reader: LineReader,
}

impl Site {
    /// A home, a scratch space beside it, and something outside both. No agent yet.
    pub(crate) fn new() -> Site {
        let directory = tempfile::tempdir().unwrap();
        for name in ["home", "scratch", "outside", "bin"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        let site = Site { directory, process: None };
        site.configure("");
        site
    }

    pub(crate) fn with_agent() -> Site {
        let mut site = Site::new();
        site.start(&[]);
        site
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    pub(crate) fn home(&self, below: &str) -> PathBuf {
        self.path("home").join(below)
    }

    pub(crate) fn configure(&self, more: &str) {
        let root = self.directory.path().display();
        let text = format!(
            "[spaces]\nscratch = '{root}/scratch'\n[programs]\nsbatch = '{root}/bin/sbatch'\n\
             scancel = '{root}/bin/scancel'\nscontrol = '{root}/bin/scontrol'\nsstat = '{root}/bin/sstat'\n{more}"
        );
        std::fs::write(self.path("agent.toml"), text).unwrap();
    }

    pub(crate) fn start(&mut self, arguments: &[&str]) {
        self.start_with(arguments, &[]);
    }

    pub(crate) fn start_with(&mut self, arguments: &[&str], environment: &[(&str, &str)]) {
        let child = Command::new(env!("CARGO_BIN_EXE_quarterdeck-agent"))
            .arg("--socket")
            .arg(self.socket())
            .arg("--config")
            .arg(self.path("agent.toml"))
            .args(["--server-uid", &rustix::process::getuid().as_raw().to_string()])
            .args(arguments)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("USER", "alice")
            .env("SECRET_OF_THE_SERVER", "must not reach a program")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(child);
        wait_for("the agent's socket", || UnixStream::connect(self.socket()).is_ok());
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("agent.sock")
    }

    /// Ends the agent without warning.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Waits until the agent has ended by itself.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        let mut process = self.process.take().unwrap();
        let mut ended = None;
        wait_for("the agent's end", || {
            ended = process.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.try_client().expect("the agent is busy")
    }

    /// `None`: the agent has no place for another connection.
    pub(crate) fn try_client(&self) -> Option<Client> {
        let mut client = self.stranger();
        client.send_as_far_as_it_goes(&wire::encode(&Request::Hello { protocol: PROTOCOL }).unwrap());
        match client.receive()? {
            (Answer::Hello(_), None) => Some(client),
            (Answer::Error(error), None) if error.code == ErrorCode::Busy => None,
            other => panic!("no hello: {other:?}"),
        }
    }

    /// A connection on which nothing was said yet.
    pub(crate) fn stranger(&self) -> Client {
        Client { stream: UnixStream::connect(self.socket()).unwrap(), reader: LineReader::default() }
    }

    /// A shell script where the site has this program.
    pub(crate) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path("bin").join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Client {
    pub(crate) fn ask(&mut self, request: Request) -> Answer {
        self.ask_for_descriptor(request).0
    }

    pub(crate) fn ask_for_descriptor(&mut self, request: Request) -> (Answer, Option<OwnedFd>) {
        self.send(&request);
        self.receive().expect("the agent closed the connection")
    }

    pub(crate) fn send<T: serde::Serialize>(&mut self, request: &T) {
        wire::send(&self.stream, request, None).unwrap();
    }

    /// Bytes as they are; that the agent closes meanwhile is no error.
    pub(crate) fn send_as_far_as_it_goes(&mut self, bytes: &[u8]) {
        let _ = std::io::Write::write_all(&mut self.stream, bytes);
    }

    /// `None`: the agent closed.
    pub(crate) fn receive(&mut self) -> Option<(Answer, Option<OwnedFd>)> {
        let line = self.reader.receive(&self.stream, MAX_ANSWER_BYTES).ok()??;
        Some((line.parse().unwrap(), line.descriptor))
    }

    pub(crate) fn error(&mut self, request: Request) -> ErrorCode {
        match self.ask(request) {
            Answer::Error(error) => error.code,
            other => panic!("no error, but {other:?}"),
        }
    }

    pub(crate) fn entry(&mut self, request: Request) -> Entry {
        match self.ask(request) {
            Answer::Entry { entry } => entry,
            other => panic!("no entry, but {other:?}"),
        }
    }

    pub(crate) fn outcome(&mut self, request: Request) -> SubmissionOutcome {
        match self.ask(request) {
            Answer::Submission { outcome } => outcome,
            other => panic!("no outcome, but {other:?}"),
        }
    }
}

pub(crate) fn home(path: &str) -> Place {
    Place::home(RelativePath::parse(path).unwrap())
}

pub(crate) fn scratch(path: &str) -> Place {
    Place::In { space: SpaceName::parse("scratch").unwrap(), path: RelativePath::parse(path).unwrap() }
}

pub(crate) fn absolute(path: &Path) -> Place {
    Place::Absolute { absolute: path.to_str().unwrap().to_owned() }
}

pub(crate) fn name(text: &str) -> FileName {
    FileName::parse(text).unwrap()
}

pub(crate) fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !there() {
        assert!(Instant::now() < deadline, "waited 20 s for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
