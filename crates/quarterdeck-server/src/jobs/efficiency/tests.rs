//! What is kept of jobs that are over, and what is learnt from it, on every database.

use quarterdeck_slurm::compact::usage::{JobUsage, StepMemory, StepUsage};
use quarterdeck_slurm::notation::Tres;

use super::*;
use crate::access::Role;
use crate::app::testing::{actor, app_at};
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::jobs::observe::new_job;
use crate::jobs::row;
use crate::jobs::tests::seen;

fn now() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

fn app(db: &Db) -> App {
    let data = tempfile::tempdir().unwrap();
    app_at(db, data.path(), now())
}

fn cluster(app: &App) -> Cluster {
    app.clusters.find("slurm").unwrap().clone()
}

/// A job that ran for ten minutes on two CPUs and is over since so many minutes.
fn over(number: &str, user: &str, minutes_ago: i64) -> Job {
    let ended_at = now() - TimeDelta::minutes(minutes_ago);
    let started_at = ended_at - TimeDelta::minutes(10);
    Job {
        state: JobState::Completed,
        submitted_at: started_at,
        started_at: Some(started_at),
        ended_at: Some(ended_at),
        template: Some("wind@3".to_owned()),
        time_limit_minutes: Some(20),
        ..new_job("slurm", &seen(number, user, "wind"), None)
    }
}

/// What accounting tells of it: one CPU was busy, and so much memory was used of 8 GiB.
fn usage(job: &Job, used_mib: u64) -> JobUsage {
    JobUsage {
        job_id: job.job_id.clone().unwrap(),
        state: job.state,
        submitted_at: job.submitted_at,
        started_at: job.started_at,
        ended_at: job.ended_at,
        elapsed_seconds: 600,
        nodes: 1,
        given: Tres { cpus: Some(2), memory_mib: Some(8192), nodes: Some(1), gpus: None },
        steps: vec![StepUsage {
            name: "batch".to_owned(),
            started_at: job.started_at,
            ended_at: job.ended_at,
            nodes: 1,
            tasks: 1,
            cpu_milliseconds: Some(600_000),
            memory: Some(StepMemory { largest_task_mib: used_mib, all_tasks_mib: used_mib }),
            ..StepUsage::default()
        }],
    }
}

async fn insert(app: &App, job: &Job) {
    jobs::insert(app.db.write(), row(job, None, None, 0)).await.unwrap();
}

/// One look of the collector's, with what accounting answered.
async fn look(app: &App, told: &[JobUsage]) -> usize {
    let (from, to) = (to_us(now() - TimeDelta::days(7)), to_us(now()));
    let open = store::without_usage(app.db.read(), "slurm", from, to, 100).await.unwrap();
    let rows: Vec<_> = open.iter().filter_map(|job| collect::kept(job, told, now())).collect();
    let count = rows.len();
    store::insert(app.db.write(), rows).await.unwrap();
    count
}

async fn keep(app: &App, job: &Job, used_mib: u64) {
    insert(app, job).await;
    let row = jobs::by_id(app.db.read(), "slurm", job.id).await.unwrap().unwrap();
    let figures = Figures::of(&usage(job, used_mib));
    store::insert(app.db.write(), vec![collect::row(&row, Some(&figures))]).await.unwrap();
}

#[tokio::test]
async fn a_job_is_kept_once_when_accounting_has_told_all_of_it() {
    on_each_database(async |db| {
        let app = app(&db);
        let job = over("5", "alice", 1);
        insert(&app, &job).await;
        assert_eq!(look(&app, &[]).await, 0, "accounting knows nothing of it yet");
        let mut told = usage(&job, 1000);
        told.steps[0].ended_at = None;
        assert_eq!(look(&app, std::slice::from_ref(&told)).await, 0, "a step is not over");
        let other = JobUsage { submitted_at: now() - TimeDelta::days(400), ..usage(&job, 1) };
        assert_eq!(look(&app, &[other]).await, 0, "another job had this number once");
        told = usage(&job, 1000);
        assert_eq!(look(&app, std::slice::from_ref(&told)).await, 1);
        assert_eq!(look(&app, &[told]).await, 0);
        let kept = store::by_id(app.db.read(), job.id).await.unwrap().unwrap();
        assert_eq!(collect::read(&kept).unwrap(), Figures::of(&usage(&job, 1000)));
        assert_eq!((kept.template.as_deref(), kept.cpu_wasted_s), (Some("wind"), 600));
        store::insert(app.db.write(), vec![kept]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_accounting_never_tells_and_the_whole_of_an_array_are_settled_without_figures() {
    on_each_database(async |db| {
        let app = app(&db);
        let (late, lost) = (over("5", "alice", 29), over("6", "alice", 31));
        let (whole, task) = (over("7", "alice", 1), over("7_1", "alice", 1));
        for job in [&late, &lost, &whole, &task] {
            insert(&app, job).await;
        }
        assert_eq!(look(&app, &[usage(&task, 100)]).await, 3, "all but the one that may still be told");
        let figures = async |job: &Job| {
            let row = store::by_id(app.db.read(), job.id).await.unwrap();
            row.map(|row| collect::read(&row).is_some())
        };
        let found = [figures(&late).await, figures(&lost).await, figures(&whole).await, figures(&task).await];
        assert_eq!(found, [None, Some(false), Some(false), Some(true)]);
        let parts = parts_of(&app, &cluster(&app), &whole).await.unwrap();
        assert_eq!(parts.iter().map(|row| row.id).collect::<Vec<_>>(), [task.id]);
    })
    .await;
}

#[tokio::test]
async fn advice_comes_from_ones_own_runs_of_the_template_alone() {
    on_each_database(async |db| {
        let app = app(&db);
        for number in 1..=3 {
            keep(&app, &over(&number.to_string(), "alice", number), 1000).await;
        }
        let others = Job { template: Some("other".to_owned()), ..over("8", "alice", 1) };
        keep(&app, &others, 7000).await;
        keep(&app, &over("9", "bob", 1), 7000).await;
        let old = over("10", "alice", 200 * 24 * 60);
        keep(&app, &old, 7000).await;

        let of = async |name: &str, template: &str| {
            advice(&app, &actor(name, Role::User), &cluster(&app), template).await.unwrap()
        };
        let hers = of("alice", "wind@4").await;
        let memory = Suggestion { resource: Resource::Memory, used: 1000, asked: 8192, value: 1280, runs: 3 };
        assert_eq!(hers.runs, 3);
        assert!(hers.suggestions.contains(&memory), "{:?}", hers.suggestions);
        let his = of("bob", "wind").await;
        assert_eq!((his.runs, his.suggestions.len()), (1, 0));
        assert_eq!(of("alice", "nothing").await.runs, 0);
        let nobody = Actor { unix_user: None, ..actor("alice", Role::User) };
        assert_eq!(advice(&app, &nobody, &cluster(&app), "wind").await.unwrap().runs, 0);
    })
    .await;
}

#[tokio::test]
async fn waste_is_summed_for_each_user_and_the_worst_come_first() {
    on_each_database(async |db| {
        let app = app(&db);
        assert_eq!(own_waste(&app, &actor("alice", Role::User), &cluster(&app), 30, 10).await.unwrap().0.jobs, 0);
        for number in 1..=3 {
            keep(&app, &over(&number.to_string(), "alice", number), 8192).await;
        }
        keep(&app, &over("9", "bob", 1), 4096).await;
        keep(&app, &over("10", "bob", 40 * 24 * 60), 4096).await;
        let (waste, worst) = own_waste(&app, &actor("alice", Role::User), &cluster(&app), 30, 2).await.unwrap();
        assert_eq!((waste.jobs, waste.cpu_seconds_given, waste.wasted.cpu_seconds), (3, 3600, 1800));
        assert_eq!((waste.wasted.memory_mib_seconds, worst.len()), (0, 2));
        let (users, worst) = waste_of_all(&app, &cluster(&app), 30, 10).await.unwrap();
        let by_user: Vec<_> = users.iter().map(|of| (of.user.as_str(), of.waste.wasted.cpu_seconds)).collect();
        assert_eq!((by_user, worst.len()), (vec![("alice", 1800), ("bob", 600)], 4));
        assert_eq!(users[1].waste.wasted.memory_mib_seconds, 4096 * 600);
    })
    .await;
}

#[test]
fn a_tenth_counts_to_the_band_that_it_ends() {
    let bands = [(0, 0), (10, 0), (11, 1), (90, 8), (91, 9), (100, 9), (5000, 9)];
    for (used, expected) in bands {
        assert_eq!(band(used, 100), Some(expected), "{used} %");
    }
    assert_eq!(band(1, 0), None);
}

#[test]
fn the_figures_of_tasks_add_up_and_the_greediest_tells_the_memory() {
    let job = over("7_1", "alice", 1);
    let run = |used| Run { figures: Figures::of(&usage(&job, used)), time_limit_minutes: None };
    let all = together(&[run(100), run(300)]).unwrap();
    assert_eq!((all.elapsed_seconds, all.cpu_milliseconds, all.memory_used_mib), (1200, Some(1_200_000), Some(300)));
    assert_eq!(all.cpu_seconds_given(), 2400);
    assert_eq!(together(&[]), None);
}
