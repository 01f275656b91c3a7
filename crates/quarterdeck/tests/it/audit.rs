//! The audit of a running server: what it records and answers, that it survives `kill -9`, and that `quarterdeck audit`
//! finds what somebody did to its database.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::support::{Client, Site, eventually};

const QUARTERDECK: &str = env!("CARGO_BIN_EXE_quarterdeck");
const ROUNDS: u64 = 5;
const WRITERS: usize = 16;

#[tokio::test]
async fn an_administrator_reads_who_did_what_and_is_recorded_too() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let job = json!({"name": "seen", "script": "#!/bin/bash\ntrue\n"});
    let job = admin.submit("local", &job).await;
    let answer = admin.get("/audit?action=job.&count=true").await;
    let list = answer.json();
    assert_eq!(list["total"], 1, "{list}");
    let event = &list["items"][0];
    assert_eq!((&event["action"], &event["result"]), (&json!("job.submit"), &json!("done")));
    assert_eq!((&event["object"], &event["job_id"]), (&job["id"], &job["job_id"]));
    assert_eq!((&event["actor"], &event["unix_user"]), (&json!(site.person()), &json!(site.person())));
    assert!(event["concluded_at"].is_string() && event["session_id"].is_string(), "{event}");

    let request_id = answer.headers["x-request-id"].to_str().unwrap();
    let read = admin.get(&format!("/audit?q={request_id}")).await.json();
    assert_eq!(read["items"][0]["action"], "audit.read");
    assert_eq!(admin.get("/audit?actor=nobody").await.json()["items"], json!([]));
    for wrong in ["cursor=x", "since=yesterday", "result=good", "q=%00"] {
        assert_eq!(admin.get(&format!("/audit?{wrong}")).await.status, 400, "{wrong}");
    }

    let export = admin.get("/audit/export").await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    assert!(export.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"audit-"));
    let actions: Vec<String> = lines(&export.text()).map(|line| line["event"]["action"].to_string()).collect();
    assert_eq!((actions[0].as_str(), actions.last().unwrap().as_str()), ("\"audit.begin\"", "\"audit.export\""));

    let all_sealed = async || {
        let report = admin.get("/audit/verify").await.json();
        assert_eq!((&report["ok"], &report["findings"]), (&json!(true), &json!([])), "{report}");
        (report["waiting"] == 0).then_some(report)
    };
    let report = eventually("all is sealed", Duration::from_secs(10), all_sealed).await;
    assert_eq!((&report["first_seq"], &report["window_seconds"]), (&json!(1), &json!(1)));
    assert!(report["head"]["seq"].as_i64() >= report["last_seq"].as_i64(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_load_leaves_a_chain_that_verifies_and_lacks_nothing_it_answered() {
    let mut site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    for round in 0..ROUNDS {
        let login = json!({"username": site.person(), "password": site.password(&site.person())});
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (admin, login, acknowledged) = (admin.clone(), login.clone(), acknowledged.clone());
                tokio::spawn(async move {
                    // Some of their events stand alone, some are part of a transaction.
                    while let Some(id) = deed(&admin, (writer == 0).then_some(&login)).await {
                        acknowledged.lock().unwrap().insert(id);
                    }
                })
            })
            .collect();
        let delay = 500 + uuid::Uuid::now_v7().as_u64_pair().1 % 1500;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        site.kill_server();
        for writer in writers {
            writer.await.unwrap();
        }
        let verified = site.run_command(&["audit", "verify"]);
        let number = acknowledged.lock().unwrap().len();
        eprintln!("round {round}: killed after {delay} ms, {number} answered; {}", text(&verified.stdout).trim());
        assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
        let exported = site.run_command(&["audit", "export"]);
        let recorded: HashSet<String> = lines(&text(&exported.stdout))
            .map(|line| line["event"]["request_id"].as_str().unwrap().to_owned())
            .collect();
        let lost = acknowledged.lock().unwrap().difference(&recorded).count();
        assert_eq!(lost, 0, "of {number} that were answered");
        site.start_server(&[]).await;
    }
    assert!(acknowledged.lock().unwrap().len() > 100, "there was a load");
    let report = admin.get("/audit/verify").await.json();
    assert_eq!(report["ok"], true, "{report}");
}

#[tokio::test]
async fn what_somebody_does_to_the_database_is_found_by_the_command_and_by_the_api() {
    let mut site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let whole = eventually("all is sealed", Duration::from_secs(10), async || {
        let verified = site.run_command(&["audit", "verify"]);
        assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
        (text(&verified.stdout).contains("places 1 to ") && !text(&verified.stdout).contains("wait")).then_some(())
    });
    whole.await;
    site.kill_server();
    let database = format!("sqlite://{}", site.path("data/quarterdeck.db").display());
    // One byte of one event, beneath the server.
    let database = Database::connect(database).await.unwrap();
    let change = "update audit_events set address = '127.0.0.2' where action = 'session.begin'";
    assert_eq!(database.execute_unprepared(change).await.unwrap().rows_affected(), 1);
    database.close().await.unwrap();

    let found = site.run_command(&["audit", "verify"]);
    let told = text(&found.stdout);
    assert_eq!((found.status.code(), told.lines().count()), (Some(1), 2), "{told}");
    let line = told.lines().next().unwrap();
    assert!(line.starts_with("altered  seq 3  event ") && line.contains("session.begin"), "{line}");
    site.start_server(&[]).await;
    let report = admin.get("/audit/verify").await.json();
    assert_eq!((&report["ok"], report["findings"].as_array().unwrap().len()), (&json!(false), 1), "{report}");
    let finding = &report["findings"][0];
    assert_eq!((&finding["kind"], &finding["seq"]), (&json!("altered"), &json!(3)));
}

#[rstest]
#[case::open_to_others(0o644, b"0123456789abcdef0123456789abcdef", "chmod 600")]
#[case::short(0o600, b"secret", "no strong key")]
#[case::the_same_byte(0o600, &[0; 32], "no strong key")]
fn the_server_does_not_start_with_a_weak_key_of_the_audit(#[case] mode: u32, #[case] key: &[u8], #[case] reason: &str) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    fs::write(data.join("audit.key"), key).unwrap();
    fs::set_permissions(data.join("audit.key"), PermissionsExt::from_mode(mode)).unwrap();
    let refused: Output = Command::new(QUARTERDECK)
        .args(["serve", "--listen=127.0.0.1:0", "--single-user", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let words = text(&refused.stderr);
    assert!(!refused.status.success() && words.contains(reason) && words.contains("audit.key"), "{words}");
}

/// Something that is audited; the request's id, once it is answered.
async fn deed(client: &Client, login: Option<&Value>) -> Option<String> {
    loop {
        let request = match login {
            Some(login) => client.request(Method::POST, "/auth/login").json(login),
            None => client.request(Method::GET, "/audit?limit=1"),
        };
        let answer = request.send().await.ok()?;
        match answer.status().as_u16() {
            200 => return Some(answer.headers()["x-request-id"].to_str().unwrap().to_owned()),
            429 => tokio::time::sleep(Duration::from_millis(20)).await,
            status => panic!("{status}"),
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
