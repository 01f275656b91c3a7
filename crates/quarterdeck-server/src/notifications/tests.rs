//! What is told to whom, and how often, on every database.

use serde_json::{Value, json};

use super::*;
use crate::access::Role;
use crate::app::testing::{account, actor, app_at, app_with, session_of};
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::users::{Kind, User};

async fn notified(db: &Db, data: &std::path::Path, user: &User) -> Vec<String> {
    let page =
        list(&app_at(db, data, from_us(0)), &session_of(user), &Filter::default(), None, 9, false).await.unwrap();
    page.items.into_iter().map(|notification| notification.code).collect()
}

fn failed(job: Uuid, run: i64) -> News {
    News {
        event: Event::JobFailed,
        job,
        unix_user: "alice".to_owned(),
        run: Some(from_us(run)),
        length: None,
        facts: json!({"cluster": "slurm", "job_id": "5", "name": "x", "state": "FAILED"}),
        whole: true,
    }
}

async fn told(app: &App, news: &[News]) {
    let tx = app.db.begin().await.unwrap();
    let told = tell(&tx, app, news).await.unwrap();
    tx.commit().await.unwrap();
    told.publish(app);
}

#[tokio::test]
async fn each_reads_her_own_the_newest_first() {
    on_each_database(async |db| {
        let data = tempfile::tempdir().unwrap();
        let (alice, bob) = (actor("alice", Role::User), actor("bob", Role::User));
        let at = |second: i64| app_at(&db, data.path(), from_us(second * 1_000_000));
        for second in 1..=3 {
            let params = json!({"name": "한글", "second": second});
            let _ = notify(db.write(), &at(second).clock, alice.user_id, "job-ended", params).await.unwrap();
        }
        let _ = notify(db.write(), &at(4).clock, bob.user_id, "job-ended", json!({})).await.unwrap();
        let page = list(&at(5), &alice, &Filter::default(), None, 2, true).await.unwrap();
        let seconds: Vec<&Value> = page.items.iter().map(|notification| &notification.params["second"]).collect();
        assert_eq!((seconds, page.total), (vec![&json!(3), &json!(2)], Some(3)));
        let rest = list(&at(5), &alice, &Filter::default(), page.next_cursor.as_deref(), 2, false).await.unwrap();
        assert_eq!((rest.items.len(), rest.next_cursor), (1, None));
        assert_eq!(
            (page.items[0].created_at, page.items[0].read_at, &page.items[0].params["name"]),
            (from_us(3_000_000), None, &json!("한글"))
        );
    })
    .await;
}

#[tokio::test]
async fn one_and_all_are_marked_as_read_by_their_owner_alone() {
    on_each_database(async |db| {
        let data = tempfile::tempdir().unwrap();
        let app = app_at(&db, data.path(), from_us(7));
        let (alice, bob) = (actor("alice", Role::User), actor("bob", Role::User));
        for _ in 0..3 {
            let _ = notify(db.write(), &app.clock, alice.user_id, "job-ended", json!({})).await.unwrap();
        }
        let id = list(&app, &alice, &Filter::default(), None, 1, false).await.unwrap().items[0].id;
        assert!(matches!(mark_read(&app, &bob, Some(id)).await, Err(Error::NotFound)));
        mark_read(&app, &bob, None).await.unwrap();
        assert_eq!(unread(&app, alice.user_id).await.unwrap(), 3);
        mark_read(&app, &alice, Some(id)).await.unwrap();
        assert_eq!(unread(&app, alice.user_id).await.unwrap(), 2);
        mark_read(&app, &alice, None).await.unwrap();
        assert_eq!(unread(&app, alice.user_id).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_event_of_a_run_is_told_once_and_of_the_next_run_again() {
    on_each_database(async |db| {
        let data = tempfile::tempdir().unwrap();
        let app = app_at(&db, data.path(), from_us(0));
        let (alice, bob) = (
            account(&db, "alice", Role::User, Kind::Person).await,
            account(&db, "bob", Role::User, Kind::Person).await,
        );
        let job = Uuid::now_v7();
        told(&app, &[failed(job, 0)]).await;
        told(&app, &[failed(job, 0)]).await;
        assert_eq!(notified(&db, data.path(), &alice).await, ["job-failed"]);
        told(&app, &[failed(job, 1), failed(Uuid::now_v7(), 0)]).await;
        assert_eq!(notified(&db, data.path(), &alice).await.len(), 3);
        assert_eq!(notified(&db, data.path(), &bob).await.len(), 0, "it is alice's job");
    })
    .await;
}

#[tokio::test]
async fn a_user_is_told_of_the_jobs_that_she_chose() {
    on_each_database(async |db| {
        let data = tempfile::tempdir().unwrap();
        let app = app_at(&db, data.path(), from_us(0));
        let alice = account(&db, "alice", Role::User, Kind::Person).await;
        let wish = Settings { jobs: settings::JobChoice::Asked, ..Settings::default() };
        set_settings(&app, &session_of(&alice), wish.clone()).await.unwrap();
        let asked = Uuid::now_v7();
        ask_about(db.write(), asked, alice.id).await.unwrap();
        told(&app, &[failed(Uuid::now_v7(), 0), failed(asked, 0)]).await;
        assert_eq!(notified(&db, data.path(), &alice).await.len(), 1);
        let wish = Settings { jobs: settings::JobChoice::Longer, page: [Event::JobFailed].into(), ..wish };
        set_settings(&app, &session_of(&alice), wish).await.unwrap();
        let of_minutes = |minutes| News { length: Some(TimeDelta::minutes(minutes)), ..failed(Uuid::now_v7(), 0) };
        told(&app, &[of_minutes(10), of_minutes(11)]).await;
        assert_eq!(notified(&db, data.path(), &alice).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_message_is_claimed_by_one_server() {
    on_each_database(async |db| {
        let data = tempfile::tempdir().unwrap();
        let app = app_at(&db, data.path(), from_us(0));
        let alice = account(&db, "alice", Role::User, Kind::Person).await;
        let wish = Settings { webhook_url: Some("https://hooks.example.org/".to_owned()), ..Settings::default() };
        let secret = set_settings(&app, &session_of(&alice), wish.clone()).await.unwrap();
        assert!(secret.unwrap().starts_with("whsec_"));
        assert_eq!(set_settings(&app, &session_of(&alice), wish).await.unwrap(), None, "shown once");
        told(&app, &[failed(Uuid::now_v7(), 0)]).await;
        let due = deliveries::due(db.read(), 0, &[], 9).await.unwrap();
        assert_eq!((due.len(), due[0].channel.as_str()), (1, "webhook"));
        let (one, other) = tokio::join!(
            deliveries::claim(db.write(), &due[0], 45_000_000),
            deliveries::claim(db.write(), &due[0], 45_000_000)
        );
        assert!(one.unwrap() != other.unwrap());
        assert!(deliveries::due(db.read(), 44_999_999, &[], 9).await.unwrap().is_empty());
        // Its server died: another tries again.
        assert_eq!(deliveries::due(db.read(), 45_000_000, &[], 9).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_flooded_with_messages_and_the_page_tells_the_rest() {
    on_each_database(async |db| {
        let data = tempfile::tempdir().unwrap();
        let contact = "mailto:admin@example.org".to_owned();
        let app = app_with(&db, data.path(), from_us(0), |config| config.push.contact = Some(contact));
        let alice = account(&db, "alice", Role::User, Kind::Person).await;
        let browser = store::subscriptions::Model {
            id: Uuid::now_v7(),
            user_id: alice.id,
            endpoint: "https://push.example.org/1".to_owned(),
            endpoint_hash: "1".to_owned(),
            p256dh: String::new(),
            auth: String::new(),
            device: String::new(),
            created_us: 0,
        };
        store::subscribe(db.write(), browser).await.unwrap();
        let wish = Settings { webhook_url: Some("https://hooks.example.org/".to_owned()), ..Settings::default() };
        set_settings(&app, &session_of(&alice), wish).await.unwrap();
        let many: Vec<News> = (0..900).map(|_| failed(Uuid::now_v7(), 0)).collect();
        told(&app, &many).await;
        told(&app, &[failed(Uuid::now_v7(), 0)]).await;
        let sent = deliveries::sent_since(db.read(), &[alice.id], 0).await.unwrap();
        let of =
            |channel: &str| sent.iter().filter(|((_, by, _), _)| by == channel).map(|(_, count)| count).sum::<u64>();
        assert_eq!((of("webhook"), of("push")), (901, 60));
        assert_eq!(unread(&app, alice.id).await.unwrap(), 901);
    })
    .await;
}
