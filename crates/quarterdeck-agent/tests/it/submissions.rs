//! Submissions: `sbatch` runs at most once for an id, whatever is killed. A shell script stands in for `sbatch` here,
//! because only that can be made to hang and to count; the journeys on a real cluster are elsewhere.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use quarterdeck_types::JobId;
use quarterdeck_types::agent::{Answer, ErrorCode, Request, ScontrolVerb, SubmissionOutcome};
use uuid::Uuid;

use crate::support::{Site, home, wait_for};

/// Counts its starts, keeps what it was given, waits for the file `go` if there is a file `wait`, and answers 41.
const STAND_IN: &str = "#!/bin/sh\n\
    here=$(dirname \"$0\")\n\
    echo started >> $here/starts\n\
    for argument; do echo \"$argument\"; done > $here/arguments\n\
    env > $here/environment; pwd > $here/pwd; cat > $here/script; ls /proc/self/fd > $here/descriptors\n\
    while [ -e $here/wait ] && [ ! -e $here/go ]; do sleep 0.02; done\n\
    echo '41;test'\n";

fn accepted(id: &str) -> SubmissionOutcome {
    SubmissionOutcome::Accepted { job_id: JobId::parse(id).unwrap() }
}

fn sbatch(id: Uuid) -> Request {
    let script = "#!/bin/bash -l\necho '$(hi)' 안녕\n".to_owned();
    Request::Sbatch { id, directory: home("work"), script, comment: Some("말 $(id)".into()) }
}

fn site() -> Site {
    let site = Site::new();
    site.program("sbatch", STAND_IN);
    fs::create_dir(site.home("work")).unwrap();
    site
}

fn starts(site: &Site) -> usize {
    fs::read_to_string(site.path("bin/starts")).map_or(0, |text| text.lines().count())
}

#[test]
fn runs_sbatch_with_arguments_and_environment_of_the_account_alone() {
    let mut site = site();
    site.configure("[environment]\nSLURM_CONF = '/etc/slurm/test.conf'\n");
    let bin = site.path("bin");
    let given = |name: &str| fs::read_to_string(bin.join(name)).unwrap();
    // Started by the test itself, it holds what whoever started the tests left open.
    assert!(
        Command::new(site.path("bin/sbatch")).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success()
    );
    let without_the_agent = given("descriptors");
    site.start(&[]);
    let id = Uuid::now_v7();
    assert_eq!(site.client().outcome(sbatch(id)), accepted("41"));
    let arguments = given("arguments");
    let expected =
        format!("--parsable\n--export=ALL\n--comment=qd:{id} 말 $(id)\n--chdir={}\n", site.home("work").display());
    assert_eq!(arguments, expected);
    assert_eq!(given("script"), "#!/bin/bash -l\necho '$(hi)' 안녕\n");
    assert_eq!(given("pwd").trim(), site.home("work").to_str().unwrap());
    assert_eq!(given("descriptors"), without_the_agent, "it holds descriptors of the agent's");
    let environment = given("environment");
    let mut names: Vec<&str> = environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !["PWD", "_", "SHLVL", "OLDPWD"].contains(name)); // the shell's own
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "SLURM_CONF", "USER"]);
}

#[test]
fn asked_again_it_answers_what_the_first_time_brought() {
    let mut site = site();
    site.start(&[]);
    let id = Uuid::now_v7();
    assert_eq!(site.client().outcome(sbatch(id)), accepted("41"));
    assert_eq!(site.client().outcome(sbatch(id)), accepted("41"));
    site.kill();
    site.start(&[]);
    assert_eq!(site.client().outcome(sbatch(id)), accepted("41"));
    assert_eq!(site.client().outcome(Request::Submission { id }), accepted("41"));
    assert_eq!(starts(&site), 1);
}

#[test]
fn two_at_once_start_it_once() {
    let mut site = site();
    site.start(&[]);
    let id = Uuid::now_v7();
    std::thread::scope(|scope| {
        let both: Vec<_> = (0..8).map(|_| scope.spawn(|| site.client().outcome(sbatch(id)))).collect();
        for one in both {
            assert_eq!(one.join().unwrap(), accepted("41"));
        }
    });
    assert_eq!(starts(&site), 1);
}

#[test]
fn an_agent_killed_while_sbatch_runs_leaves_it_alone_and_the_next_one_knows() {
    let mut site = site();
    site.start(&[]);
    fs::write(site.path("bin/wait"), "").unwrap();
    let id = Uuid::now_v7();
    site.client().send(&sbatch(id));
    wait_for("sbatch", || starts(&site) == 1);
    site.kill();
    site.start(&[]);
    let mut client = site.client();
    assert_eq!(client.outcome(Request::Submission { id }), SubmissionOutcome::Running);
    fs::write(site.path("bin/go"), "").unwrap();
    wait_for("the outcome", || client.outcome(Request::Submission { id }) == accepted("41"));
    assert_eq!(client.outcome(sbatch(id)), accepted("41"));
    assert_eq!(starts(&site), 1);
}

#[test]
fn sbatch_killed_before_it_answered_is_unknown_and_never_started_again() {
    let mut site = site();
    site.program("sbatch", &STAND_IN.replace("echo '41;test'", "kill -KILL $$"));
    site.start(&[]);
    let id = Uuid::now_v7();
    let mut client = site.client();
    assert!(matches!(client.outcome(sbatch(id)), SubmissionOutcome::Unknown { .. }));
    assert!(matches!(client.outcome(sbatch(id)), SubmissionOutcome::Unknown { .. }));
    assert_eq!(starts(&site), 1);
}

#[test]
fn one_never_begun_is_sealed() {
    let mut site = site();
    site.start(&[]);
    let id = Uuid::now_v7();
    let mut client = site.client();
    assert_eq!(client.outcome(Request::Submission { id }), SubmissionOutcome::NotStarted);
    assert_eq!(client.outcome(sbatch(id)), SubmissionOutcome::NotStarted);
    assert_eq!(starts(&site), 0);
}

#[test]
fn one_that_could_not_be_begun_may_be_tried_again() {
    let mut site = site();
    site.start(&[]);
    let id = Uuid::now_v7();
    let mut client = site.client();
    fs::rename(site.home("work"), site.home("away")).unwrap();
    assert_eq!(client.error(sbatch(id)), ErrorCode::NotFound);
    fs::rename(site.home("away"), site.home("work")).unwrap();
    assert_eq!(client.outcome(sbatch(id)), accepted("41"));
}

#[test]
fn a_slow_sbatch_is_left_running_and_its_answer_recorded() {
    let mut site = site();
    site.configure("[limits]\nsbatch_seconds = 1\n");
    site.start(&["--idle-seconds", "2"]);
    fs::write(site.path("bin/wait"), "").unwrap();
    let id = Uuid::now_v7();
    let mut client = site.client();
    assert_eq!(client.outcome(sbatch(id)), SubmissionOutcome::Running);
    // The agent stays for it, though nobody asks.
    std::thread::sleep(Duration::from_secs(3));
    fs::write(site.path("bin/go"), "").unwrap();
    wait_for("the record", || {
        let result = site.home(&format!(".local/state/quarterdeck/submissions/{id}/result"));
        fs::read_to_string(result).is_ok_and(|text| text.contains("41"))
    });
    assert_eq!(client.outcome(Request::Submission { id }), accepted("41"));
}

#[test]
fn a_full_home_stops_it_before_sbatch() {
    let mut site = site();
    // Where the records belong is a file: as good as a full disk, and possible without one.
    fs::create_dir_all(site.home(".local/state")).unwrap();
    fs::write(site.home(".local/state/quarterdeck"), "").unwrap();
    site.start(&[]);
    assert_eq!(site.client().error(sbatch(Uuid::now_v7())), ErrorCode::NotADirectory);
    assert_eq!(starts(&site), 0);
}

#[test]
fn other_programs_are_bounded_in_time_and_output() {
    let mut site = site();
    site.configure("[limits]\nprogram_seconds = 1\n");
    site.program("scancel", "#!/bin/sh\necho \"$@\"; head -c 200000 /dev/zero | tr '\\0' x >&2; exit 3\n");
    site.program("scontrol", "#!/bin/sh\necho \"$@\"; (setsid sleep 300 &) ; sleep 300\n");
    site.start(&[]);
    let mut client = site.client();
    let job_id = JobId::parse("5_1").unwrap();
    let Answer::Program(ended) = client.ask(Request::Scancel { job_id: job_id.clone() }) else { panic!() };
    assert_eq!((ended.exit_code, ended.stdout.as_str(), ended.stderr.len()), (Some(3), "5_1\n", 64 << 10));
    let hold = Request::Scontrol { verb: ScontrolVerb::Hold, job_id };
    let Answer::Program(killed) = client.ask(hold) else { panic!() };
    assert_eq!((killed.exit_code, killed.stdout.as_str()), (None, "hold 5_1\n"));
    assert!(killed.stderr.contains("killed after 1 s"));
}

#[test]
fn a_program_the_site_does_not_have_is_named() {
    let mut site = Site::new();
    fs::write(site.path("agent.toml"), "").unwrap();
    site.start(&[]);
    let request = Request::Scancel { job_id: JobId::parse("5").unwrap() };
    assert_eq!(site.client().error(request), ErrorCode::NoSuchProgram);
}

#[test]
fn a_test_submission_leaves_no_record() {
    let mut site = site();
    site.start(&[]);
    let request = Request::SbatchTest { directory: home("work"), script: "#!/bin/sh\n".into() };
    let Answer::Program(tested) = site.client().ask(request) else { panic!() };
    assert_eq!(tested.stdout, "41;test\n");
    let arguments = fs::read_to_string(site.path("bin/arguments")).unwrap();
    assert!(arguments.starts_with("--test-only\n"), "{arguments}");
    assert!(!site.home(".local").exists());
}

#[cfg(debug_assertions)]
#[rstest::rstest]
#[case("sbatch-started")]
#[case("sbatch-answered")]
#[case("recorded")]
fn killed_at_each_named_point_it_submits_once(#[case] point: &str) {
    let mut site = site();
    site.start_with(&[], &[("QUARTERDECK_AGENT_CRASH_AT", point)]);
    let id = Uuid::now_v7();
    let mut client = site.client();
    client.send(&sbatch(id));
    assert!(client.receive().is_none());
    assert!(!site.wait().success());
    site.start(&[]);
    let mut client = site.client();
    assert_eq!(client.outcome(sbatch(id)), accepted("41"));
    assert_eq!(starts(&site), 1);
}
