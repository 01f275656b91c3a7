//! Runs the site's programs (`sbatch`, `scancel`, `scontrol`, `sstat`): argument vectors, never a shell; a small environment of
//! the account's own; bounded in time and output.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use quarterdeck_types::agent::{AgentError, ErrorCode, MAX_PROGRAM_OUTPUT, ProgramResult};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::account::Account;
use crate::config::Config;
use crate::errors::{During, Outcome};
use crate::files::descriptor_path;

/// How long the last of a program may take to go once it was killed, or once it closed its output.
const REAPING: Duration = Duration::from_secs(2);

const BEFORE_SCANCEL_REPEATS: Duration = Duration::from_secs(4);
/// What scancel says, when it is asked to talk, before it waits to repeat a signal (seen on 22.05).
const REPEATS: &str = "transitional state, retrying";

pub(crate) struct Programs {
    sbatch: Option<PathBuf>,
    scancel: Option<PathBuf>,
    scontrol: Option<PathBuf>,
    sstat: Option<PathBuf>,
    environment: Vec<(String, String)>,
    time: Duration,
}

impl Programs {
    pub(crate) fn new(config: &Config, account: &Account) -> Programs {
        Programs {
            sbatch: config.sbatch.clone(),
            scancel: config.scancel.clone(),
            scontrol: config.scontrol.clone(),
            sstat: config.sstat.clone(),
            environment: environment(config, account),
            time: config.program_time,
        }
    }

    /// The account's own variables and the site's. None of the agent's: they are the launcher's or the server's.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// `sbatch`, ready but for its arguments and streams. Started in `directory`, because that is what becomes
    /// `SLURM_SUBMIT_DIR`.
    pub(crate) fn sbatch(&self, directory: &OwnedFd) -> Outcome<Command> {
        let mut command = self.command("sbatch", self.sbatch.as_deref())?;
        command.current_dir(descriptor_path(directory));
        Ok(command)
    }

    pub(crate) fn sbatch_test(&self, directory: &OwnedFd, chdir: &Path, script: &str) -> Outcome<ProgramResult> {
        let mut command = self.sbatch(directory)?;
        let mut chdir_option = std::ffi::OsString::from("--chdir=");
        chdir_option.push(chdir);
        command.args(["--test-only", "--export=ALL"]).arg(chdir_option).stdin(held_in_memory(script)?);
        self.run(command)
    }

    pub(crate) fn scancel(&self, arguments: Vec<String>) -> Outcome<ProgramResult> {
        let mut command = self.command("scancel", self.scancel.as_deref())?;
        command.args(arguments);
        self.run(command)
    }

    /// To a task of an array whose others wait, scancel sends a signal again every five seconds, ten times, although
    /// the task hears each (seen on 22.05): once is enough.
    pub(crate) fn scancel_once(&self, arguments: Vec<String>) -> Outcome<ProgramResult> {
        let mut command = self.command("scancel", self.scancel.as_deref())?;
        command.arg("--verbose").args(arguments);
        let result = self.run_within(self.time.min(BEFORE_SCANCEL_REPEATS), command)?;
        Ok(if result.exit_code.is_none() && result.stderr.contains(REPEATS) {
            ProgramResult { exit_code: Some(0), stderr: String::new(), ..result }
        } else {
            ProgramResult { stderr: complaints(&result), ..result }
        })
    }

    pub(crate) fn scontrol(&self, arguments: Vec<String>) -> Outcome<ProgramResult> {
        let mut command = self.command("scontrol", self.scontrol.as_deref())?;
        command.args(arguments);
        self.run(command)
    }

    pub(crate) fn sstat(&self, arguments: Vec<String>) -> Outcome<ProgramResult> {
        let mut command = self.command("sstat", self.sstat.as_deref())?;
        command.args(arguments);
        self.run(command)
    }

    fn command(&self, name: &str, path: Option<&Path>) -> Outcome<Command> {
        let path = path.ok_or_else(|| {
            AgentError::new(ErrorCode::NoSuchProgram, format!("the site's agent.toml names no {name}"))
        })?;
        let mut command = Command::new(path);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        // A group of its own, so that all of it can be killed and no signal meant for the agent reaches it.
        command.current_dir("/").stdin(Stdio::null()).process_group(0);
        Ok(command)
    }

    fn run(&self, command: Command) -> Outcome<ProgramResult> {
        self.run_within(self.time, command)
    }

    fn run_within(&self, time: Duration, mut command: Command) -> Outcome<ProgramResult> {
        let name = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().during(&name)?;
        let mut streams = [
            Stream::new(child.stdout.take().expect("it is piped").into()),
            Stream::new(child.stderr.take().expect("it is piped").into()),
        ];
        let in_time = collect(&mut streams, started + time).during(&name);
        let status = match in_time {
            Ok(true) => wait_until(&mut child, started + time + REAPING).during(&name)?,
            _ => None,
        };
        if status.is_none() {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            child.wait().during(&name)?;
            let note = format!("\nquarterdeck-agent: killed after {} s\n", time.as_secs());
            streams[1].kept.extend_from_slice(note.as_bytes());
        }
        let [stdout, stderr] = streams.map(|stream| String::from_utf8_lossy(&stream.kept).into_owned());
        Ok(ProgramResult { exit_code: status.and_then(|status| status.code()), stdout, stderr })
    }
}

/// Of what a talkative program wrote what it would have written anyway.
fn complaints(result: &ProgramResult) -> String {
    let talk = |line: &&str| result.exit_code == Some(0) && !line.contains("error:");
    result.stderr.lines().filter(|line| !talk(line)).collect::<Vec<_>>().join("\n")
}

/// One line about how a program ended, for people.
pub(crate) fn describe_end(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit status {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}

fn environment(config: &Config, account: &Account) -> Vec<(String, String)> {
    let home = account.home.to_string_lossy();
    let own = [
        ("HOME", home.as_ref()),
        ("USER", &account.user),
        ("LOGNAME", &account.user),
        ("SHELL", &account.shell),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("LANG", "C.UTF-8"),
    ];
    let site = &config.environment;
    let own = own.into_iter().filter(|(name, _)| !site.contains_key(*name));
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(site.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
}

fn held_in_memory(text: &str) -> Outcome<File> {
    let mut file = File::from(memfd_create("script", MemfdFlags::CLOEXEC).during("the script")?);
    file.write_all(text.as_bytes()).during("the script")?;
    std::io::Seek::rewind(&mut file).during("the script")?;
    Ok(file)
}

struct Stream {
    source: Option<File>,
    kept: Vec<u8>,
}

impl Stream {
    fn new(source: OwnedFd) -> Stream {
        Stream { source: Some(source.into()), kept: Vec::new() }
    }
}

/// Reads the streams to their ends; keeps what is allowed and drops the rest, so that the program is never stopped by
/// a full pipe. `false`: the time was over before.
fn collect(streams: &mut [Stream; 2], deadline: Instant) -> std::io::Result<bool> {
    let mut chunk = [0; 8 << 10];
    loop {
        let mut waiting: Vec<PollFd<'_>> = streams
            .iter()
            .flat_map(|s| &s.source)
            .map(|source| PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN))
            .collect();
        if waiting.is_empty() {
            return Ok(true);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut waiting, Some(&left)) {
            Ok(0) => return Ok(false),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ready: Vec<bool> = waiting.iter().map(|waited| !waited.revents().is_empty()).collect();
        let open = streams.iter_mut().filter(|stream| stream.source.is_some());
        for (stream, _) in open.zip(ready).filter(|(_, ready)| *ready) {
            let Some(source) = &mut stream.source else { continue };
            match source.read(&mut chunk)? {
                0 => stream.source = None,
                count => {
                    let room = MAX_PROGRAM_OUTPUT.saturating_sub(stream.kept.len());
                    stream.kept.extend_from_slice(&chunk[..count.min(room)]);
                }
            }
        }
    }
}

fn wait_until(child: &mut Child, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait()? {
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            ended => return Ok(ended),
        }
    }
}
