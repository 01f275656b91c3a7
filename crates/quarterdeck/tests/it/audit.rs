//! The audit of a running server: what it records and answers, that it survives `kill -9`, and that `quarterdeck audit`
//! finds what somebody did to its database.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

use crate::support::{Client, Site, eventually, left_out};

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
    // The head is read before the chain, which may have grown since.
    assert!(report["head"]["seq"].as_i64() > Some(0), "{report}");
    assert!(report["last_seq"].as_i64() >= report["head"]["seq"].as_i64(), "{report}");
}

#[tokio::test]
async fn each_page_that_is_read_is_recorded_with_what_was_asked_for() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let since = "2026-01-01T00:00:00Z";
    let made_up = format!("9000000000000000.{}", uuid::Uuid::max());
    let answer = admin.get(&format!("/audit?actor=x&result=failed&since={since}&until={since}&cursor={made_up}")).await;
    assert_eq!(answer.status, 200);
    let request_id = answer.headers["x-request-id"].to_str().unwrap();
    let read = admin.get(&format!("/audit?q={request_id}")).await.json();
    let expected = json!({
        "actor": "x", "action": null, "object": null, "result": "failed",
        "since": since, "until": since, "q": null, "cursor": made_up,
    });
    assert_eq!((&read["items"][0]["action"], &read["items"][0]["detail"]), (&json!("audit.read"), &expected));
}

/// A command that made a key would find everything altered, and write an event that nobody else can verify.
#[tokio::test]
async fn a_command_that_is_given_another_data_directory_makes_no_key_and_writes_nothing() {
    let mut site = Site::single_user().await;
    site.kill_server();
    let database = format!("sqlite://{}", site.path("data/quarterdeck.db").display());
    let number = async || {
        let database = Database::connect(&database).await.unwrap();
        let query = Statement::from_string(database.get_database_backend(), "select count(*) as n from audit_events");
        database.query_one_raw(query).await.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
    };
    let before = number().await;
    let other = site.path("home");
    let run = |words: &[&str]| {
        let mut command = site.quarterdeck(words);
        command.env("QUARTERDECK_SERVER__DATABASE", &database).env("QUARTERDECK_SERVER__DATA", &other);
        let refused = command.output().unwrap();
        assert!(!refused.status.success(), "{words:?}");
        text(&refused.stderr)
    };
    let commands: [&[&str]; 3] = [&["audit", "verify"], &["audit", "export"], &["user", "disable", &site.person()]];
    for words in commands {
        let why = run(words);
        assert!(why.contains("audit.key is not there") && why.contains("server.data"), "{why}");
        assert!(!other.join("audit.key").exists());
    }
    fs::copy(site.path("data/audit.key"), other.join("audit.key")).unwrap();
    let mut key = fs::read(other.join("audit.key")).unwrap();
    key[0] ^= 1;
    fs::write(other.join("audit.key"), key).unwrap();
    let owner = fs::metadata(&other).unwrap();
    std::os::unix::fs::chown(other.join("audit.key"), Some(owner.uid()), Some(owner.gid())).unwrap();
    for words in commands {
        let why = run(words);
        assert!(why.contains("was not made with the key in"), "{why}");
    }
    assert_eq!(number().await, before);
}

#[tokio::test]
async fn a_command_is_refused_to_all_but_the_data_directorys_owner() {
    if !rustix::process::getuid().is_root() {
        return left_out("root alone can be another than the data directory's owner").unwrap_or_default();
    }
    let mut site = Site::single_user().await;
    site.kill_server();
    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    let data = site.path("data");
    if owner(&data) == 0 {
        return left_out("there is no account alice, so that root owns the data directory").unwrap_or_default();
    }
    fs::remove_file(data.join("audit.key")).unwrap();
    let commands: [&[&str]; 2] = [&["audit", "verify"], &["user", "list"]];
    for words in commands {
        let refused = Command::new(QUARTERDECK).args(words).env("QUARTERDECK_SERVER__DATA", &data).output().unwrap();
        let why = text(&refused.stderr);
        let what_to_do = format!("run this as {}", site.person());
        assert!(!refused.status.success() && why.contains(&what_to_do), "{why}");
    }
    let of_root: Vec<_> =
        fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| owner(path) == 0).collect();
    assert_eq!(of_root, Vec::<PathBuf>::new());
}

#[test]
fn before_the_first_start_a_command_makes_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    let run = |words: &[&str]| {
        let done = Command::new(QUARTERDECK).args(words).env("QUARTERDECK_SERVER__DATA", &data).output().unwrap();
        assert!(done.status.success(), "{words:?}: {}{}", text(&done.stdout), text(&done.stderr));
    };
    run(&["user", "add", "alice", "--role", "admin"]);
    assert_eq!(fs::metadata(data.join("audit.key")).unwrap().permissions().mode() & 0o777, 0o600);
    run(&["user", "list"]);
    run(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_load_leaves_a_chain_that_verifies_and_lacks_nothing_it_answered() {
    let mut site = Site::single_user().await;
    // By a key, since a session is crowded out by so many others.
    let (_, admin) = site.client(&site.person()).await.key(&["audit:read"]).await;
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
