//! Somebody changes the database, the head file or the archive: each change is found, and located, once.

use axum::response::IntoResponse;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::audit::store::unsealed;
use crate::db::testing::on_each_database;
use crate::problem::Problem;

#[tokio::test]
async fn what_nobody_touched_is_found_whole() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 6).await;
        server.at(7).note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        let report = server.verify().await;
        assert_eq!(told(&report), []);
        assert_eq!((report.checked, report.first_seq, report.last_seq, report.waiting), (6, Some(1), Some(6), 1));
        assert_eq!((report.head_seq, report.omitted), (Some(6), 0));
    })
    .await;
}

#[tokio::test]
async fn an_event_is_found_whichever_of_its_columns_is_altered() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        let whole = server.event(ids[2]).await;
        let other = Uuid::now_v7();
        let altered = [
            events::Model { at_us: whole.at_us + 1, ..whole.clone() },
            events::Model { actor_id: Some(other), ..whole.clone() },
            events::Model { actor_id: None, ..whole.clone() },
            events::Model { actor: "alicf".to_owned(), ..whole.clone() },
            events::Model { unix_user: None, ..whole.clone() },
            events::Model { unix_user: Some("blice".to_owned()), ..whole.clone() },
            events::Model { session_id: Some(other), ..whole.clone() },
            // The same id in the next column.
            events::Model { session_id: None, key_id: whole.session_id, ..whole.clone() },
            events::Model { address: "127.0.0.2".to_owned(), ..whole.clone() },
            events::Model { request_id: "b-request".to_owned(), ..whole.clone() },
            events::Model { action: "job.kold".to_owned(), ..whole.clone() },
            events::Model { object: "작업 <2>".to_owned(), ..whole.clone() },
            events::Model { job_id: Some("5_2".to_owned()), ..whole.clone() },
            events::Model { job_id: None, ..whole.clone() },
            events::Model { result: "failed".to_owned(), ..whole.clone() },
            events::Model { intent_id: Some(other), ..whole.clone() },
            events::Model { detail: json!({"name": "it's \"한글\"", "n": 4}), ..whole.clone() },
            events::Model { detail: json!({"name": "it's \"한글\"", "n": "3"}), ..whole.clone() },
            events::Model { detail: json!({"name": "it's \"한글\"", "n": 3.0}), ..whole.clone() },
            events::Model { detail: Value::Null, ..whole.clone() },
            events::Model { mac: whole.mac.clone().map(flipped), ..whole.clone() },
            events::Model { mac: None, ..whole.clone() },
        ];
        for row in altered {
            save(&db, row.clone()).await;
            assert_eq!(told(&server.verify().await), [(Kind::Altered, Some(3), Some(ids[2]))], "{row:?}");
        }
        save(&db, whole).await;
        let rename = events::Entity::update_many().col_expr(events::Column::Id, Expr::value(other));
        rename.filter(events::Column::Id.eq(ids[2])).exec(db.write()).await.unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Altered, Some(3), Some(ids[2]))], "its id");
    })
    .await;
}

#[tokio::test]
async fn a_seal_is_found_whichever_of_its_columns_is_altered() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        let whole = seal(&db, 3).await;
        let altered = [
            seals::Model { event_id: Uuid::now_v7(), ..whole.clone() },
            seals::Model { previous: flipped(whole.previous.clone()), ..whole.clone() },
            seals::Model { mac: flipped(whole.mac.clone()), ..whole.clone() },
            seals::Model { mac: String::new(), ..whole.clone() },
        ];
        for row in altered {
            row.clone().into_active_model().reset_all().update(db.write()).await.unwrap();
            assert_eq!(told(&server.verify().await), [(Kind::Altered, Some(3), Some(ids[2]))], "{row:?}");
        }
        whole.into_active_model().reset_all().update(db.write()).await.unwrap();
        move_seal(&db, 3, 3 + 256).await;
        assert_eq!(told(&server.verify().await), [(Kind::Reordered, Some(3 + 256), Some(ids[2]))], "its place");
    })
    .await;
}

/// SQLite takes any bytes in any column.
#[tokio::test]
async fn rows_that_cannot_even_be_read_are_found() {
    on_each_database(async |db| {
        if db.read().get_database_backend() != sea_orm::DbBackend::Sqlite {
            return;
        }
        let (server, ids) = Server::with_chain(&db, 6).await;
        let run = async |sql: String| db.write().execute_unprepared(&sql).await.map(drop).unwrap();
        let id = format!("x'{}'", ids[2].simple());
        let whole = server.event(ids[2]).await;
        for change in ["actor = cast(x'ff61' as text)", "detail = 'no json'", "at_us = 'late'", "session_id = x'01'"] {
            run(format!("update audit_events set {change} where id = {id}")).await;
            assert_eq!(told(&server.verify().await), [(Kind::Altered, Some(3), Some(ids[2]))], "{change}");
            save(&db, whole.clone()).await;
        }
        run("update audit_seals set mac = cast(x'ff61' as text) where seq = 3".to_owned()).await;
        let found = server.verify().await;
        assert_eq!((found.findings.len(), found.findings[0].kind, found.findings[0].seq), (1, Kind::Altered, Some(3)));
    })
    .await;
}

#[tokio::test]
async fn what_was_removed_is_missed_at_its_place() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 9).await;
        remove_event(&db, ids[1]).await;
        assert_eq!(told(&server.verify().await), [(Kind::Removed, Some(2), Some(ids[1]))], "an event");
        remove_seal(&db, 4).await;
        let both = [(Kind::Removed, Some(2), Some(ids[1])), (Kind::Removed, Some(4), Some(ids[3]))];
        assert_eq!(told(&server.verify().await), both, "and a seal");
        remove_event(&db, ids[3]).await;
        let event_4 = [(Kind::Removed, Some(2), Some(ids[1])), (Kind::Removed, Some(4), None)];
        assert_eq!(told(&server.verify().await), event_4, "and this seal's event");
        for seq in 6..=8 {
            remove_seal(&db, seq).await;
        }
        let report = server.verify().await;
        assert_eq!(told(&report)[2..], [(Kind::Removed, Some(6), Some(ids[5]))], "and a range of seals");
        assert!(report.findings[2].detail.contains("seals 6 to 8"), "{}", report.findings[2].detail);
        for id in &ids[5..8] {
            remove_event(&db, *id).await;
        }
        let report = server.verify().await;
        assert_eq!(told(&report)[2..], [(Kind::Removed, Some(6), None)], "and their events");
        assert!(report.findings[2].detail.contains("events and seals 6 to 8"), "{}", report.findings[2].detail);
        remove_seal(&db, 1).await;
        assert_eq!(
            told(&server.verify().await)[0],
            (Kind::Removed, Some(1), Some(ids[0])),
            "and the chain's beginning"
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_added_is_found_however_old_it_claims_to_be() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        let copied = server.event(ids[2]).await;
        let (old, recent, marked) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        add(&db, events::Model { id: old, ..copied.clone() }).await;
        assert_eq!(told(&server.verify().await), [(Kind::Added, None, Some(old))]);
        remove_event(&db, old).await;
        add(&db, events::Model { id: recent, at_us: crate::db::to_us(time(1_000)), ..copied.clone() }).await;
        assert_eq!(told(&server.verify().await), [(Kind::Added, None, Some(recent))]);
        remove_event(&db, recent).await;
        // As the server does it, but for the key.
        crate::audit::store::insert(db.write(), vec![events::Model { id: marked, ..copied }]).await.unwrap();
        server.at(7).seal().await.unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Added, None, Some(marked))], "it gets no seal");
        let noted = seal(&db, 7).await;
        let noted = server.event(noted.event_id).await;
        assert_eq!((noted.action.as_str(), noted.object), ("audit.not-sealed", marked.to_string()));
    })
    .await;
}

#[tokio::test]
async fn an_event_removed_before_it_was_sealed_is_missed() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 3).await;
        server.at(4).note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        let mark = unsealed::Entity::find().one(db.read()).await.unwrap().unwrap();
        remove_event(&db, mark.event_id).await;
        server.at(4).seal().await.unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Removed, Some(4), Some(mark.event_id))]);
    })
    .await;
}

#[tokio::test]
async fn an_event_kept_from_being_sealed_is_found() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 3).await;
        server.at(4).note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        let mark = unsealed::Entity::find().one(db.read()).await.unwrap().unwrap();
        unsealed::Entity::delete_many().exec(db.write()).await.unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Unsealed, None, Some(mark.event_id))]);
    })
    .await;
}

#[tokio::test]
async fn what_was_reordered_is_found_at_both_places() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        let both = [(Kind::Reordered, Some(2), Some(ids[4])), (Kind::Reordered, Some(5), Some(ids[1]))];
        for (from, to) in [(2, -1), (5, 2), (-1, 5)] {
            move_seal(&db, from, to).await;
        }
        assert_eq!(told(&server.verify().await), both, "two whole seals");
        for (from, to) in [(2, -1), (5, 2), (-1, 5)] {
            move_seal(&db, from, to).await;
        }
        assert_eq!(told(&server.verify().await), [], "and back");
        let (two, five, nothing) = (seal(&db, 2).await, seal(&db, 5).await, Uuid::now_v7());
        for row in [
            seals::Model { event_id: nothing, ..two.clone() },
            seals::Model { event_id: two.event_id, ..five.clone() },
            seals::Model { event_id: five.event_id, ..two.clone() },
        ] {
            row.into_active_model().reset_all().update(db.write()).await.unwrap();
        }
        assert_eq!(told(&server.verify().await), both, "what they seal");
    })
    .await;
}

#[tokio::test]
async fn events_with_each_others_contents_are_found() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        let (two, five) = (server.event(ids[1]).await, server.event(ids[4]).await);
        save(&db, events::Model { id: ids[1], ..five.clone() }).await;
        save(&db, events::Model { id: ids[4], ..two }).await;
        let both = [(Kind::Altered, Some(2), Some(ids[1])), (Kind::Altered, Some(5), Some(ids[4]))];
        assert_eq!(told(&server.verify().await), both);
    })
    .await;
}

/// Only who has the key can do this.
#[tokio::test]
async fn a_seal_that_was_made_behind_another_is_found() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        let (four, log) = (seal(&db, 4).await, server.at(7));
        let previous = flipped(four.previous.clone());
        let mac = log.0.key.seal(4, ids[3], &server.event(ids[3]).await.mac.unwrap(), &previous);
        let forged = seals::Model { previous, mac, ..four };
        forged.into_active_model().reset_all().update(db.write()).await.unwrap();
        let found = told(&server.verify().await);
        assert_eq!(found[0], (Kind::BrokenLink, Some(4), Some(ids[3])));
    })
    .await;
}

#[tokio::test]
async fn a_cut_end_is_found_by_the_head_file() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        for seq in 5..=6 {
            remove_seal(&db, seq).await;
        }
        let report = server.verify().await;
        assert_eq!(told(&report), [(Kind::CutTail, Some(5), Some(ids[4]))], "the seals alone");
        for id in &ids[4..] {
            remove_event(&db, *id).await;
        }
        let report = server.verify().await;
        assert_eq!(told(&report), [(Kind::CutTail, Some(5), None)], "the events too");
        assert!(report.findings[0].detail.contains("5 to 6"), "{}", report.findings[0].detail);
        for seq in 1..=4 {
            remove_seal(&db, seq).await;
            remove_event(&db, ids[seq as usize - 1]).await;
        }
        assert_eq!(told(&server.verify().await), [(Kind::CutTail, Some(1), None)], "all of it");
    })
    .await;
}

#[tokio::test]
async fn a_cut_end_stays_to_be_seen_when_the_chain_goes_on() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        for seq in 5..=6 {
            remove_seal(&db, seq).await;
            remove_event(&db, ids[seq as usize - 1]).await;
        }
        // Another start of the server.
        let log = server.at(7);
        log.start().await.unwrap();
        log.note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        log.seal().await.unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Removed, Some(5), None)]);
        let actions = list_actions(&log).await;
        assert!(actions.contains(&"audit.end-missing".to_owned()), "{actions:?}");
    })
    .await;
}

#[tokio::test]
async fn a_head_file_that_is_gone_or_forged_is_told() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 3).await;
        let path = server.path("audit.head");
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.replace("\"seq\":3", "\"seq\":2")).unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Head, None, None)], "forged");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Head, None, None)], "gone");
        // The server goes on, and says so for ever.
        let log = server.at(7);
        log.start().await.unwrap();
        assert_eq!(told(&server.verify().await), []);
        assert_eq!(list_actions(&log).await[0], "audit.head-missing");
    })
    .await;
}

#[tokio::test]
async fn a_chain_replaced_behind_the_head_is_found() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 4).await;
        // Somebody has a copy of the key and of the head file, and writes another end.
        let log = server.at(5);
        remove_event(&db, ids[3]).await;
        remove_seal(&db, 4).await;
        let head = std::fs::read(server.path("audit.head")).unwrap();
        log.note(&server.alice, Outcome::Done, Event::new("job.cancel", "")).await.unwrap();
        log.seal().await.unwrap();
        assert_eq!(told(&server.verify().await), [], "so much can be done with the key and both places");
        std::fs::write(server.path("audit.head"), head).unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Head, Some(4), None)]);
        // The server goes on, and says so for ever.
        let log = server.at(6);
        log.start().await.unwrap();
        log.note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        log.seal().await.unwrap();
        assert_eq!(told(&server.verify().await), []);
        assert!(list_actions(&log).await.contains(&"audit.end-replaced".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn one_verification_runs_at_a_time() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 3).await;
        let log = server.at(4);
        let (first, second) = tokio::join!(log.verify(), log.verify());
        assert_eq!(told(&first.unwrap()), []);
        let refused = Problem::from(second.err().unwrap()).into_response();
        assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"5".parse().unwrap()));
        assert_eq!(told(&log.verify().await.unwrap()), []);
    })
    .await;
}

/// A mark that names what has its place already would put the same event into two places.
#[tokio::test]
async fn a_mark_of_an_event_that_has_its_place_does_not_stop_the_sealing() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 3).await;
        let sealed = server.event(ids[1]).await;
        let mark = unsealed::Model { event_id: ids[1], at_us: sealed.at_us, mac: sealed.mac.unwrap() };
        unsealed::Entity::insert(mark.into_active_model().reset_all())
            .exec_without_returning(db.write())
            .await
            .unwrap();
        server.deed(4).await;
        let report = server.verify().await;
        assert_eq!((told(&report), report.last_seq, report.waiting), (vec![], Some(5), 0));
        let log = server.at(5);
        let told: Vec<_> = list(&log).await.into_iter().filter(|entry| entry.action == "audit.not-sealed").collect();
        assert_eq!(told.len(), 1, "it is recorded once");
        assert_eq!(told[0].object, ids[1].to_string());
    })
    .await;
}

#[tokio::test]
async fn a_seal_at_the_last_place_there_is_leaves_none_and_that_is_said() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 3).await;
        move_seal(&db, 2, i64::MAX).await;
        let moved = (Kind::Reordered, Some(i64::MAX), Some(ids[1]));
        assert_eq!(told(&server.verify().await), [moved]);
        let log = server.at(4);
        log.note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        let refused = log.seal().await.unwrap_err().to_string();
        assert!(refused.contains("no place"), "{refused}");
        assert_eq!(told(&server.verify().await), [moved]);
        move_seal(&db, i64::MAX, 2).await;
        log.seal().await.unwrap();
        assert_eq!(told(&server.verify().await), [], "and goes on when it was moved back");
    })
    .await;
}

#[tokio::test]
async fn what_waits_though_a_server_runs_is_found_even_where_nothing_was_sealed_since() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 3).await;
        let log = server.at(4);
        log.start().await.unwrap();
        // However it was done: nothing is sealed any more.
        move_seal(&db, 2, i64::MAX).await;
        log.note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        let waiting = unsealed::Entity::find().one(db.read()).await.unwrap().unwrap().event_id;
        let moved = (Kind::Reordered, Some(i64::MAX), Some(ids[1]));
        assert_eq!(told(&server.at(20).verify().await.unwrap()), [moved], "it may still get its place");
        let late = server.at(40).verify().await.unwrap();
        assert_eq!(told(&late), [moved, (Kind::Unsealed, None, Some(waiting))]);
    })
    .await;
}

#[tokio::test]
async fn of_many_moved_seals_each_is_told_but_not_each_with_where_it_came_from() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 1).await;
        let log = server.at(2);
        for _ in 1..400 {
            log.note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        }
        log.seal().await.unwrap();
        // Each to the next place, the last one to the first.
        let run = async |sql: &str| db.write().execute_unprepared(sql).await.map(drop).unwrap();
        run("update audit_seals set seq = -seq").await;
        run("update audit_seals set seq = case when seq = -400 then 1 else 1 - seq end").await;
        let report = server.verify().await;
        let places: Vec<_> = report.findings.iter().map(|finding| finding.seq).collect();
        assert_eq!(places, (1..=400).map(Some).collect::<Vec<_>>());
        assert_eq!(report.findings[1].kind, Kind::Reordered);
        // Comparing each with each would keep the server busy for whoever moved them.
        assert_eq!(report.findings[399].kind, Kind::Altered);
    })
    .await;
}

async fn list_actions(log: &Log) -> Vec<String> {
    list(log).await.into_iter().map(|entry| entry.action).collect()
}

async fn list(log: &Log) -> Vec<crate::audit::Entry> {
    log.list(&crate::audit::Filter::default(), None, 10, false).await.unwrap().entries
}

async fn seal(db: &Db, seq: i64) -> seals::Model {
    seals::Entity::find_by_id(seq).one(db.read()).await.unwrap().unwrap()
}

async fn save(db: &Db, event: events::Model) {
    event.into_active_model().reset_all().update(db.write()).await.unwrap();
}

async fn add(db: &Db, event: events::Model) {
    let row = event.into_active_model().reset_all();
    events::Entity::insert(row).exec_without_returning(db.write()).await.unwrap();
}

async fn remove_event(db: &Db, id: Uuid) {
    assert_eq!(events::Entity::delete_by_id(id).exec(db.write()).await.unwrap().rows_affected, 1);
}

async fn remove_seal(db: &Db, seq: i64) {
    assert_eq!(seals::Entity::delete_by_id(seq).exec(db.write()).await.unwrap().rows_affected, 1);
}

async fn move_seal(db: &Db, from: i64, to: i64) {
    let moved = seals::Entity::update_many().col_expr(seals::Column::Seq, Expr::value(to));
    moved.filter(seals::Column::Seq.eq(from)).exec(db.write()).await.unwrap();
}

/// With one bit changed.
fn flipped(code: String) -> String {
    let mut bytes = code.into_bytes();
    bytes[7] ^= 1;
    String::from_utf8(bytes).unwrap()
}
