//! The same rules on a running Slurm: sbatch takes what is composed and nothing more, and reads directives as we do.
//!
//! Runs where `QD_TEST_SLURM_ENV` names the env.sh of a `dev/slurm`, as root, who submits as alice. `make test` sees to
//! both; without them each test says that it was left out.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use quarterdeck_slurm::Job;
use quarterdeck_slurm::compact::{Reading, Separator, accounting, queue};
use quarterdeck_slurm::output_path::{JobWords, output_path};
use quarterdeck_slurm::script::{BatchScript, Resources, ScriptError, Submission, compose};
use quarterdeck_types::JobId;

struct Slurm {
    conf: String,
    /// A directory that alice may write.
    jobs: String,
}

impl Slurm {
    fn running(test: &str) -> Option<Slurm> {
        let Ok(path) = std::env::var("QD_TEST_SLURM_ENV") else {
            eprintln!("left out: QD_TEST_SLURM_ENV does not name a running Slurm");
            return None;
        };
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        let variables: HashMap<_, _> = lines.map(|(name, value)| (name, value.trim_matches('\''))).collect();
        let jobs = format!("{}/jobs/{test}-{}", variables["QD_SLURM_DIR"], std::process::id());
        std::fs::create_dir_all(&jobs).unwrap();
        assert!(Command::new("chown").args(["alice", &jobs]).status().unwrap().success());
        Some(Slurm { conf: variables["SLURM_CONF"].to_owned(), jobs })
    }

    fn as_alice(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new("setpriv")
            .args(["--reuid=alice", "--regid=alice", "--init-groups", program])
            .args(arguments)
            .current_dir(&self.jobs)
            .env_clear()
            .envs([("SLURM_CONF", self.conf.as_str()), ("PATH", "/usr/bin:/bin"), ("HOME", "/home/alice")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn submit(&self, script: &str, arguments: &[&str]) -> Result<JobId, String> {
        let output = self.as_alice("sbatch", &[&["--parsable"], arguments].concat(), script);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(stderr);
        }
        Ok(JobId::parse(String::from_utf8_lossy(&output.stdout).trim()).unwrap())
    }

    fn read(&self, reading: &Reading) -> Vec<u8> {
        let output = Command::new(reading.program)
            .args(&reading.arguments)
            .env_clear()
            .envs([("SLURM_CONF", self.conf.as_str()), ("PATH", "/usr/bin:/bin")])
            .envs(reading.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn job(&self, id: &JobId) -> Job {
        let separator = Separator::new(random());
        let answer = self.read(&queue::reading(queue::Jobs::Ids(std::slice::from_ref(id)), &separator));
        queue::parse(&answer, &separator).unwrap().remove(0)
    }

    fn finished(&self, id: &JobId) -> Job {
        self.wait_for(|| Some(self.job(id)).filter(|job| job.state.is_final()))
    }

    fn wait_for<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "Slurm took too long");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.jobs);
    }
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn hostile_names_and_values_arrive_and_are_not_executed() {
    let Some(slurm) = Slurm::running("hostile") else { return };
    let trap = format!("{}/trap", slurm.jobs);
    let values = [
        "plain".to_owned(),
        format!("$(touch {trap}) `touch {trap}` ; touch {trap}"),
        format!("'; touch {trap}; '"),
        format!("a\"\n#SBATCH --comment=forged\ntouch {trap}\n"),
        "two\r\nlines\r\nas on Windows".to_owned(),
        "한국어 \\ \"quoted\" 'single' # comment".to_owned(),
    ];
    let mut submitted = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let name: String = value.chars().filter(|c| !c.is_control()).collect();
        let composed = compose(&Submission {
            script: BatchScript::of_commands(&format!("printf %s \"$VALUE\" >value-{index}\n")).unwrap(),
            name: Some(name.clone()),
            output: Some("out %5j.%u".to_owned()),
            error: None,
            resources: Resources { time_limit_minutes: Some(5), ..Resources::default() },
            dependency: None,
            exclude: None,
            environment: vec![("VALUE".to_owned(), value.clone())],
            rows: None,
        });
        submitted.push((slurm.submit(&composed.unwrap(), &[]).unwrap(), name, value));
    }
    for (index, (id, name, value)) in submitted.iter().enumerate() {
        let job = slurm.finished(id);
        assert_eq!((&job.name, job.comment.as_deref(), job.time_limit_minutes), (name, None, Some(5)));
        let written = slurm.wait_for(|| std::fs::read(format!("{}/value-{index}", slurm.jobs)).ok());
        assert_eq!(String::from_utf8_lossy(&written), *value.as_str());
        let words = JobWords { job_id: id, name, user: "alice", host: None };
        let output = output_path(Some("out %5j.%u"), job.working_directory.as_ref().unwrap(), &words).unwrap();
        assert!(std::fs::exists(&output).unwrap(), "{output}");
    }
    assert!(!std::fs::exists(&trap).unwrap());
}

#[test]
fn a_job_runs_on_none_of_the_nodes_that_it_or_its_script_excludes() {
    let Some(slurm) = Slurm::running("excludes") else { return };
    let composed = compose(&Submission {
        script: BatchScript::parse("#!/bin/sh\n#SBATCH -x c1\ntrue\n").unwrap(),
        name: None,
        output: Some("/dev/null".to_owned()),
        error: None,
        resources: Resources::default(),
        dependency: None,
        exclude: Some("c2".to_owned()),
        environment: Vec::new(),
        rows: None,
    })
    .unwrap();
    assert!(composed.contains("#SBATCH --exclude=\"c[1-2]\"\n"), "{composed}");
    assert_eq!(slurm.finished(&slurm.submit(&composed, &[]).unwrap()).node_list.as_deref(), Some("c3"));
}

#[test]
fn accounting_knows_a_job_by_its_id_and_comment() {
    let Some(slurm) = Slurm::running("accounting") else { return };
    let comment = "qd:0198f5a0-0000-7000-8000-000000000002 설명";
    let id = slurm.submit("#!/bin/sh\nexit 7\n", &["--comment", comment, "--output=/dev/null"]).unwrap();
    let queued = slurm.finished(&id);
    let recorded = slurm.wait_for(|| {
        let answer = slurm.read(&accounting::reading(accounting::Jobs::Ids(std::slice::from_ref(&id))));
        accounting::parse(&answer).unwrap().pop().filter(|job| job.state.is_final())
    });
    assert_eq!((recorded.exit_code, recorded.comment.as_deref()), (Some(7), Some(comment)));
    let (exit_code, comment) = (queued.exit_code, queued.comment.clone());
    assert_eq!(Job { exit_code, comment, reason: queued.reason.clone(), ..recorded }, queued);
}

/// Whatever stands in a directive that sbatch accepts, we read the same name, or refuse what its versions read
/// differently. What it refuses does not become a job.
#[test]
fn directives_mean_what_sbatch_takes_them_for() {
    let Some(slurm) = Slurm::running("directives") else { return };
    let word = proptest::sample::select(vec![
        "-J",
        "-Jx",
        "--job-name=",
        "--job-name",
        "a",
        "b c",
        "\"",
        "'",
        "\\",
        "#",
        " ",
        "\t",
        "=",
        "-H",
        "한",
        "$(id)",
        "\\\"",
        "\\#",
        "\\ ",
        "%j",
        "|",
    ]);
    let option = proptest::sample::select(vec!["-J ", "--job-name=", "-HJ", ""]);
    let header =
        (option, proptest::collection::vec(word, 1..6)).prop_map(|(option, words)| option.to_owned() + &words.concat());
    let mut runner = TestRunner::new(Config { cases: 120, failure_persistence: None, ..Config::default() });
    let accepted = Cell::new(0);
    let outcome = runner.run(&header, |header| {
        let text = format!("#!/bin/sh\n#SBATCH {header}\ntrue\n");
        let ours = BatchScript::parse(&text).map(|script| script.job_name().unwrap_or("sbatch").to_owned());
        if let Ok(id) = slurm.submit(&text, &["--hold", "--output=/dev/null"]) {
            let theirs = slurm.job(&id).name;
            slurm.as_alice("scancel", &[id.as_str()], "");
            accepted.set(accepted.get() + 1);
            if !matches!(ours, Err(ScriptError::BackslashBeforeSpace { .. })) {
                prop_assert_eq!(ours, Ok(theirs));
            }
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(accepted.get() > 10, "sbatch accepted only {} headers", accepted.get());
}
