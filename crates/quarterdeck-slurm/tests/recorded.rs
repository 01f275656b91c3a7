//! What Slurm 22.05, 24.11 and 26.05 really answered (`tests/recorded/record` makes it), read again. Each was given the
//! same jobs, so what is read has one snapshot for all of them, but for the times.

use std::fs;

use chrono::DateTime;
use insta::assert_json_snapshot;
use quarterdeck_slurm::compact::{
    Separator, accounting, node_details, nodes, parse_version, partitions, paths, privacy, queue, reservations, shares,
    usage,
};
use quarterdeck_slurm::{AnswerError, Job, Reason, json};
use quarterdeck_types::JobState;

const VERSIONS: [&str; 3] = ["22.05", "24.11", "26.05"];

fn recorded(version: &str, name: &str) -> Vec<u8> {
    let path = format!("{}/tests/recorded/{version}/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn separator() -> Separator {
    Separator::new([0; 16])
}

fn queue(version: &str) -> Vec<Job> {
    queue::parse(&recorded(version, "queue"), &separator()).unwrap()
}

fn history(version: &str) -> Vec<Job> {
    accounting::parse(&recorded(version, "accounting")).unwrap()
}

fn job<'a>(jobs: &'a [Job], id: &str) -> &'a Job {
    jobs.iter().find(|job| job.job_id.as_str() == id).unwrap()
}

/// Without what differs from one recording to the next. 24.11 refused to take `too-big`; and 22.05 says of a job that a
/// signal ended nothing better than `JobLaunchFailure`.
fn timeless(jobs: Vec<Job>) -> Vec<Job> {
    let mut jobs: Vec<Job> = jobs.into_iter().filter(|job| job.name != "too-big").collect();
    jobs.sort_by(|a, b| a.job_id.cmp(&b.job_id));
    for job in &mut jobs {
        job.submitted_at = DateTime::UNIX_EPOCH;
        job.expected_start_at = None;
        job.node_list = job.node_list.take().map(|_| "placed".to_owned());
        if let Some(Reason::RaisedSignal | Reason::LaunchFailure) = job.reason.as_deref().and_then(Reason::parse) {
            job.reason = Some("a signal".to_owned());
        }
        for time in [&mut job.eligible_at, &mut job.started_at, &mut job.ended_at] {
            *time = time.map(|_| DateTime::UNIX_EPOCH);
        }
    }
    jobs
}

#[test]
fn the_queue() {
    for version in VERSIONS {
        assert_json_snapshot!("the_queue", timeless(queue(version)));
    }
}

#[test]
fn the_history() {
    for version in VERSIONS {
        assert_json_snapshot!("the_history", timeless(history(version)));
    }
}

#[test]
fn what_jobs_used() {
    assert_json_snapshot!("what_jobs_used", usage::parse(&recorded("22.05", "usage")).unwrap());
}

#[test]
fn the_shares() {
    assert_json_snapshot!("the_shares", shares::parse(&recorded("22.05", "shares")).unwrap());
}

#[test]
fn the_nodes() {
    for version in VERSIONS {
        let mut nodes = nodes::parse(&recorded(version, "nodes"), &separator()).unwrap();
        for node in &mut nodes {
            assert!(node.load.take().is_some_and(|load| load > 0.0), "{version}: {}", node.name);
        }
        assert_json_snapshot!("the_nodes", nodes);
    }
}

#[test]
fn the_details_of_a_drained_node() {
    for version in VERSIONS {
        let mut details = node_details::parse(&recorded(version, "node-details")).unwrap();
        assert!(details.version.take().unwrap().starts_with(version));
        assert!(details.memory_free_mib.take().is_some());
        for time in [&mut details.reason_at, &mut details.booted_at, &mut details.started_at] {
            assert!(time.take().is_some(), "{version}");
        }
        assert_json_snapshot!("the_details_of_a_drained_node", details);
    }
}

#[test]
fn the_partitions() {
    for version in VERSIONS {
        assert_json_snapshot!("the_partitions", partitions::parse(&recorded(version, "partitions")).unwrap());
    }
}

#[test]
fn the_reservations() {
    for version in VERSIONS {
        let mut found = reservations::parse(&recorded(version, "reservations")).unwrap();
        for reservation in &mut found {
            let duration = reservation.ends_at - reservation.starts_at;
            reservation.starts_at = DateTime::UNIX_EPOCH;
            reservation.ends_at = DateTime::UNIX_EPOCH + duration;
        }
        assert_json_snapshot!("the_reservations", found);
        assert_eq!(reservations::parse(&recorded(version, "reservations-none")).unwrap(), []);
    }
    assert!(reservations::parse(b"slurm_load_reservations error\n").is_err());
    assert!(reservations::parse(b"ReservationName=x StartTime=Unknown EndTime=1\n").is_err());
}

#[test]
fn why_each_job_waits_and_when_it_may_start() {
    for version in VERSIONS {
        let waiting = queue::parse(&recorded(version, "waiting-queue"), &separator()).unwrap();
        let why = |name: &str| {
            let job = waiting.iter().find(|job| job.name == name && job.state == JobState::Pending).unwrap();
            (Reason::parse(job.reason.as_deref().unwrap()).unwrap(), job.expected_start_at.is_some())
        };
        if version != "24.11" {
            assert_eq!(why("too-big"), (Reason::NotAllowedInPartition, false));
        }
        assert_eq!(why("waiting"), (Reason::Dependency, false));
        assert_eq!(why("pending-array"), (Reason::HeldByUser, false));
        assert_eq!(why("long").0, Reason::ReservedForMaintenance);
        // Later ones do not name the drained node any more.
        let drained = match version {
            "22.05" => Reason::NodesNotAvailable { nodes: Some("c3".to_owned()) },
            _ => Reason::ReservedForAnotherJob,
        };
        assert_eq!(why("on-c3").0, drained);
        assert_eq!(why("three-nodes").0, Reason::NodesOutOfService);
        assert_eq!(why("big-array"), (Reason::Priority, true), "{version}");
        let started = waiting.iter().filter(|job| job.state != JobState::Pending);
        assert!(started.into_iter().all(|job| job.expected_start_at.is_none()));
    }
}

#[test]
fn the_version() {
    let versions = VERSIONS.map(|version| parse_version(&recorded(version, "version")).unwrap());
    assert_eq!(versions, ["22.05.8", "24.11.5", "26.05.5"]);
}

#[test]
fn what_is_private_and_who_coordinates() {
    for version in VERSIONS {
        assert_eq!(privacy::parse(&recorded(version, "config")), Ok(privacy::PrivateData::default()));
        let coordinators = privacy::parse_coordinators(&recorded(version, "coordinators")).unwrap();
        assert_eq!(coordinators.into_iter().collect::<Vec<_>>(), [("bob".to_owned(), vec!["bio".to_owned()])]);
    }
}

#[test]
fn times_are_what_slurm_wrote() {
    for version in VERSIONS {
        let written = String::from_utf8_lossy(&recorded(version, "queue")).into_owned();
        let queue = queue(version);
        let ended = job(&queue, "1");
        for time in [Some(ended.submitted_at), ended.started_at, ended.ended_at] {
            assert!(written.contains(&time.unwrap().timestamp().to_string()), "{version}");
        }
        assert!(ended.submitted_at <= ended.started_at.unwrap() && ended.started_at <= ended.ended_at);
        let history = history(version);
        assert_eq!(job(&history, "1").submitted_at, ended.submitted_at);
        assert_eq!((job(&history, "1").started_at, job(&history, "1").ended_at), (ended.started_at, ended.ended_at));
    }
}

#[test]
fn names_comments_and_directories_forge_neither_fields_nor_jobs() {
    for version in VERSIONS {
        let rest = json::parse_jobs(&recorded(version, "queue.json")).unwrap().into_iter().map(|details| details.job);
        for jobs in [queue(version), history(version), rest.collect()] {
            assert!(jobs.iter().all(|job| job.job_id.as_str() != "99999"));
            let forger = job(&jobs, "4");
            assert_eq!((forger.name.as_str(), forger.user.as_str()), ("forged\n99999\u{1f}|,@", "alice"));
            assert_eq!(job(&jobs, "7").name, "한국어 작업");
            assert_eq!(job(&jobs, "5").name, "endQ00000000");
            // The database has lost the bytes that are not UTF-8.
            let lost = ["not\u{fffd}\u{fffd}utf-8", "not??utf-8"];
            assert!(lost.contains(&job(&jobs, "11").name.as_str()), "{version}: {:?}", job(&jobs, "11").name);
            assert!(job(&jobs, "12").working_directory.as_ref().unwrap().ends_with("/a dir\nStdOut=x, 'y'"));
            assert!(job(&jobs, "1").comment.as_ref().unwrap().starts_with("qd:0198f5a0-0000-7000-8000-000000000001 "));
        }
        assert_eq!(job(&queue(version), "4").comment.as_deref(), Some("two\nlines \"quoted\""));
        assert_eq!(job(&queue(version), "8").name, "n".repeat(300));
        assert_eq!(job(&queue(version), "10").name, "  spaces  ");
    }
}

#[test]
fn accounting_changes_names_and_the_queue_does_not() {
    for version in VERSIONS {
        let (queue, history) = (queue(version), history(version));
        assert_eq!(job(&queue, "9").name, "");
        assert_eq!(job(&history, "9").name, "allocation");
        assert_eq!(job(&history, "8").name, "n".repeat(255));
        assert_eq!(job(&queue, "6").name, r#"it's "quoted" $(id) `id` \"#);
        assert_eq!(job(&history, "6").name, r"it's `quoted` $(id) `id` \");
    }
}

#[test]
fn jobs_end_as_they_ended() {
    for version in VERSIONS {
        let jobs = history(version);
        let ended = |id| (job(&jobs, id).state, job(&jobs, id).exit_code, job(&jobs, id).signal);
        assert_eq!(ended("1"), (JobState::Completed, Some(0), None));
        assert_eq!(ended("2"), (JobState::Failed, Some(3), None));
        assert_eq!(ended("3"), (JobState::Failed, None, Some(9)));
        assert_eq!(ended("13_1"), (JobState::Failed, Some(1), None));
        assert_eq!(job(&jobs, "14").state, JobState::Cancelled);
    }
}

#[test]
fn estimates_are_not_facts() {
    for version in VERSIONS {
        let jobs = queue(version);
        let running = job(&jobs, "18");
        assert_eq!(running.state, JobState::Running);
        assert!(running.started_at.is_some() && running.ended_at.is_none());
        let never_ran = job(&jobs, "15");
        assert_eq!(never_ran.state, JobState::Cancelled);
        assert!(never_ran.started_at.is_none() && never_ran.ended_at.is_some());
    }
}

#[test]
fn output_paths_are_found_behind_free_text() {
    for version in VERSIONS {
        let paths = paths::parse(&recorded(version, "job-paths"));
        assert!(paths.output.as_ref().unwrap().ends_with("/jobs/out gpu.txt"), "{version}: {paths:?}");
        assert_eq!((paths.error.as_deref(), paths.input.as_deref()), (Some("/dev/null"), Some("/dev/null")));
    }
}

#[test]
fn slurmrestd_and_squeue_tell_the_same_jobs() {
    for version in VERSIONS {
        let mut compact = queue(version);
        let mut json: Vec<Job> = json::parse_jobs(&recorded(version, "queue.json"))
            .unwrap()
            .into_iter()
            // What squeue's text does not have.
            .map(|details| Job { exit_code: None, signal: None, ..details.job })
            .collect();
        compact.sort_by(|a, b| a.job_id.cmp(&b.job_id));
        json.sort_by(|a, b| a.job_id.cmp(&b.job_id));
        assert_eq!(json.len(), compact.len(), "{version}");
        for (of_json, of_squeue) in json.iter().zip(&mut compact) {
            // squeue names the signal, "RaisedSignal:9(Killed)".
            of_squeue.reason = of_squeue.reason.take().map(|reason| reason.split(':').next().unwrap().to_owned());
            assert_eq!(of_json, of_squeue, "{version}");
        }
    }
}

#[test]
fn slurmrestd_and_sinfo_tell_the_same_nodes() {
    for version in VERSIONS {
        let compact = nodes::parse(&recorded(version, "nodes"), &separator()).unwrap();
        let json = json::parse_nodes(&recorded(version, "nodes.json")).unwrap();
        let json: Vec<_> = json.into_iter().map(|(node, _)| node).collect();
        assert_eq!(json, compact, "{version}");

        let details = node_details::parse(&recorded(version, "node-details")).unwrap();
        let (node, told) = json::parse_nodes(&recorded(version, "node-details.json")).unwrap().remove(0);
        assert_eq!((node.name.as_str(), &told), ("c3", &details), "{version}");
    }
}

#[test]
fn json_has_the_exit_status_of_the_wait() {
    for version in VERSIONS {
        let jobs = json::parse_jobs(&recorded(version, "queue.json")).unwrap();
        let ended = |id: &str| {
            let details = jobs.iter().find(|details| details.job.job_id.as_str() == id).unwrap();
            (details.job.exit_code, details.job.signal)
        };
        let expected = ((Some(3), None), (None, Some(9)), (Some(1), None));
        assert_eq!((ended("2"), ended("3"), ended("13_1")), expected, "{version}");
    }
}

#[test]
fn errors_in_json_are_errors_even_beside_jobs() {
    let down = br#"{"errors":[{"error_number":1007,"error":"Unable to contact slurm controller"}],"jobs":[]}"#;
    let expected = AnswerError::Slurm { code: 1007, message: "Unable to contact slurm controller".to_owned() };
    assert_eq!(json::parse_jobs(down), Err(expected.clone()));
    // Wherever they stand, and whatever else is wrong.
    let behind = br#"{"jobs":[{}],"errors":[{"error_number":1007,"error":"Unable to contact slurm controller"}]}"#;
    assert_eq!(json::parse_jobs(behind), Err(expected));
    assert!(json::parse_jobs(br#"{"errors":[{"error_number":0,"error":"not found"}],"jobs":[]}"#).unwrap().is_empty());
    for broken in
        [&b"slurm_load_jobs error"[..], b"[]", b"{}", b"{\"jobs\":[]} {", b"{\"jobs\":{}}", b"{\"nodes\":[{}]}"]
    {
        assert!(json::parse_jobs(broken).is_err(), "{}", String::from_utf8_lossy(broken));
    }
}

#[test]
fn an_answer_cut_short_is_an_error_and_never_a_shorter_list() {
    for version in VERSIONS {
        let (queue, accounting, json) =
            (recorded(version, "queue"), recorded(version, "accounting"), recorded(version, "queue.json"));
        // But for a cut between two jobs, which only the exit status tells.
        let between = format!("Q{}\n", "0".repeat(16));
        for length in (1..queue.len()).filter(|length| !queue[..*length].ends_with(between.as_bytes())) {
            assert!(queue::parse(&queue[..length], &separator()).is_err(), "{length} bytes");
        }
        for length in (0..json.len()).step_by(9973) {
            assert!(json::parse_jobs(&json[..length]).is_err(), "{length} bytes");
        }
        assert!(accounting::parse(&accounting[..accounting.len() - 1]).is_err());
    }
    assert!(accounting::parse(b"sacct: error\n").is_err());
}
