//! What Slurm 22.05, 24.11 and 26.05 really answered (`tests/recorded/record` makes it), read again. Each was given the
//! same jobs, so what is read has one normal form for all of them.

mod normal_forms;
mod readings;

use std::fs;

use quarterdeck_slurm::compact::{
    accounting, choices, node_details, nodes, parse_version, paths, privacy, queue, reservations,
};
use quarterdeck_slurm::{AnswerError, Job, Reason, json};
use quarterdeck_types::JobState;
use readings::separator;

const VERSIONS: [&str; 3] = ["22.05", "24.11", "26.05"];

fn recorded(version: &str, name: &str) -> Vec<u8> {
    let path = format!("{}/tests/recorded/{version}/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error} (tests/recorded/record makes it)"))
}

fn queue(version: &str) -> Vec<Job> {
    queue::parse(&recorded(version, "queue"), &separator()).unwrap()
}

fn history(version: &str) -> Vec<Job> {
    accounting::parse(&recorded(version, "accounting")).unwrap()
}

/// By the name that it was given: accounting may tell another.
fn job<'a>(version: &str, jobs: &'a [Job], name: &str) -> &'a Job {
    let queue = queue(version);
    let id = &queue.iter().find(|job| job.name == name).unwrap().job_id;
    jobs.iter().find(|job| job.job_id == *id).unwrap()
}

fn json_jobs(version: &str) -> Vec<Job> {
    let jobs = json::parse_jobs(&recorded(version, "jobs.json")).unwrap();
    jobs.into_iter().map(|details| details.job).collect()
}

#[test]
fn without_reservations_and_licences_slurm_says_so_in_words() {
    for version in VERSIONS {
        assert_eq!(reservations::parse(&recorded(version, "reservations-none")).unwrap(), []);
        assert_eq!(choices::parse_licenses(&recorded(version, "choices-licenses-none")).unwrap(), []);
    }
    assert!(reservations::parse(b"slurm_load_reservations error\n").is_err());
    assert!(reservations::parse(b"ReservationName=x StartTime=Unknown EndTime=1\n").is_err());
}

#[test]
fn why_each_job_waits_and_when_it_may_start() {
    for version in VERSIONS {
        let waiting = queue::parse(&recorded(version, "queue-waiting"), &separator()).unwrap();
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
        assert_eq!(privacy::parse(&recorded(version, "privacy")), Ok(privacy::PrivateData::default()));
        let coordinators = privacy::parse_coordinators(&recorded(version, "privacy-coordinators")).unwrap();
        assert_eq!(coordinators.into_iter().collect::<Vec<_>>(), [("bob".to_owned(), vec!["bio".to_owned()])]);
    }
}

#[test]
fn times_are_what_slurm_wrote() {
    for version in VERSIONS {
        let written = String::from_utf8_lossy(&recorded(version, "queue")).into_owned();
        let (queue, history) = (queue(version), history(version));
        let ended = job(version, &queue, "completed");
        for time in [Some(ended.submitted_at), ended.started_at, ended.ended_at] {
            assert!(written.contains(&time.unwrap().timestamp().to_string()), "{version}");
        }
        assert!(ended.submitted_at <= ended.started_at.unwrap() && ended.started_at <= ended.ended_at);
        let told = job(version, &history, "completed");
        assert_eq!(
            (told.submitted_at, told.started_at, told.ended_at),
            (ended.submitted_at, ended.started_at, ended.ended_at)
        );
    }
}

/// As they were given.
const FORGED: &str = "forged\n99999\u{1f}|,@";
const LONG: usize = 300;
const NOT_UTF_8: &str = "not\u{fffd}\u{fffd}utf-8";
const QUOTED: &str = r#"it's "quoted" $(id) `id` \"#;

#[test]
fn names_comments_and_directories_forge_neither_fields_nor_jobs() {
    for version in VERSIONS {
        let queue = queue(version);
        for jobs in [queue.clone(), history(version), json_jobs(version)] {
            assert!(jobs.iter().all(|job| job.job_id.as_str() != "99999"));
            let job = |name: &str| job(version, &jobs, name);
            assert_eq!((job(FORGED).name.as_str(), job(FORGED).user.as_str()), (FORGED, "alice"));
            assert_eq!(job("한국어 작업").name, "한국어 작업");
            assert_eq!(job("endQ00000000").name, "endQ00000000");
            // The database has lost the bytes that are not UTF-8.
            let lost = [NOT_UTF_8, "not??utf-8"];
            assert!(lost.contains(&job(NOT_UTF_8).name.as_str()), "{version}: {:?}", job(NOT_UTF_8).name);
            assert!(job("directory").working_directory.as_ref().unwrap().ends_with("/a dir\nStdOut=x, 'y'"));
            let comment = job("completed").comment.as_ref().unwrap();
            assert!(comment.starts_with("qd:0198f5a0-0000-7000-8000-000000000001 "));
        }
        assert_eq!(job(version, &queue, FORGED).comment.as_deref(), Some("two\nlines \"quoted\""));
        assert!(queue.iter().any(|job| job.name == "n".repeat(LONG)));
        assert!(queue.iter().any(|job| job.name == "  spaces  "));
    }
}

#[test]
fn accounting_changes_names_and_the_queue_does_not() {
    for version in VERSIONS {
        let history = history(version);
        let told = |name: &str| job(version, &history, name).name.as_str();
        assert_eq!(told(""), "allocation");
        assert_eq!(told(&"n".repeat(LONG)), "n".repeat(255));
        assert_eq!(told(QUOTED), r"it's `quoted` $(id) `id` \");
    }
}

#[test]
fn jobs_end_as_they_ended() {
    for version in VERSIONS {
        let jobs = history(version);
        let ended = |job: &Job| (job.state, job.exit_code, job.signal);
        assert_eq!(ended(job(version, &jobs, "completed")), (JobState::Completed, Some(0), None));
        assert_eq!(ended(job(version, &jobs, "failed")), (JobState::Failed, Some(3), None));
        assert_eq!(ended(job(version, &jobs, "killed")), (JobState::Failed, None, Some(9)));
        assert_eq!(ended(task(&jobs, 1)), (JobState::Failed, Some(1), None));
        assert_eq!(job(version, &jobs, "cancelled").state, JobState::Cancelled);
    }
}

/// By `OverMemoryKill`, which leaves no other trace in accounting (see `over-memory-output` for what the job is told).
#[test]
fn a_job_ended_by_slurm_for_its_memory_was_killed() {
    for version in VERSIONS {
        for jobs in [history(version), json_jobs(version)] {
            let over = job(version, &jobs, "over-memory");
            assert_eq!((over.state, over.exit_code, over.signal), (JobState::Failed, None, Some(9)), "{version}");
        }
    }
}

/// Of the job `array`.
fn task(jobs: &[Job], number: u32) -> &Job {
    let behind = format!("_{number}");
    jobs.iter().find(|job| job.name == "array" && job.job_id.as_str().ends_with(&behind)).unwrap()
}

#[test]
fn estimates_are_not_facts() {
    for version in VERSIONS {
        let jobs = queue(version);
        let running = job(version, &jobs, "wide");
        assert_eq!(running.state, JobState::Running);
        assert!(running.started_at.is_some() && running.ended_at.is_none());
        let never_ran = job(version, &jobs, "never-eligible");
        assert_eq!(never_ran.state, JobState::Cancelled);
        assert!(never_ran.started_at.is_none() && never_ran.ended_at.is_some());
    }
}

#[test]
fn output_paths_are_found_behind_free_text() {
    for version in VERSIONS {
        let paths = paths::parse(&recorded(version, "paths"));
        assert!(paths.output.as_ref().unwrap().ends_with("/jobs/out gpu.txt"), "{version}: {paths:?}");
        assert_eq!((paths.error.as_deref(), paths.input.as_deref()), (Some("/dev/null"), Some("/dev/null")));
    }
}

#[test]
fn slurmrestd_and_squeue_tell_the_same_jobs() {
    for version in VERSIONS {
        let mut compact = queue(version);
        // But for what squeue's text does not have.
        let json = json_jobs(version).into_iter().map(|job| Job { exit_code: None, signal: None, ..job });
        let mut json: Vec<Job> = json.collect();
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
        let jobs = json_jobs(version);
        let ended = |job: &Job| (job.exit_code, job.signal);
        assert_eq!(ended(job(version, &jobs, "failed")), (Some(3), None), "{version}");
        assert_eq!(ended(job(version, &jobs, "killed")), (None, Some(9)), "{version}");
        assert_eq!(ended(task(&jobs, 1)), (Some(1), None), "{version}");
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
            (recorded(version, "queue"), recorded(version, "accounting"), recorded(version, "jobs.json"));
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
