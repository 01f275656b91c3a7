//! A running Slurm, asked as root and past Quarterdeck: what jobs does it really have?

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Pid;

use super::{left_out, processes};

#[derive(Clone, Debug)]
pub struct Slurm {
    conf: PathBuf,
    /// Of its slurmrestd.
    rest: String,
}

/// A Slurm for one test alone, which may stop it and configure it otherwise. Taken down when dropped.
pub struct OwnSlurm {
    slurm: Slurm,
    settings: Vec<(String, String)>,
    /// One at a time on this machine, since their ports are the same.
    _turn: File,
}

impl Slurm {
    /// The Slurm that this run of the tests was given; the users of `dev/slurm` come with it.
    pub fn given() -> Option<Slurm> {
        if !rustix::process::getuid().is_root() {
            return left_out("several users on Slurm need root");
        }
        let Ok(file) = std::env::var("QD_TEST_SLURM_ENV") else {
            return left_out(
                "QD_TEST_SLURM_ENV does not name the env.sh of a running Slurm (`dev/slurm up` prints it)",
            );
        };
        Some(Slurm::of_environment(Path::new(&file)))
    }

    /// `env_sh` is what `dev/slurm up` printed.
    pub fn of_environment(env_sh: &Path) -> Slurm {
        let text = std::fs::read_to_string(env_sh).unwrap_or_else(|error| panic!("{}: {error}", env_sh.display()));
        let exported = |name: &str| {
            let begin = format!("export {name}='");
            let value = text.lines().find_map(|line| line.strip_prefix(&begin)?.strip_suffix('\''));
            value.unwrap_or_else(|| panic!("env.sh exports {name}")).to_owned()
        };
        Slurm { conf: exported("SLURM_CONF").into(), rest: exported("QD_SLURM_REST_URL") }
    }

    /// Where its slurmrestd listens, which wants a token.
    pub fn rest(&self) -> &str {
        &self.rest
    }

    pub fn conf(&self) -> &Path {
        &self.conf
    }

    /// The ids of all jobs of this name, in the queue and in accounting, an array as one.
    pub fn jobs_named(&self, name: &str) -> BTreeSet<String> {
        let queued = self.run("squeue", &["-h", "-t", "all", "--name", name, "--format", "%F"]);
        let since = "--starttime=now-1days";
        let past = self.run("sacct", &["-nPXD", "--allusers", since, "--name", name, "--format=JobID"]);
        let ids = queued.lines().chain(past.lines()).filter_map(|id| id.trim().split('_').next());
        ids.filter(|id| !id.is_empty()).map(str::to_owned).collect()
    }

    /// Whether the queue has a job of this name, finished or not.
    pub fn remembers(&self, name: &str) -> bool {
        !self.run("squeue", &["-h", "-t", "all", "--name", name, "--format", "%i"]).trim().is_empty()
    }

    /// What accounting says of a job: the columns named as for `sacct --format`.
    pub fn account_of(&self, job_id: &str, columns: &str) -> Vec<String> {
        let text = self.run("sacct", &["-nPX", "--allusers", "--jobs", job_id, "--format", columns]);
        text.lines().next().unwrap_or_default().split('|').map(str::to_owned).collect()
    }

    /// Cancels whatever works in or below `directory`.
    pub fn cancel_below(&self, directory: &str) {
        let text = self.run("squeue", &["-h", "--format", "%A %Z"]);
        let jobs = text.lines().filter_map(|line| line.split_once(' '));
        let ours: Vec<&str> = jobs.filter(|(_, place)| place.starts_with(directory)).map(|(job, _)| job).collect();
        if !ours.is_empty() {
            self.run("scancel", &[&["--quiet"], ours.as_slice()].concat());
        }
    }

    /// One of Slurm's commands as root; its standard output, empty where it failed.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program).args(arguments).env("SLURM_CONF", &self.conf).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        if !output.status.success() {
            eprintln!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

const OWN_DIRECTORY: &str = "/var/tmp/quarterdeck-it-slurm";
const OWN_PORTS: &str = "27100";
const OWN_TURN: &str = "/var/tmp/quarterdeck-it-slurm.lock";

impl OwnSlurm {
    /// Brings one up with these settings of `dev/slurm`, where the machine has one at all.
    pub fn up(settings: &[(&str, &str)]) -> Option<OwnSlurm> {
        Slurm::given()?;
        let turn = File::options().create(true).truncate(false).write(true).open(OWN_TURN).unwrap();
        turn.lock().unwrap();
        let unknown = Slurm { conf: PathBuf::new(), rest: String::new() };
        let mut own = OwnSlurm { slurm: unknown, settings: Vec::new(), _turn: turn };
        own.reconfigure(settings);
        Some(own)
    }

    pub fn slurm(&self) -> &Slurm {
        &self.slurm
    }

    /// Goes on with these settings. Jobs are kept.
    pub fn reconfigure(&mut self, settings: &[(&str, &str)]) {
        self.settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.start_everything();
    }

    /// Starts what does not run.
    pub fn start_everything(&mut self) {
        let env_sh = self.dev_slurm("up");
        self.slurm = Slurm::of_environment(Path::new(env_sh.trim()));
    }

    /// As in an outage: jobs run on, commands fail.
    pub fn stop_controller(&self) {
        self.dev_slurm("stop-controller");
    }

    pub fn start_controller(&self) {
        self.dev_slurm("start-controller");
    }

    /// The daemon takes requests and does not answer them, until [`OwnSlurm::thaw`].
    pub fn freeze(&self, daemon: &str) {
        processes::freeze(self.daemon(daemon));
    }

    pub fn thaw(&self, daemon: &str) {
        processes::thaw(self.daemon(daemon));
    }

    /// Ends a daemon without warning; what it had taken in and not written is lost.
    pub fn kill(&self, daemon: &str) {
        processes::kill(self.daemon(daemon));
    }

    fn daemon(&self, name: &str) -> Pid {
        let path = format!("{OWN_DIRECTORY}/slurm/pids/{name}");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let pid = text.split_whitespace().next().and_then(|pid| pid.parse().ok());
        pid.and_then(Pid::from_raw).expect("a pid, and its start time")
    }

    fn dev_slurm(&self, command: &str) -> String {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/slurm");
        let output = Command::new(program)
            .arg(command)
            .env("QD_DEV_DIR", OWN_DIRECTORY)
            .env("QD_DEV_PORT_BASE", OWN_PORTS)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .expect("dev/slurm can be run");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "dev/slurm {command}: {complaint}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for OwnSlurm {
    fn drop(&mut self) {
        // What a test that failed left frozen would not hear that it is to end.
        if std::thread::panicking() {
            ["slurmctld", "slurmdbd"].iter().for_each(|daemon| self.thaw(daemon));
        }
        self.dev_slurm("down");
        let _ = std::fs::remove_dir_all(OWN_DIRECTORY);
    }
}
