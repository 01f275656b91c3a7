//! The list of jobs, and what the scheduler's readings make of it, on every database.

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm as slurm;
use quarterdeck_types::{JobId, JobState};
use uuid::Uuid;

use super::*;
use crate::access::Role;
use crate::app::testing::{actor, app_at};
use crate::clusters::Cluster;
use crate::db::Db;
use crate::db::testing::on_each_database;

pub(super) fn start() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

pub(super) fn app(db: &Db) -> App {
    let data = tempfile::tempdir().unwrap();
    app_at(db, data.path(), start())
}

/// Somebody who may see all jobs, whatever Slurm says.
pub(super) fn operator() -> Actor {
    actor("operator", Role::Operator)
}

pub(super) fn cluster(app: &App) -> Cluster {
    app.clusters.find("slurm").unwrap().clone()
}

/// A job as the queue tells it.
pub(super) fn seen(number: &str, user: &str, name: &str) -> slurm::Job {
    slurm::Job {
        job_id: JobId::parse(number).unwrap(),
        name: name.to_owned(),
        user: user.to_owned(),
        account: Some("physics".to_owned()),
        partition: Some("compute".to_owned()),
        qos: None,
        state: JobState::Pending,
        reason: None,
        submitted_at: start(),
        eligible_at: None,
        started_at: None,
        expected_start_at: None,
        ended_at: None,
        time_limit_minutes: None,
        node_list: None,
        nodes: 1,
        cpus: 1,
        memory_mib: None,
        gpus: 0,
        exit_code: None,
        signal: None,
        working_directory: None,
        comment: None,
        dependency: None,
    }
}

/// A submission whose number nobody knows yet.
async fn submitting(app: &App, user: &str, key: Option<&str>, hash: &str) -> Result<Uuid, Error> {
    let id = Uuid::now_v7();
    let owner = actor(user, Role::User).user_id;
    insert(app, id, owner, user, key, hash).await.map(|()| id)
}

async fn insert(app: &App, id: Uuid, owner: Uuid, user: &str, key: Option<&str>, hash: &str) -> Result<(), Error> {
    let job = Job {
        id,
        job_id: None,
        state: JobState::Submitting,
        owner_id: Some(owner),
        ..observe::new_job("slurm", &seen("1", user, "submitted"), None)
    };
    let row = row(&job, key.map(str::to_owned), Some(hash.to_owned()), 0);
    store::insert(app.db.write(), row).await.map_err(idempotency::not_written)
}

async fn listed(app: &App, filter: Filter) -> Vec<String> {
    let wanted = Wanted { cursor: None, ascending: true, limit: 100, count: true };
    let page = list(app, &operator(), &cluster(app), filter, wanted).await.unwrap();
    assert_eq!(page.total, Some(page.items.len() as u64));
    page.items.into_iter().map(|job| job.name).collect()
}

#[tokio::test]
async fn what_the_queue_tells_is_listed_as_it_was_typed() {
    on_each_database(async |db| {
        let app = app(&db);
        let names = ["it's \"quoted\"", "한국어 작업 🚀", "two\nlines", "<b>", "'; drop table jobs; --", "\\ % _"];
        let queue = names.iter().zip(1..).map(|(name, number)| seen(&number.to_string(), "alice", name));
        observe(&app, "slurm", queue.collect()).await.unwrap();
        assert_eq!(listed(&app, Filter::default()).await, names);
        let found = async |text: &str| listed(&app, Filter { text: Some(text.to_owned()), ..Filter::default() }).await;
        assert_eq!(found("어 작").await, ["한국어 작업 🚀"]);
        assert_eq!(found("%").await, ["\\ % _"], "signs of LIKE stand for themselves");
        assert_eq!(found("_").await, ["\\ % _"]);
        assert_eq!(found("\\").await, ["\\ % _"]);
        assert_eq!(found("'; drop").await.len(), 1);
        assert_eq!(found("IT'S").await.len(), 1, "in whichever case");
    })
    .await;
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_among_jobs_of_the_same_moment() {
    on_each_database(async |db| {
        let app = app(&db);
        let queue = (1..=25).map(|number| seen(&number.to_string(), "alice", &format!("job {number}")));
        observe(&app, "slurm", queue.collect()).await.unwrap();
        for ascending in [true, false] {
            let (mut cursor, mut names) = (None, Vec::new());
            loop {
                let wanted = Wanted { cursor: cursor.as_deref(), ascending, limit: 7, count: false };
                let page = list(&app, &operator(), &cluster(&app), Filter::default(), wanted).await.unwrap();
                names.extend(page.items.into_iter().map(|job| job.name));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(names.len(), 25);
            names.sort();
            names.dedup();
            assert_eq!(names.len(), 25);
        }
        let wrong = list(
            &app,
            &operator(),
            &cluster(&app),
            Filter::default(),
            Wanted { cursor: Some("x"), ascending: true, limit: 7, count: false },
        )
        .await;
        assert!(matches!(wrong, Err(Error::Invalid(errors)) if errors[0].pointer == "/cursor"));
    })
    .await;
}

#[tokio::test]
async fn filters_tell_jobs_apart() {
    on_each_database(async |db| {
        let app = app(&db);
        let running = slurm::Job { state: JobState::Running, ..seen("2", "bob", "bob's") };
        let other = slurm::Job { partition: Some("gpu".to_owned()), account: None, ..seen("3", "alice", "on a gpu") };
        observe(&app, "slurm", vec![seen("1", "alice", "alice's"), running, other]).await.unwrap();
        let of = async |filter| listed(&app, filter).await;
        assert_eq!(of(Filter { user: Some("bob".to_owned()), ..Filter::default() }).await, ["bob's"]);
        assert_eq!(of(Filter { states: vec![JobState::Running], ..Filter::default() }).await, ["bob's"]);
        assert_eq!(of(Filter { partition: Some("gpu".to_owned()), ..Filter::default() }).await, ["on a gpu"]);
        assert_eq!(of(Filter { account: Some("physics".to_owned()), ..Filter::default() }).await, ["alice's", "bob's"]);
        assert_eq!(of(Filter { since: Some(start() + TimeDelta::seconds(1)), ..Filter::default() }).await.len(), 0);
        assert_eq!(
            of(Filter { user: Some(String::new()), ..Filter::default() }).await.len(),
            0,
            "who has no Unix user has no jobs"
        );
        let counts = counts(&app, &operator(), &cluster(&app), Some("alice")).await.unwrap();
        assert_eq!(counts, [(JobState::Pending, 2)]);
    })
    .await;
}

#[tokio::test]
async fn a_comment_claims_its_writers_own_submission_alone() {
    on_each_database(async |db| {
        let app = app(&db);
        let id = submitting(&app, "bob", None, "").await.unwrap();
        let comment = Some(format!("qd:{id} mine"));
        let forged = slurm::Job { comment: comment.clone(), ..seen("7", "alice", "forged") };
        observe(&app, "slurm", vec![forged.clone()]).await.unwrap();
        let bobs = find(&app, &cluster(&app), &id.to_string()).await.unwrap();
        assert_eq!((bobs.state, bobs.job_id), (JobState::Submitting, None));
        let own = slurm::Job { comment, ..seen("8", "bob", "submitted") };
        observe(&app, "slurm", vec![forged, own]).await.unwrap();
        let bobs = find(&app, &cluster(&app), &id.to_string()).await.unwrap();
        assert_eq!((bobs.state, bobs.job_id), (JobState::Pending, Some(JobId::parse("8").unwrap())));
        assert_eq!(find(&app, &cluster(&app), "7").await.unwrap().user, "alice");
    })
    .await;
}

#[tokio::test]
async fn a_number_that_is_given_again_is_another_job() {
    on_each_database(async |db| {
        let app = app(&db);
        let over = slurm::Job {
            state: JobState::Completed,
            ended_at: Some(start()),
            exit_code: Some(0),
            ..seen("5", "alice", "old")
        };
        observe(&app, "slurm", vec![over]).await.unwrap();
        // Whatever its owner writes on it.
        let old = find(&app, &cluster(&app), "5").await.unwrap().id;
        let comment = Some(format!("qd:{old} mine"));
        let again = slurm::Job { submitted_at: start() + TimeDelta::days(300), comment, ..seen("5", "bob", "new") };
        observe(&app, "slurm", vec![again]).await.unwrap();
        assert_eq!(listed(&app, Filter::default()).await, ["old", "new"]);
        assert_eq!(find(&app, &cluster(&app), "5").await.unwrap().name, "new");
    })
    .await;
}

#[tokio::test]
async fn a_key_makes_one_job_for_its_user() {
    on_each_database(async |db| {
        let app = app(&db);
        let (alice, cluster) = (actor("alice", Role::User), cluster(&app));
        let id = Uuid::now_v7();
        insert(&app, id, alice.user_id, "alice", Some("key"), "hash").await.unwrap();
        let second = insert(&app, Uuid::now_v7(), alice.user_id, "alice", Some("key"), "hash").await;
        assert!(matches!(second, Err(Error::KeyInFlight)));
        insert(&app, Uuid::now_v7(), actor("bob", Role::User).user_id, "bob", Some("key"), "hash").await.unwrap();
        let replay = async |hash| idempotency::replay(&app, &alice, &cluster, "key", hash).await;
        assert!(matches!(replay("hash").await, Err(Error::KeyInFlight)));
        assert!(matches!(replay("another").await, Err(Error::KeyReused)));
        let told = async |state, message: Option<&str>| {
            let job = find(&app, &cluster, &id.to_string()).await.unwrap();
            save_and_publish(&app, Job { state, message: message.map(str::to_owned), ..job }).await.unwrap();
            replay("hash").await
        };
        assert!(matches!(told(JobState::Pending, None).await, Ok(Some(job)) if job.id == id));
        assert!(matches!(told(JobState::NotSubmitted, Some("no")).await, Err(Error::Refused { message, .. }) if message == "no"));
        assert!(matches!(told(JobState::OutcomeUnknown, None).await, Err(Error::Unknown { id: of, .. }) if of == id));
        let data = tempfile::tempdir().unwrap();
        let tomorrow = app_at(&db, data.path(), start() + TimeDelta::hours(25));
        assert!(matches!(idempotency::replay(&tomorrow, &alice, &cluster, "key", "another").await, Ok(None)));
    })
    .await;
}

#[tokio::test]
async fn more_jobs_than_fit_one_statement() {
    on_each_database(async |db| {
        let app = app(&db);
        let queue: Vec<slurm::Job> = (1..=1201).map(|number| seen(&number.to_string(), "alice", "many")).collect();
        observe(&app, "slurm", queue.clone()).await.unwrap();
        let running = queue.into_iter().map(|job| slurm::Job { state: JobState::Running, ..job }).collect();
        observe(&app, "slurm", running).await.unwrap();
        assert_eq!(counts(&app, &operator(), &cluster(&app), None).await.unwrap(), [(JobState::Running, 1201)]);
    })
    .await;
}

#[tokio::test]
async fn numbers_of_the_local_queue_go_on_after_a_submission_without_one() {
    on_each_database(async |db| {
        let numbered = async |number: Option<&str>| {
            let job = Job {
                cluster: "local".to_owned(),
                job_id: number.map(|number| JobId::parse(number).unwrap()),
                ..observe::new_job("local", &seen("1", "alice", "local"), None)
            };
            store::insert(db.write(), row(&job, None, None, 0)).await.unwrap();
        };
        for number in [Some("8"), Some("9"), Some("10"), None] {
            numbered(number).await;
        }
        let next = app(&db).jobs.local.next_id(&app(&db)).await.unwrap();
        assert_eq!(next.as_str(), "11");
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_submission_does_not_undo_what_the_queue_writes_meanwhile() {
    on_each_database(async |db| {
        let app = app(&db);
        let id = submitting(&app, "alice", None, "").await.unwrap();
        let submitted = find(&app, &cluster(&app), &id.to_string()).await.unwrap();
        let tx = app.db.begin().await.unwrap();
        let row = store::by_id_to_change(&tx, "slurm", id).await.unwrap().unwrap();
        let queue = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            let ended = Job { state: JobState::Completed, ..submitted.clone() };
            store::save(&tx, rows::update(row, &ended, 1)).await.unwrap();
            tx.commit().await.unwrap();
        };
        let answered = Job { state: JobState::Pending, ..submitted.clone() };
        let (job, ()) = tokio::join!(save_submission(&app, answered, Vec::new()), queue);
        assert_eq!(job.unwrap().state, JobState::Completed);
        assert_eq!(find(&app, &cluster(&app), &id.to_string()).await.unwrap().state, JobState::Completed);
    })
    .await;
}
