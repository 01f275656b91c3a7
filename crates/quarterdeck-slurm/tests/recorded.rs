//! What Slurm 22.05 really answered (`tests/recorded/record` makes it), read again.

use quarterdeck_slurm::compact::{
    Separator, accounting, node_details, nodes, parse_version, partitions, paths, queue, reservations, shares, usage,
};
use quarterdeck_slurm::{AnswerError, Job, Reason, json};
use quarterdeck_types::JobState;

const QUEUE: &[u8] = include_bytes!("recorded/22.05/queue");
const ACCOUNTING: &[u8] = include_bytes!("recorded/22.05/accounting");
const NODES: &[u8] = include_bytes!("recorded/22.05/nodes");
const NODE_DETAILS: &[u8] = include_bytes!("recorded/22.05/node-details");
const PARTITIONS: &[u8] = include_bytes!("recorded/22.05/partitions");
const RESERVATIONS: &[u8] = include_bytes!("recorded/22.05/reservations");
const NO_RESERVATIONS: &[u8] = include_bytes!("recorded/22.05/reservations-none");
/// With a maintenance ahead and a drained node.
const WAITING_QUEUE: &[u8] = include_bytes!("recorded/22.05/waiting-queue");
const USAGE: &[u8] = include_bytes!("recorded/22.05/usage");
const SHARES: &[u8] = include_bytes!("recorded/22.05/shares");
const VERSION: &[u8] = include_bytes!("recorded/22.05/version");
const PATHS: &[u8] = include_bytes!("recorded/22.05/job-paths");
const QUEUE_JSON: &[u8] = include_bytes!("recorded/22.05/queue.json");

fn separator() -> Separator {
    Separator::new([0; 16])
}

fn queue() -> Vec<Job> {
    queue::parse(QUEUE, &separator()).unwrap()
}

fn history() -> Vec<Job> {
    accounting::parse(ACCOUNTING).unwrap()
}

fn job<'a>(jobs: &'a [Job], id: &str) -> &'a Job {
    jobs.iter().find(|job| job.job_id.as_str() == id).unwrap()
}

#[test]
fn the_queue() {
    insta::assert_json_snapshot!(queue());
}

#[test]
fn the_history() {
    insta::assert_json_snapshot!(history());
}

#[test]
fn what_jobs_used() {
    insta::assert_json_snapshot!(usage::parse(USAGE).unwrap());
}

#[test]
fn the_shares() {
    insta::assert_json_snapshot!(shares::parse(SHARES).unwrap());
}

#[test]
fn the_nodes() {
    insta::assert_json_snapshot!(nodes::parse(NODES, &separator()).unwrap());
}

#[test]
fn the_details_of_a_drained_node() {
    insta::assert_json_snapshot!(node_details::parse(NODE_DETAILS).unwrap());
}

#[test]
fn the_partitions() {
    insta::assert_json_snapshot!(partitions::parse(PARTITIONS).unwrap());
}

#[test]
fn the_reservations() {
    insta::assert_json_snapshot!(reservations::parse(RESERVATIONS).unwrap());
    assert_eq!(reservations::parse(NO_RESERVATIONS).unwrap(), []);
    assert!(reservations::parse(b"slurm_load_reservations error\n").is_err());
    assert!(reservations::parse(b"ReservationName=x StartTime=Unknown EndTime=1\n").is_err());
}

#[test]
fn why_each_job_waits_and_when_it_may_start() {
    let waiting = queue::parse(WAITING_QUEUE, &separator()).unwrap();
    let why = |name: &str| {
        let job = waiting.iter().find(|job| job.name == name && job.state == JobState::Pending).unwrap();
        (Reason::parse(job.reason.as_deref().unwrap()).unwrap(), job.expected_start_at.is_some())
    };
    assert_eq!(why("too-big"), (Reason::NotAllowedInPartition, false));
    assert_eq!(why("waiting"), (Reason::Dependency, false));
    assert_eq!(why("pending-array"), (Reason::HeldByUser, false));
    assert_eq!(why("long").0, Reason::ReservedForMaintenance);
    assert_eq!(why("on-c3").0, Reason::NodesNotAvailable { nodes: Some("c3".to_owned()) });
    assert_eq!(why("three-nodes").0, Reason::NodesOutOfService);
    assert_eq!(why("big-array"), (Reason::Priority, true));
    let started = waiting.iter().filter(|job| job.state != JobState::Pending);
    assert!(started.into_iter().all(|job| job.expected_start_at.is_none()));
}

#[test]
fn the_version() {
    assert_eq!(parse_version(VERSION).unwrap(), "22.05.8");
}

#[test]
fn names_comments_and_directories_forge_neither_fields_nor_jobs() {
    for jobs in [queue(), history()] {
        assert!(jobs.iter().all(|job| job.job_id.as_str() != "99999"));
        let forger = job(&jobs, "4");
        assert_eq!((forger.name.as_str(), forger.user.as_str()), ("forged\n99999\u{1f}|,@", "alice"));
        assert_eq!(job(&jobs, "7").name, "한국어 작업");
        assert_eq!(job(&jobs, "5").name, "endQ00000000");
        assert_eq!(job(&jobs, "11").name, "not\u{fffd}\u{fffd}utf-8".replace('\u{fffd}', lost(&jobs)));
        assert!(job(&jobs, "12").working_directory.as_ref().unwrap().ends_with("/a dir\nStdOut=x, 'y'"));
        assert!(job(&jobs, "1").comment.as_ref().unwrap().starts_with("qd:0198f5a0-0000-7000-8000-000000000001 "));
    }
    assert_eq!(job(&queue(), "4").comment.as_deref(), Some("two\nlines \"quoted\""));
    assert_eq!(job(&queue(), "8").name, "n".repeat(300));
    assert_eq!(job(&queue(), "10").name, "  spaces  ");
}

/// The database has already lost the bytes that are not UTF-8.
fn lost(jobs: &[Job]) -> &'static str {
    if jobs.iter().any(|job| job.exit_code.is_some()) { "?" } else { "\u{fffd}" }
}

#[test]
fn accounting_changes_names_and_the_queue_does_not() {
    assert_eq!(job(&queue(), "9").name, "");
    assert_eq!(job(&history(), "9").name, "allocation");
    assert_eq!(job(&history(), "8").name, "n".repeat(255));
    assert_eq!(job(&queue(), "6").name, r#"it's "quoted" $(id) `id` \"#);
    assert_eq!(job(&history(), "6").name, r"it's `quoted` $(id) `id` \");
}

#[test]
fn jobs_end_as_they_ended() {
    let jobs = history();
    let ended = |id| (job(&jobs, id).state, job(&jobs, id).exit_code, job(&jobs, id).signal);
    assert_eq!(ended("1"), (JobState::Completed, Some(0), None));
    assert_eq!(ended("2"), (JobState::Failed, Some(3), None));
    assert_eq!(ended("3"), (JobState::Failed, None, Some(9)));
    assert_eq!(ended("13_1"), (JobState::Failed, Some(1), None));
    assert_eq!(job(&jobs, "14").state, JobState::Cancelled);
}

#[test]
fn estimates_are_not_facts() {
    let jobs = queue();
    let running = job(&jobs, "18");
    assert_eq!(running.state, JobState::Running);
    assert!(running.started_at.is_some() && running.ended_at.is_none());
    let never_ran = job(&jobs, "15");
    assert_eq!(never_ran.state, JobState::Cancelled);
    assert!(never_ran.started_at.is_none() && never_ran.ended_at.is_some());
}

#[test]
fn output_paths_are_found_behind_free_text() {
    let paths = paths::parse(PATHS);
    assert!(paths.output.unwrap().ends_with("/jobs/out gpu.txt"));
    assert_eq!((paths.error.as_deref(), paths.input.as_deref()), (Some("/dev/null"), Some("/dev/null")));
}

#[test]
fn json_and_compact_tell_the_same_jobs() {
    let mut compact = queue();
    let mut json: Vec<Job> = json::parse_jobs(QUEUE_JSON).unwrap().into_iter().map(|details| details.job).collect();
    compact.sort_by(|a, b| a.job_id.cmp(&b.job_id));
    json.sort_by(|a, b| a.job_id.cmp(&b.job_id));
    for job in &mut json {
        // What squeue's text does not have.
        (job.exit_code, job.signal) = (None, None);
    }
    assert_eq!(json, compact);
}

#[test]
fn json_has_the_exit_status_of_the_wait() {
    let jobs = json::parse_jobs(QUEUE_JSON).unwrap();
    let ended = |id: &str| {
        let details = jobs.iter().find(|details| details.job.job_id.as_str() == id).unwrap();
        (details.job.exit_code, details.job.signal)
    };
    assert_eq!((ended("2"), ended("3"), ended("13_1")), ((Some(3), None), (None, Some(9)), (Some(1), None)));
}

#[test]
fn errors_in_json_are_errors_even_beside_jobs() {
    let down = br#"{"errors":[{"error_number":1007,"error":"Unable to contact slurm controller"}],"jobs":[]}"#;
    let expected = AnswerError::Slurm { code: 1007, message: "Unable to contact slurm controller".to_owned() };
    assert_eq!(json::parse_jobs(down), Err(expected));
    assert!(json::parse_jobs(br#"{"errors":[{"error_number":0,"error":"not found"}],"jobs":[]}"#).unwrap().is_empty());
    assert!(json::parse_jobs(b"slurm_load_jobs error").is_err());
}

/// As 24.11 writes it, by its published OpenAPI document: no recording of ours yet.
#[test]
fn json_with_sets_and_lists_reads_alike() {
    let answer = br#"{"errors":[],"jobs":[{"job_id":7,"name":"n","user_name":"alice","job_state":["RUNNING","COMPLETING"],
        "array_job_id":{"set":true,"infinite":false,"number":5},"array_task_id":{"set":true,"infinite":false,"number":2},
        "submit_time":{"set":true,"infinite":false,"number":1700000000},"end_time":{"set":false,"infinite":false,"number":0},
        "time_limit":{"set":false,"infinite":true,"number":0},"node_count":{"set":true,"infinite":false,"number":2},
        "cpus":{"set":true,"infinite":false,"number":8},"nodes":"c[1-2]","tres_alloc_str":"",
        "tres_per_node":"gres/gpu:a100:2","exit_code":{"return_code":{"set":true,"number":3},"signal":{"id":{"set":false}}}}]}"#;
    let job = json::parse_jobs(answer).unwrap().remove(0).job;
    assert_eq!((job.job_id.as_str(), job.state), ("5_2", JobState::Completing));
    assert_eq!((job.time_limit_minutes, job.nodes, job.cpus, job.gpus), (None, 2, 8, 4));
}

#[test]
fn an_answer_cut_short_is_an_error_and_never_a_shorter_list() {
    for length in (0..QUEUE.len()).step_by(97).filter(|length| *length > 0) {
        assert!(queue::parse(&QUEUE[..length], &separator()).is_err(), "{length} bytes");
    }
    assert!(accounting::parse(&ACCOUNTING[..ACCOUNTING.len() - 1]).is_err());
    assert!(accounting::parse(b"sacct: error\n").is_err());
}
