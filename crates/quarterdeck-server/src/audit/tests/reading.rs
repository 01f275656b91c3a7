//! What is recorded, and what a reader sees of it.

use sea_orm::QueryOrder;
use serde_json::Value;

use super::*;
use crate::access::Origin;
use crate::app::testing::origin;
use crate::audit::list::Export;
use crate::audit::{Ending, Filter, Who};
use crate::db::testing::on_each_database;

#[tokio::test]
async fn a_deed_outside_is_recorded_before_and_after() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let (log, alice) = (server.at(0), &server.alice);
        let event = || Event::new("job.submit", "작업 <1>").with(json!({"name": "it's \"한글\""}));
        let intent = log.intend(alice, event()).await.unwrap();
        let concluded = event().job(Some("5_1".to_owned()));
        log.conclude(alice, intent, Outcome::Refused, concluded).await.unwrap();
        let tx = db.begin().await.unwrap();
        log.record(&tx, alice, Event { action: "session.end", ..event() }).await.unwrap();
        drop(tx);

        let rows = events::Entity::find().order_by_asc(events::Column::Id).all(db.read()).await.unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row.result.as_str(), row.intent_id, row.job_id.as_deref())).collect();
        let expected = [("intent", None, None), ("refused", Some(intent), Some("5_1"))];
        assert_eq!(told, expected, "what was rolled back did not happen");
        for row in &rows {
            assert_eq!((row.actor.as_str(), row.actor_id), ("alice", Some(alice.user_id)));
            assert_eq!((row.object.as_str(), &row.detail), ("작업 <1>", &json!({"name": "it's \"한글\""})));
            assert_eq!((row.at_us, row.address.as_str()), (1_795_521_600_000_001, "127.0.0.1"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_intent_is_read_with_its_end_and_without_one_as_unknown() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let alice = &server.alice;
        let event = || Event::new("job.submit", "a job").with(json!({"name": "cavity"}));
        let ended = server.at(0).intend(alice, event()).await.unwrap();
        let after = event().job(Some("7".to_owned())).with(json!({"queue": "long"}));
        server.at(1).conclude(alice, ended, Outcome::Failed, after).await.unwrap();
        server.at(2).intend(alice, event()).await.unwrap();
        server.at(3).note(alice, Outcome::Done, Event::new("template.scan", "")).await.unwrap();

        let read = async |second, result| {
            let filter = Filter { result, ..Filter::default() };
            server.at(second).list(&filter, None, 10, true).await.unwrap()
        };
        let soon = read(10, None).await;
        let endings: Vec<Ending> = soon.entries.iter().map(|entry| entry.result).collect();
        assert_eq!((endings, soon.total), (vec![Ending::Done, Ending::Pending, Ending::Failed], Some(3)));
        let first = &soon.entries[2];
        assert_eq!((first.at, first.concluded_at), (time(0), Some(time(1))));
        assert_eq!((first.job_id.as_deref(), &first.detail), (Some("7"), &json!({"name": "cavity", "queue": "long"})));
        let later = read(123, None).await;
        assert_eq!(later.entries[1].result, Ending::Unknown);
        for (second, ending, number) in [
            (10, Ending::Pending, 1),
            (10, Ending::Unknown, 0),
            (123, Ending::Pending, 0),
            (123, Ending::Unknown, 1),
            (123, Ending::Failed, 1),
            (123, Ending::Done, 1),
            (123, Ending::Refused, 0),
        ] {
            assert_eq!(read(second, Some(ending)).await.total, Some(number), "{ending:?} at {second}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_is_filtered_and_paged() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let bob = actor("bob", Role::User);
        for second in 0..7 {
            let who = if second % 2 == 0 { &server.alice } else { &bob };
            let event = Event::new(if second < 3 { "job.cancel" } else { "jobs_x.y" }, "an object");
            let log = server.at(second);
            log.note(who, Outcome::Done, event.job((second == 1).then(|| "5_1".to_owned()))).await.unwrap();
        }
        let log = server.at(10);
        let number = async |filter: Filter| log.list(&filter, None, 10, true).await.unwrap().total.unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(number(Filter::default()).await, 7);
        assert_eq!(number(Filter { actor: text("bob"), ..Filter::default() }).await, 3);
        assert_eq!(number(Filter { actor: Some(bob.user_id.to_string()), ..Filter::default() }).await, 3);
        assert_eq!(number(Filter { action: text("job.cancel"), ..Filter::default() }).await, 3);
        assert_eq!(number(Filter { action: text("job."), ..Filter::default() }).await, 3);
        assert_eq!(number(Filter { action: text("job"), ..Filter::default() }).await, 0);
        assert_eq!(number(Filter { action: text("%."), ..Filter::default() }).await, 0);
        assert_eq!(number(Filter { object: text("5_1"), ..Filter::default() }).await, 1);
        assert_eq!(number(Filter { object: text("an object"), ..Filter::default() }).await, 7);
        assert_eq!(number(Filter { since: Some(time(2)), until: Some(time(4)), ..Filter::default() }).await, 2);
        assert_eq!(number(Filter { text: text("s_x"), ..Filter::default() }).await, 4);

        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let list = log.list(&Filter::default(), before, 3, false).await.unwrap();
            seen.extend(list.entries.iter().map(|entry| entry.at));
            before = list.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..7).rev().map(time).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_search_ignores_case_on_every_database() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let log = server.at(0);
        log.note(&server.alice, Outcome::Done, Event::new("job.cancel", "An Object of Öre")).await.unwrap();
        let number = async |filter: Filter| log.list(&filter, None, 10, true).await.unwrap().total.unwrap();
        for text in ["an object", "AN OBJECT", "Öre", "job.C"] {
            assert_eq!(number(Filter { text: Some(text.to_owned()), ..Filter::default() }).await, 1, "{text}");
        }
        for (noun, expected) in [("job.", 1), ("JOB.", 1), ("jo_.", 0)] {
            assert_eq!(number(Filter { action: Some(noun.to_owned()), ..Filter::default() }).await, expected, "{noun}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_export_is_the_chain_line_by_line_and_then_what_has_no_place_yet() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 3).await;
        server.at(4).note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        let lines = exported(&server.at(5), Export::of(None, None)).await;
        let places: Vec<_> = lines.iter().map(|line| line["seq"].as_i64()).collect();
        assert_eq!(places, [Some(1), Some(2), Some(3), None]);
        for (line, id) in lines.iter().zip(&ids) {
            assert_eq!((&line["event_id"], &line["event"]["job_id"]), (&json!(id), &json!("5_1")));
        }
        assert_eq!(lines[1]["previous"], lines[0]["seal"]);
        assert_eq!(lines[0]["event"]["at"], "2026-11-24T12:00:01.000001Z");
        let some = exported(&server.at(5), Export::of(Some(time(2)), Some(time(3)))).await;
        assert_eq!(some.len(), 1);
        assert_eq!(some[0]["seq"], 2);
    })
    .await;
}

#[tokio::test]
async fn a_scanner_is_recorded_so_often_and_no_more() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let origin = |address: &str| Origin { address: address.parse().unwrap(), ..origin() };
        let refuse = async |log: &Log, address: &str| {
            let who = Who::Stranger { origin: &origin(address), account: None };
            log.refused(who, Event::new("access.refused", "GET /")).await.unwrap();
        };
        let log = server.at(0);
        for _ in 0..100 {
            refuse(&log, "192.0.2.1").await;
        }
        refuse(&log, "192.0.2.2").await;
        for host in 0..100 {
            refuse(&log, &format!("2001:db8::{host:x}")).await;
        }
        let list =
            log.list(&Filter { result: Some(Ending::Refused), ..Filter::default() }, None, 500, true).await.unwrap();
        assert_eq!(list.total, Some(60 + 1 + 60));
        let last = list.entries.iter().find(|entry| entry.address == "192.0.2.1").unwrap();
        assert_eq!(last.detail["further"], "within the hour only in the server's log");
    })
    .await;
}

/// Whatever a detail holds: what the database gives back is what was written.
#[tokio::test]
async fn details_come_back_as_they_were_sealed() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let log = server.at(0);
        let details = [
            Value::Null,
            json!("a\u{0}b"),
            json!({"z": 1, "a": {"c": [true, null, -1], "b": u64::MAX}, "": ""}),
            json!({"half": 0.1, "big": 1e300, "whole": 1.0, "negative zero": -0.0}),
            json!([i64::MIN, i64::MAX, "\u{1f600}", "\\\"\n\u{7f}"]),
        ];
        for detail in details {
            log.note(&server.alice, Outcome::Done, Event::new("job.hold", "a\u{0}b").with(detail)).await.unwrap();
        }
        log.seal().await.unwrap();
        let report = server.verify().await;
        assert_eq!((told(&report), report.checked), (vec![], 5));
    })
    .await;
}

async fn exported(log: &Log, from: Export) -> Vec<Value> {
    let (mut from, mut text) = (from, String::new());
    while let Some((page, next)) = log.export_page(from).await.unwrap() {
        text.push_str(&page);
        from = next;
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
