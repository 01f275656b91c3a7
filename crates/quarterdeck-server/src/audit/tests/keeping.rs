//! How the audit begins, goes on after a crash, is written by many at once, and is kept: archive, and the log daemon.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};
use serde_json::Value;

use super::*;
use crate::audit::Who;
use crate::audit::store::unsealed;
use crate::db::testing::on_each_database;

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn what_earlier_versions_recorded_is_taken_into_the_chain_once() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        server.at(1).note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        unsealed::Entity::delete_many().exec(db.write()).await.unwrap();
        let nothing = sea_orm::sea_query::Expr::value(None::<String>);
        let as_earlier = events::Entity::update_many().col_expr(events::Column::Mac, nothing);
        as_earlier.clone().exec(db.write()).await.unwrap();
        server.at(5).start().await.unwrap();
        let report = server.verify().await;
        assert_eq!((told(&report), report.checked), (vec![], 2));
        let begin = events::Entity::find().filter(events::Column::Action.eq("audit.begin"));
        assert_eq!(begin.one(db.read()).await.unwrap().unwrap().detail, json!({"earlier_events": 1}));
        // The door is closed behind it.
        as_earlier.filter(events::Column::Action.eq("job.hold")).exec(db.write()).await.unwrap();
        server.at(6).start().await.unwrap();
        assert_eq!(told(&server.verify().await)[0].0, Kind::Altered);
    })
    .await;
}

#[tokio::test]
async fn what_a_crash_left_unsealed_is_sealed_at_the_next_start() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 2).await;
        for second in 3..=5 {
            server.at(second).note(&server.alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
        }
        let stopped = server.verify().await;
        assert_eq!((told(&stopped), stopped.checked, stopped.waiting), (vec![], 2, 3));
        server.at(90).start().await.unwrap();
        let report = server.verify().await;
        assert_eq!((told(&report), report.last_seq, report.waiting), (vec![], Some(5), 0));
    })
    .await;
}

#[tokio::test]
async fn an_event_has_its_place_soon_after_its_commit() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let log = server.at(1);
        log.start().await.unwrap();
        let tx = db.begin().await.unwrap();
        log.record(&tx, &server.alice, Event::new("job.hold", "")).await.unwrap();
        tx.commit().await.unwrap();
        let committed = std::time::Instant::now();
        while unsealed::Entity::find().count(db.read()).await.unwrap() > 0 {
            // The machine that tests is shared, and may take a little longer.
            assert!(committed.elapsed() < Duration::from_secs(3), "it waits for its place");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(told(&server.verify().await), []);
    })
    .await;
}

/// Several servers on one database, several writers on each.
#[tokio::test(flavor = "multi_thread")]
async fn many_who_write_at_once_make_one_chain() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let logs = [server.at(1), server.at(2)];
        logs[0].start().await.unwrap();
        logs[1].start().await.unwrap();
        let write = |writer: usize| {
            let (log, alice, db) = (logs[writer % 2].clone(), server.alice.clone(), db.clone());
            tokio::spawn(async move {
                for _ in 0..25 {
                    log.note(&alice, Outcome::Done, Event::new("job.hold", "")).await.unwrap();
                    let tx = db.begin().await.unwrap();
                    log.record(&tx, &alice, Event::new("job.release", "")).await.unwrap();
                    tx.commit().await.unwrap();
                }
            })
        };
        for writer in (0..8).map(write).collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        logs[0].seal().await.unwrap();
        logs[1].seal().await.unwrap();
        let report = server.verify().await;
        assert_eq!((told(&report), report.checked, report.waiting), (vec![], 401, 0));
    })
    .await;
}

#[tokio::test]
async fn the_server_does_not_start_with_another_key_than_the_chains() {
    on_each_database(async |db| {
        let (server, _) = Server::with_chain(&db, 2).await;
        std::fs::remove_file(server.path("audit.key")).unwrap();
        let mut config = Config::load(None).unwrap();
        config.server.data = server.data.path().to_owned();
        let refused = Log::new(db.clone(), crate::clock::Clock::system(), &config).err().unwrap().to_string();
        assert!(refused.contains("audit.key"), "{refused}");
        std::fs::remove_file(server.path("audit.head")).unwrap();
        let refused = server.at(3).start().await.unwrap_err().to_string();
        assert!(refused.contains("not made with the key"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn old_events_go_into_files_through_which_the_chain_is_verified() {
    on_each_database(async |db| {
        let (server, ids) = Server::with_chain(&db, 6).await;
        for second in [DAY, DAY + 1] {
            server.deed(second).await;
        }
        let log = configured(&db, server.data.path(), 4 + 3 * DAY, |config| config.audit.keep_days = 3);
        assert_eq!(log.archive().await.unwrap(), 3, "the events of the seconds 1 to 3 are older than three days");
        assert_eq!(log.archive().await.unwrap(), 0);
        log.seal().await.unwrap();
        let file = server.path("audit-archive/audit-000000000001-000000000003.ndjson");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(events::Entity::find_by_id(ids[0]).one(db.read()).await.unwrap().is_none());

        let report = server.verify().await;
        assert_eq!((told(&report), report.checked, report.first_seq), (vec![], 9, Some(1)));
        assert!(report.archives[0].is_there);
        let list = log.list(&crate::audit::Filter::default(), None, 10, false).await.unwrap();
        let event = list.entries.iter().find(|entry| entry.action == "audit.archive").unwrap();
        assert_eq!((&event.detail["first_seq"], &event.detail["last_seq"]), (&json!(1), &json!(3)));
        assert_eq!(event.object, "audit-000000000001-000000000003.ndjson");

        // Another file follows.
        let log = configured(&db, server.data.path(), 6 + 3 * DAY, |config| config.audit.keep_days = 3);
        assert_eq!(log.archive().await.unwrap(), 2);
        log.seal().await.unwrap();
        let report = server.verify().await;
        assert_eq!((told(&report), report.archives.len()), (vec![], 2));

        std::fs::write(&file, text.replace("\"n\":2", "\"n\":9")).unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Altered, Some(2), Some(ids[1]))], "an event");
        std::fs::write(&file, text.replace("{\"seq\":2", "{\"seq\" :2")).unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Altered, Some(1), None)], "nothing that means anything");
        std::fs::write(&file, text.replace("{\"seq\":2", "{\"sex\":2")).unwrap();
        assert_eq!(told(&server.verify().await).len(), 1, "a line");
        let lines: Vec<&str> = text.lines().collect();
        std::fs::write(&file, format!("{}\n{}\n", lines[0], lines[2])).unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Removed, Some(2), None)], "a line is gone");
        std::fs::write(&file, format!("{}\n{}\n", lines[0], lines[1])).unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Removed, Some(3), None)], "the last line is gone");

        std::fs::remove_file(&file).unwrap();
        let report = server.verify().await;
        assert_eq!(
            (told(&report), report.first_seq),
            (vec![], Some(4)),
            "kept elsewhere, the chain is verified behind it"
        );
        assert!(!report.archives[0].is_there && report.archives[1].is_there);
    })
    .await;
}

#[tokio::test]
async fn an_archive_that_never_was_is_no_excuse_for_what_is_gone() {
    on_each_database(async |db| {
        use crate::audit::store::archives;
        let (server, ids) = Server::with_chain(&db, 6).await;
        let second = seals::Entity::find_by_id(2).one(db.read()).await.unwrap().unwrap();
        let row = archives::Model {
            first_seq: 1,
            last_seq: 2,
            last_mac: second.mac,
            last_at_us: 0,
            file: "audit-000000000001-000000000002.ndjson".to_owned(),
            sha256: String::new(),
            mac: String::new(),
        };
        crate::audit::store::archived(db.write(), row, &ids[..2]).await.unwrap();
        assert_eq!(told(&server.verify().await), [(Kind::Altered, Some(1), None)]);
    })
    .await;
}

#[tokio::test]
async fn each_event_is_copied_to_the_log_daemon_and_nobody_waits_for_it() {
    on_each_database(async |db| {
        let server = Server::on(&db);
        let path = server.path("log");
        let log = configured(&db, server.data.path(), 5, |config| config.audit.syslog = Some(path.clone()));
        let deed = async |object: &str, outcome| {
            log.note(Who::from(&server.alice), outcome, Event::new("job.hold", object)).await.unwrap();
            log.seal().await.unwrap();
        };
        deed("nobody listens", Outcome::Done).await;
        // Its failure is over before the daemon comes.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let daemon = tokio::net::UnixDatagram::bind(&path).unwrap();
        deed("two\nlines \u{1b}[31m", Outcome::Refused).await;
        let message = received(&daemon).await;
        let (head, json) = message.split_once(": ").unwrap();
        let (level, head) = head.strip_prefix('<').unwrap().split_once('>').unwrap();
        assert_eq!(level, "84", "authpriv.warning");
        assert!(head.ends_with(&format!(" quarterdeck[{}]", std::process::id())), "{head}");
        assert!(!message.contains(|c: char| c.is_control()));
        let event: Value = serde_json::from_str(json).unwrap();
        assert_eq!((&event["seq"], &event["event"]["object"]), (&json!(2), &json!("two\nlines \u{1b}[31m")));

        // The daemon is started anew.
        drop(daemon);
        std::fs::remove_file(&path).unwrap();
        let daemon = tokio::net::UnixDatagram::bind(&path).unwrap();
        deed("after", Outcome::Done).await;
        assert!(received(&daemon).await.starts_with("<86>"), "authpriv.info");
        let long = Event::new("job.hold", "").with(json!({"text": "x".repeat(1 << 20)}));
        log.note(&server.alice, Outcome::Done, long).await.unwrap();
        log.seal().await.unwrap();
        assert!(received(&daemon).await.contains("too long for this copy"));
    })
    .await;
}

async fn received(daemon: &tokio::net::UnixDatagram) -> String {
    let mut buffer = vec![0; 1 << 16];
    let limit = Duration::from_secs(10);
    let length = tokio::time::timeout(limit, daemon.recv(&mut buffer)).await.expect("a copy comes").unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}
