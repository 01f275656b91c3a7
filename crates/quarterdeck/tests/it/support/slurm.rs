//! A running Slurm, asked as root and past Quarterdeck: what jobs does it really have?

use std::path::{Path, PathBuf};
use std::process::Command;

use super::left_out;

#[derive(Clone, Debug)]
pub struct Slurm {
    conf: PathBuf,
}

/// A job as accounting has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounted {
    pub job_id: String,
    pub state: String,
    pub user: String,
    pub directory: String,
    pub comment: String,
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
        let conf = text.lines().find_map(|line| line.strip_prefix("export SLURM_CONF='")?.strip_suffix('\''));
        Slurm { conf: conf.expect("env.sh exports SLURM_CONF").into() }
    }

    pub fn conf(&self) -> &Path {
        &self.conf
    }

    /// Every job of this name that there ever was since yesterday, an array as one.
    pub fn jobs_named(&self, name: &str) -> Vec<Accounted> {
        let format = "--format=JobID,State,User,WorkDir,Comment";
        let since = "--starttime=now-1days";
        let text = self.run("sacct", &["-nPXD", "--array", "--allusers", since, "--name", name, format]);
        let jobs = text.lines().map(|line| {
            let mut fields = line.splitn(5, '|').map(str::to_owned);
            let mut next = || fields.next().unwrap_or_default();
            Accounted { job_id: next(), state: next(), user: next(), directory: next(), comment: next() }
        });
        let mut jobs: Vec<Accounted> = jobs.collect();
        jobs.dedup_by_key(|job| job.job_id.split('_').next().map(str::to_owned));
        jobs
    }

    /// What the queue says of jobs of this name: `%i` and the like as `squeue --format` has it, one line a job.
    pub fn queue(&self, name: &str, format: &str) -> Vec<String> {
        let text = self.run("squeue", &["-h", "-t", "all", "--name", name, "--format", format]);
        text.lines().map(|line| line.trim().to_owned()).collect()
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
