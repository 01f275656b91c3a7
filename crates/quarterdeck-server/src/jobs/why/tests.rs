//! What is found for jobs that wait or ended, at a fixed time.

use bytes::Bytes;
use chrono::TimeDelta;
use quarterdeck_slurm as slurm;
use quarterdeck_slurm::{Node, Reservation, dependency};
use quarterdeck_types::JobId;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::clusters::Waiting;
use crate::jobs::observe;
use crate::jobs::tests::seen;

fn now() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A job of alice's in the partition compute that may run for an hour.
fn job(state: JobState) -> Job {
    Job {
        state,
        partition: Some("compute".to_owned()),
        time_limit_minutes: Some(60),
        ..observe::new_job("slurm", &seen("5", "alice", "job"), None)
    }
}

fn waits(reason: &str) -> Job {
    Job { reason: Some(reason.to_owned()), ..job(JobState::Pending) }
}

/// Ended after so many minutes.
fn ended(state: JobState, minutes: i64) -> Job {
    let started_at = Some(now() - TimeDelta::minutes(minutes));
    Job { started_at, ended_at: Some(now()), ..job(state) }
}

fn node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        state: "idle".to_owned(),
        flags: Vec::new(),
        cpus_total: 4,
        cpus_used: 0,
        memory_total_mib: 4000,
        memory_used_mib: 0,
        gpus_total: 0,
        gpus_used: 0,
        load: None,
        partitions: vec![if name.starts_with('g') { "gpu".to_owned() } else { "compute".to_owned() }],
        reason: None,
    }
}

fn maintenance(nodes: &str, starts_in: TimeDelta) -> Reservation {
    Reservation {
        name: "friday".to_owned(),
        starts_at: now() + starts_in,
        ends_at: now() + starts_in + TimeDelta::hours(2),
        node_list: Some(nodes.to_owned()),
        partition: None,
        flags: vec!["MAINT".to_owned(), "SPEC_NODES".to_owned()],
        users: vec!["root".to_owned()],
        accounts: Vec::new(),
        state: "INACTIVE".to_owned(),
    }
}

fn waiting_findings(job: &Job, waiting: Option<&Waiting>, reservations: &[Reservation]) -> Vec<(&'static str, Value)> {
    let nodes = [node("c1"), node("c2"), node("c3"), node("g1")];
    let depends_on = waiting.map_or(&[][..], |waiting| &waiting.depends_on);
    let seen = waiting::Seen { waiting, depends_on, nodes: &nodes, reservations, now: now() };
    waiting::findings(job, &seen).into_iter().map(|finding| (finding.code, Value::Object(finding.params))).collect()
}

#[rstest]
#[case("Priority", "priority", json!({"count": 3}))]
#[case("Resources", "resources", json!({"count": 3}))]
#[case("None", "not-considered", json!({}))]
#[case("JobHeldUser", "held", json!({}))]
#[case("JobHeldAdmin", "held-by-administrator", json!({}))]
#[case("launch failed requeued held", "held-after-requeue", json!({}))]
#[case("DependencyNeverSatisfied", "dependency-never", json!({}))]
#[case("ReqNodeNotAvail, UnavailableNodes:c[1-2]", "nodes-not-available", json!({"nodes": "c[1-2]"}))]
#[case("PartitionTimeLimit", "partition-time-limit", json!({"partition": "compute"}))]
#[case(
    "QOSMaxGRESPerUser",
    "limit-user",
    json!({"of": "qos", "resource": "gres", "reason": "QOSMaxGRESPerUser"})
)]
#[case(
    "AssocMaxCpuPerJobLimit",
    "limit-job",
    json!({"of": "association", "resource": "cpus", "reason": "AssocMaxCpuPerJobLimit"})
)]
#[case("Teleporting", "other", json!({"reason": "Teleporting"}))]
fn a_waiting_job_says_why(#[case] reason: &str, #[case] code: &str, #[case] params: Value) {
    let waiting = Waiting { ahead: Some(3), ..Waiting::default() };
    assert_eq!(waiting_findings(&waits(reason), Some(&waiting), &[]), [(code, params)]);
}

#[test]
fn a_dependency_names_its_jobs_and_whether_one_failed() {
    let on = |text| Waiting { depends_on: dependency::parse(text), ..Waiting::default() };
    let found = |waiting: &Waiting| waiting_findings(&waits("Dependency"), Some(waiting), &[]);
    assert_eq!(
        found(&on("afterok:7(unfulfilled),afterany:9_*(unfulfilled)")),
        [("dependency-of", json!({"jobs": "7, 9_*"}))]
    );
    assert_eq!(found(&on("afterok:7(failed),afterany:9(unfulfilled)")), [("dependency-failed", json!({"jobs": "7"}))]);
    assert_eq!(found(&on("singleton(unfulfilled)")), [("dependency", json!({}))]);
}

/// 24 hours asked for, and a maintenance of all nodes that begins so many minutes from now.
#[rstest]
#[case(18 * 60 + 20, "maintenance-ahead", Some(18 * 60))]
#[case(18 * 60, "maintenance-ahead", Some(17 * 60))]
#[case(119, "maintenance-ahead", Some(105))]
#[case(16, "maintenance-ahead", Some(15))]
#[case(15, "maintenance-soon", None)]
#[case(1, "maintenance-soon", None)]
fn a_limit_that_ends_before_the_maintenance_is_told(
    #[case] minutes: i64,
    #[case] code: &str,
    #[case] fits: Option<i64>,
) {
    let job = Job { time_limit_minutes: Some(24 * 60), ..waits("ReqNodeNotAvail, Reserved for maintenance") };
    let found = waiting_findings(&job, None, &[maintenance("c[1-3],g1", TimeDelta::minutes(minutes))]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0, found[0].1["fits_minutes"].as_i64()), (code, fits));
    assert_eq!(found[0].1["name"], "friday");
    let starts_at: DateTime<Utc> = found[0].1["starts_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(starts_at, now() + TimeDelta::minutes(minutes));
}

#[test]
fn a_maintenance_holds_up_what_would_run_into_it_and_nothing_else() {
    let all = maintenance("c[1-3],g1", TimeDelta::hours(2));
    let some = maintenance("c1", TimeDelta::hours(2));
    let long = Job { time_limit_minutes: Some(121), ..waits("Priority") };
    let codes = |job: &Job, reservations: &[Reservation]| -> Vec<&str> {
        waiting_findings(job, None, reservations).into_iter().map(|(code, _)| code).collect()
    };
    assert_eq!(codes(&long, std::slice::from_ref(&all)), ["priority", "maintenance-ahead"]);
    assert_eq!(codes(&long, std::slice::from_ref(&some)), ["priority"], "other nodes are free of it");
    let asked = Job { reason: Some("ReqNodeNotAvail, Reserved for maintenance".to_owned()), ..long.clone() };
    assert_eq!(codes(&asked, std::slice::from_ref(&some)), ["maintenance-ahead"], "Slurm says it needs that node");
    assert_eq!(codes(&asked, &[maintenance("g1", TimeDelta::hours(1))]), ["maintenance"], "not of its partition");
    assert_eq!(codes(&asked, &[]), ["maintenance"], "private, or not read yet");
    let short = Job { time_limit_minutes: Some(120), ..long.clone() };
    assert_eq!(codes(&short, std::slice::from_ref(&all)), ["priority"]);
    let unlimited = Job { time_limit_minutes: None, ..long.clone() };
    assert_eq!(codes(&unlimited, std::slice::from_ref(&all)), ["priority", "maintenance-unlimited"]);
    let begun = maintenance("c[1-3]", TimeDelta::hours(-1));
    assert_eq!(codes(&short, &[begun]), ["priority", "maintenance-now"]);
    let over = maintenance("c[1-3]", TimeDelta::hours(-2));
    assert_eq!(codes(&long, &[over]), ["priority"]);
    let course = Reservation { flags: vec!["DAILY".to_owned()], ..all };
    assert_eq!(codes(&long, &[course]), ["priority"], "others' reservation is no maintenance");
}

fn end_findings(job: &Job, output: &str) -> Vec<&'static str> {
    let tails = [(Stream::Stdout, Bytes::copy_from_slice(output.as_bytes()))];
    ended::findings(job, &tails).into_iter().map(|finding| finding.code).collect()
}

#[rstest]
#[case(JobState::Timeout, "time-limit")]
#[case(JobState::OutOfMemory, "out-of-memory")]
#[case(JobState::NodeFail, "node-failed")]
#[case(JobState::BootFail, "boot-failed")]
#[case(JobState::Deadline, "deadline")]
#[case(JobState::Preempted, "preempted")]
#[case(JobState::NotSubmitted, "not-submitted")]
#[case(JobState::OutcomeUnknown, "outcome-unknown")]
fn a_state_says_why(#[case] state: JobState, #[case] code: &str) {
    assert_eq!(end_findings(&ended(state, 10), ""), [code]);
}

#[test]
fn nothing_is_found_where_all_is_well() {
    for state in [JobState::Running, JobState::Completed, JobState::Completing] {
        assert_eq!(end_findings(&job(state), ""), Vec::<&str>::new());
    }
}

#[test]
fn who_was_killed_ran_out_of_memory_or_time_or_was_just_killed() {
    let with = |exit_code, signal, minutes| Job { exit_code, signal, ..ended(JobState::Failed, minutes) };
    let oom = "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.batch.\n";
    assert_eq!(end_findings(&with(None, Some(9), 10), oom), ["out-of-memory"]);
    assert_eq!(end_findings(&with(Some(137), None, 10), oom), ["out-of-memory"]);
    assert_eq!(end_findings(&with(Some(137), None, 10), "line 3: 12 Killed ./x\n"), ["killed"]);
    let as_sacct_has_it = with(Some(9), None, 10);
    assert_eq!(end_findings(&as_sacct_has_it, "x: line 3: 12 Killed ./x\n"), ["killed"]);
    assert_eq!(end_findings(&as_sacct_has_it, ""), ["exit-code"]);
    assert_eq!(end_findings(&with(None, Some(9), 60), ""), ["time-limit"]);
    assert_eq!(end_findings(&with(None, Some(15), 61), ""), ["time-limit"]);
    assert_eq!(end_findings(&with(None, Some(15), 59), ""), ["signal"]);
    assert_eq!(end_findings(&with(Some(139), None, 10), "Segmentation fault\n"), ["signal", "segmentation-fault"]);
    let reason = Job { reason: Some("OutOfMemory".to_owned()), ..with(Some(1), None, 10) };
    assert_eq!(end_findings(&reason, ""), ["out-of-memory"]);
}

/// `OverMemoryKill` of slurm.conf, as 22.05, 24.11 and 26.05 do it: accounting knows of a SIGKILL alone.
#[rstest]
#[case(include_str!("../../../../quarterdeck-slurm/tests/recorded/22.05/over-memory-output"))]
#[case(include_str!("../../../../quarterdeck-slurm/tests/recorded/24.11/over-memory-output"))]
#[case(include_str!("../../../../quarterdeck-slurm/tests/recorded/26.05/over-memory-output"))]
fn who_was_ended_by_slurm_for_its_memory_ran_out_of_it(#[case] output: &str) {
    let killed = Job { signal: Some(9), ..ended(JobState::Failed, 1) };
    assert_eq!(end_findings(&killed, output), ["out-of-memory"]);
}

#[test]
fn an_exit_code_speaks_where_the_output_says_nothing() {
    let failed = Job { exit_code: Some(127), ..ended(JobState::Failed, 1) };
    assert_eq!(end_findings(&failed, "bye\n"), ["exit-code"]);
    assert_eq!(end_findings(&failed, "x: line 2: foo: command not found\n"), ["command-not-found"]);
    let launch = Job { exit_code: None, reason: Some("JobLaunchFailure".to_owned()), ..failed };
    assert_eq!(end_findings(&launch, ""), ["launch-failed"]);
}

#[test]
fn the_verdict_carries_the_line_that_confirms_it() {
    let output = "slurmstepd: error: *** JOB 5 ON c1 CANCELLED AT 2026-11-25T03:00:00 DUE TO TIME LIMIT ***\n";
    let tails = [(Stream::Stderr, Bytes::from_static(output.as_bytes()))];
    let found = ended::findings(&ended(JobState::Timeout, 60), &tails);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line.as_ref().unwrap().from_end, 1);
    assert_eq!(found[0].params["limit_minutes"], 60);
}

#[test]
fn a_cancelled_job_names_who_cancelled_it() {
    let code = |by: Option<&str>| ended::cancelled(&ended(JobState::Cancelled, 1), by.map(str::to_owned)).code;
    assert_eq!(code(Some("alice")), "cancelled-by-owner");
    assert_eq!(code(Some("admin")), "cancelled-by");
    assert_eq!(code(None), "cancelled");
}

#[test]
fn who_stands_in_line_counts_those_of_her_partition_before_her() {
    let waits = |number: &str, partition: &str, reason: &str| slurm::Job {
        partition: Some(partition.to_owned()),
        reason: Some(reason.to_owned()),
        expected_start_at: Some(now()),
        ..seen(number, "alice", "waits")
    };
    let mut queue = vec![
        waits("1", "compute", "Resources"),
        waits("2", "gpu", "Priority"),
        waits("3", "compute", "JobHeldUser"),
        slurm::Job { state: JobState::Running, ..waits("4", "compute", "None") },
        waits("5_[2-9]", "compute", "Priority"),
        waits("6", "compute,gpu", "Priority"),
        waits("7", "compute", "Priority"),
    ];
    let line = crate::clusters::Line::take(&mut queue);
    let ahead = |number: &str| line.find(&JobId::parse(number).unwrap()).unwrap().ahead;
    let counted = ["1", "2", "3", "5", "6", "7"].map(ahead);
    assert_eq!(counted, [Some(0), Some(0), None, Some(1), None, Some(2)]);
    assert!(line.find(&JobId::parse("4").unwrap()).is_none());
    assert!(queue.iter().all(|job| job.expected_start_at.is_none()), "an estimate that moves changes no job");
}
