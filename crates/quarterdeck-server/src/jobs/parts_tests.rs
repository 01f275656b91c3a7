//! Arrays in lists and what depends on what, on every database.

use chrono::TimeDelta;
use quarterdeck_slurm as slurm;
use quarterdeck_types::JobState;

use super::tests::{app, cluster, operator, seen, start};
use super::*;
use crate::db::testing::on_each_database;

async fn page(app: &App, filter: Filter, limit: u64) -> Page {
    let wanted = Wanted { cursor: None, ascending: false, limit, count: true };
    list(app, &operator(), &cluster(app), filter, wanted).await.unwrap()
}

fn task(number: &str, state: JobState) -> slurm::Job {
    slurm::Job { state, ..seen(number, "alice", "array") }
}

#[tokio::test]
async fn a_collapsed_list_counts_the_parts_of_each_whole_and_of_no_other_of_its_number() {
    on_each_database(async |db| {
        let app = app(&db);
        let old = [task("5_1", JobState::Completed), task("5_2", JobState::Failed)];
        observe(&app, "slurm", old.to_vec()).await.unwrap();
        let ids: Vec<JobId> = ["5", "5_1", "5_2"].map(|id| JobId::parse(id).unwrap()).to_vec();
        let ended = old.map(|job| slurm::Job { exit_code: Some(0), ended_at: Some(start()), ..job });
        watch_ended(&app, "slurm", &ids, ended.to_vec()).await.unwrap();
        // Slurm begins again at small numbers.
        let later = start() + TimeDelta::days(300);
        let again = |number, state| slurm::Job { submitted_at: later, ..task(number, state) };
        let new =
            [again("5_1", JobState::Running), again("5_2", JobState::Running), again("5_[3-9]", JobState::Pending)];
        observe(&app, "slurm", [new.as_slice(), &[seen("6", "bob", "alone")]].concat()).await.unwrap();

        let wholes = page(&app, Filter { collapse: true, ..Filter::default() }, 10).await;
        assert_eq!(wholes.total, Some(3));
        let parts: Vec<_> = wholes.items.into_iter().map(|job| job.parts).collect();
        let expected =
            vec![vec![(JobState::Running, 2)], vec![], vec![(JobState::Completed, 1), (JobState::Failed, 1)]];
        assert_eq!(parts, expected);
        let tasks = page(&app, Filter { array: Some("5".to_owned()), ..Filter::default() }, 10).await;
        assert_eq!(tasks.items.len(), 2, "of the newer one alone");
    })
    .await;
}

#[tokio::test]
async fn a_number_that_is_given_again_makes_no_task_its_former_owners() {
    on_each_database(async |db| {
        let app = app(&db);
        let of_alice = Job {
            owner_id: Some(operator().user_id),
            state: JobState::Completed,
            template: Some("array".to_owned()),
            ..observe::new_job("slurm", &seen("5", "alice", "array"), None)
        };
        store::insert(app.db.write(), row(&of_alice, None, None, 0)).await.unwrap();
        let later = start() + TimeDelta::days(300);
        let of_bob = slurm::Job { user: "bob".to_owned(), submitted_at: later, ..task("5_1", JobState::Running) };
        observe(&app, "slurm", vec![of_bob]).await.unwrap();
        let found = find(&app, &cluster(&app), "5_1").await.unwrap();
        assert_eq!((found.user.as_str(), found.owner_id, found.template), ("bob", None, None));
    })
    .await;
}

#[tokio::test]
async fn what_slurm_says_of_dependencies_is_kept_and_found_from_both_ends() {
    on_each_database(async |db| {
        let app = app(&db);
        let depends = |number: &str, text: &str| slurm::Job {
            dependency: Some(text.to_owned()),
            ..seen(number, "alice", number)
        };
        let first = [seen("1", "alice", "1"), seen("7_1", "alice", "7"), depends("2", "afterok:1(unfulfilled)")];
        let more = [depends("3", "afterany:7_*(unfulfilled),afterok:2(unfulfilled)"), depends("4", "after:99+5")];
        observe(&app, "slurm", [first.as_slice(), &more].concat()).await.unwrap();
        // It has begun, and Slurm forgets what it waited for.
        let begun = slurm::Job { state: JobState::Running, ..seen("2", "alice", "2") };
        observe(&app, "slurm", vec![slurm::Job { state: JobState::Completed, ..seen("1", "alice", "1") }, begun])
            .await
            .unwrap();
        let told = async |job: &str| {
            let found = dependencies(&app, &operator(), &cluster(&app), job).await.unwrap();
            let words = |links: Vec<Link>| -> Vec<String> {
                let words = links.into_iter().map(|link| {
                    let job = link.job.map_or("?".to_owned(), |job| job.name);
                    format!("{} {} {job} {:?}", link.kind, link.on, link.standing)
                });
                words.collect()
            };
            (words(found.before), words(found.after))
        };
        assert_eq!(told("1").await.1, ["afterok 1 2 Fulfilled"]);
        assert_eq!(told("2").await, (vec!["afterok 1 1 Fulfilled".into()], vec!["afterok 2 3 Waiting".into()]));
        assert_eq!(told("3").await.0, ["afterok 2 2 Waiting", "afterany 7_* 7 Waiting"]);
        assert_eq!(told("7_1").await.1, ["afterany 7_* 3 Waiting"]);
        assert_eq!(told("4").await.0, ["after 99 ? Unknown"]);
    })
    .await;
}
