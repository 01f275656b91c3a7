//! Jobs of the `local` scheduler: started once, outliving the agent, ended with everything that they started.

use std::fs;

use quarterdeck_types::JobId;
use quarterdeck_types::agent::{Answer, ErrorCode, LocalJob, LocalJobState, LocalJobStatus, Request};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use uuid::Uuid;

use crate::support::{Client, Site, home, wait_for};

fn job(script: &str) -> LocalJob {
    LocalJob {
        job_id: JobId::parse("7").unwrap(),
        name: "시험 job".into(),
        script: script.into(),
        directory: home("work"),
        output: "out.txt".into(),
        error: None,
        cpus: 3,
        time_limit_minutes: None,
    }
}

fn site() -> Site {
    let site = Site::with_agent();
    fs::create_dir(site.home("work")).unwrap();
    site
}

fn one(answer: Answer) -> LocalJobStatus {
    match answer {
        Answer::LocalJobs { items } => <[LocalJobStatus; 1]>::try_from(items).unwrap().into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn start(client: &mut Client, id: Uuid, job: LocalJob) -> LocalJobStatus {
    one(client.ask(Request::StartLocal { id, job }))
}

fn status(client: &mut Client, id: Uuid) -> LocalJobStatus {
    one(client.ask(Request::LocalJobs { ids: vec![id] }))
}

fn wait_for_end(client: &mut Client, id: Uuid) -> LocalJobStatus {
    wait_for("the job's end", || status(client, id).state != LocalJobState::Running);
    status(client, id)
}

/// The process whose id the job's script wrote into this file of the working directory.
fn written_pid(site: &Site, file: &str) -> Pid {
    let path = site.home("work").join(file);
    wait_for(file, || fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')));
    Pid::from_raw(fs::read_to_string(&path).unwrap().trim().parse().unwrap()).unwrap()
}

fn assert_gone(pid: Pid) {
    wait_for("the process to be gone", || test_kill_process(pid).is_err());
}

#[test]
fn runs_the_script_by_its_own_first_line() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    let script = "#!/usr/bin/env python3\nimport os\nprint('in', os.getcwd())\n\
                  print(*(f'{k}={v}' for k, v in sorted(os.environ.items()) if k.startswith('SLURM')), sep='\\n')\n\
                  print('SECRET_OF_THE_SERVER' in os.environ, os.read(0, 1), flush=True)\nos.write(2, b'err')\nexit(3)\n";
    start(&mut client, id, job(script));
    let ended = wait_for_end(&mut client, id);
    assert_eq!(ended.state, LocalJobState::Exited { code: 3 });
    assert!(ended.started_us.unwrap() <= ended.ended_us.unwrap());
    let work = site.home("work").display().to_string();
    let expected = format!(
        "in {work}\nSLURM_CLUSTER_NAME=local\nSLURM_CPUS_ON_NODE=3\nSLURM_CPUS_PER_TASK=3\nSLURM_JOB_ID=7\n\
         SLURM_JOB_NAME=시험 job\nSLURM_SUBMIT_DIR={work}\nFalse b''\nerr"
    );
    assert_eq!(fs::read_to_string(site.home("work/out.txt")).unwrap(), expected);
    // The same id brings the same job, not another one.
    assert_eq!(start(&mut client, id, job("#!/bin/sh\n")), ended);
}

#[test]
fn standard_error_may_have_a_file_of_its_own() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    let error = Some(site.path("scratch/err.txt").to_str().unwrap().to_owned());
    start(&mut client, id, LocalJob { error, ..job("#!/bin/sh\necho out; echo err >&2; kill -9 $$\n") });
    assert_eq!(wait_for_end(&mut client, id).state, LocalJobState::Signalled { signal: 9 });
    assert_eq!(fs::read_to_string(site.home("work/out.txt")).unwrap(), "out\n");
    assert_eq!(fs::read_to_string(site.path("scratch/err.txt")).unwrap(), "err\n");
}

#[test]
fn one_that_cannot_start_says_why() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    start(&mut client, id, LocalJob { output: "missing/out.txt".into(), ..job("#!/bin/sh\n") });
    match wait_for_end(&mut client, id).state {
        LocalJobState::Failed { message } => assert!(message.contains("missing/out.txt"), "{message}"),
        other => panic!("{other:?}"),
    }
    let id = Uuid::now_v7();
    start(&mut client, id, job("#!/no/such/shell\n"));
    assert!(matches!(wait_for_end(&mut client, id).state, LocalJobState::Failed { .. }));
    let missing = LocalJob { directory: home("none"), ..job("") };
    assert_eq!(client.error(Request::StartLocal { id: Uuid::now_v7(), job: missing }), ErrorCode::NotFound);
}

#[test]
fn cancelling_ends_every_descendant_in_whatever_session() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    // One that ignores TERM in a session of its own, one orphaned, one that cleans up when told.
    let script = "#!/bin/bash\n\
        setsid bash -c 'trap \"\" TERM; echo $$ > stubborn; while :; do sleep 1; done' &\n\
        (setsid sleep 300 & echo $! > orphan)\n\
        trap 'echo cleaned > cleaned; exit 0' TERM\n\
        echo $$ > script\n\
        while :; do sleep 0.1; done\n";
    start(&mut client, id, job(script));
    let pids = ["stubborn", "orphan", "script"].map(|file| written_pid(&site, file));
    assert_eq!(client.ask(Request::CancelLocal { id }), Answer::Done);
    assert_eq!(wait_for_end(&mut client, id).state, LocalJobState::Cancelled);
    pids.into_iter().for_each(assert_gone);
    assert_eq!(fs::read_to_string(site.home("work/cleaned")).unwrap(), "cleaned\n");
    assert_eq!(client.ask(Request::CancelLocal { id }), Answer::Done);
}

#[test]
fn what_a_script_leaves_behind_ends_with_it() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    start(&mut client, id, job("#!/bin/bash\nsetsid sleep 300 & echo $! > left\n"));
    assert_eq!(wait_for_end(&mut client, id).state, LocalJobState::Exited { code: 0 });
    assert_gone(written_pid(&site, "left"));
}

#[test]
fn the_time_limit_ends_it() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    start(&mut client, id, LocalJob { time_limit_minutes: Some(0), ..job("#!/bin/sh\nsleep 300\n") });
    assert_eq!(wait_for_end(&mut client, id).state, LocalJobState::TimedOut);
}

#[test]
fn outlives_the_agent_which_knows_it_again() {
    let mut site = site();
    let id = Uuid::now_v7();
    let script = "#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.05; done; exit 5\n";
    let before = start(&mut site.client(), id, job(script));
    assert_eq!(before.state, LocalJobState::Running);
    site.kill();
    site.start(&[]);
    let mut client = site.client();
    assert_eq!(status(&mut client, id), before);
    fs::write(site.home("work/go"), "").unwrap();
    assert_eq!(wait_for_end(&mut client, id).state, LocalJobState::Exited { code: 5 });
}

#[cfg(debug_assertions)]
#[test]
fn is_started_again_where_the_agent_was_killed_before_it_ran() {
    let mut site = site();
    site.kill();
    site.start_with(&[], &[("QUARTERDECK_AGENT_CRASH_AT", "local-marked")]);
    let id = Uuid::now_v7();
    let once = job("#!/bin/sh\necho ran >> runs\n");
    let mut client = site.client();
    client.send(&Request::StartLocal { id, job: once.clone() });
    assert!(client.receive().is_none());
    assert!(!site.wait().success());
    site.start(&[]);
    let mut client = site.client();
    start(&mut client, id, once.clone());
    assert_eq!(wait_for_end(&mut client, id).state, LocalJobState::Exited { code: 0 });
    start(&mut client, id, once);
    assert_eq!(fs::read_to_string(site.home("work/runs")).unwrap(), "ran\n");
}

#[test]
fn is_lost_when_its_supervisor_was_killed() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    start(&mut client, id, job("#!/bin/sh\necho $PPID > supervisor; echo $$ > script; sleep 300\n"));
    kill_process(written_pid(&site, "supervisor"), Signal::KILL).unwrap();
    assert_eq!(wait_for_end(&mut client, id).state, LocalJobState::Lost);
    kill_process(written_pid(&site, "script"), Signal::KILL).unwrap();
}

#[test]
fn one_never_started_is_sealed() {
    let site = site();
    let mut client = site.client();
    let id = Uuid::now_v7();
    assert_eq!(client.error(Request::CancelLocal { id }), ErrorCode::NotFound);
    assert_eq!(status(&mut client, id).state, LocalJobState::NotStarted);
    assert_eq!(start(&mut client, id, job("#!/bin/sh\ntouch ran\n")).state, LocalJobState::NotStarted);
    assert!(!site.home("work/ran").exists());
}
