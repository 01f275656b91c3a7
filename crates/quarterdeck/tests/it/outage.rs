//! Slurm, or its accounting, is away for a while: the last data stay and say that they are old, nothing is lost, and
//! everything returns by itself.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, eventually, unique};

const JOBS: &str = "/clusters/slurm/jobs?limit=500";

/// Longer than the server waits for an exit code from an accounting that answers: ten readings of a second.
const ACCOUNTING_AWAY: Duration = Duration::from_secs(12);
/// Longer than one of accounting's commands may take.
const ACCOUNTING_HANGS: Duration = Duration::from_secs(35);
/// The oldest that a queue may be that is read each second, on a machine that has other things to do.
const LIVE: Duration = Duration::from_secs(8);
/// In which a submission is answered, whatever happens.
const SUBMISSION: Duration = Duration::from_secs(80);
/// Longer than a submission is looked for that accounting does not know.
const ACCOUNTING_DELAY: Duration = Duration::from_secs(40);

fn job(name: &str, commands: &str) -> Value {
    json!({"name": name, "template": "shell", "parameters": {"commands": commands}})
}

async fn list(client: &Client) -> Value {
    let answer = client.get(JOBS).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn as_of(answer: &Value) -> DateTime<Utc> {
    answer["as_of"].as_str().expect("the answer says how old it is").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_slurm_or_of_its_accounting_passes() {
    let Some(mut own) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(own.slurm().clone()).await;
    let alice = site.client("alice").await;
    controller_away(&own, &alice).await;
    accounting_away(&mut own, &alice).await;
}

async fn controller_away(own: &OwnSlurm, alice: &Client) {
    let running = alice.submit("slurm", &job(&unique("running"), "sleep 4; echo done")).await;
    let running = running["id"].as_str().unwrap();
    alice.wait_for("slurm", running, &["RUNNING"]).await;
    let mut live = alice.live().await;
    live.subscribe("jobs:slurm").await;

    own.stop_controller();
    let told = |stale: bool| {
        move |message: &Value| {
            (message["type"] == "status" && message["stale"] == stale).then(|| message["stale_reason"].clone())
        }
    };
    let reason = live.hear_until(told(true)).await;
    assert!(reason.as_str().unwrap().contains("squeue"), "{reason}");
    let stale = list(alice).await;
    assert_eq!((&stale["stale"], &stale["stale_reason"]), (&json!(true), &reason));
    assert!(stale["items"].as_array().unwrap().iter().any(|job| job["id"] == running), "the last data stay");

    let refused = unique("refused");
    let path = format!("/clusters/slurm/jobs/{running}");
    let submission = job(&refused, "true");
    // Slurm's commands try for nine seconds before they give up.
    let (answer, cancel) = tokio::join!(alice.post("/clusters/slurm/jobs", &submission), alice.delete(&path));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(answer.json()["code"], "scheduler-refused");
    assert!(
        answer.json()["detail"].as_str().unwrap().contains("Unable to contact slurm controller"),
        "{}",
        answer.text()
    );
    let rows = alice.jobs_named("slurm", &refused).await;
    assert_eq!(rows.len(), 1, "it is not lost from the list: {rows:?}");
    assert_eq!(rows[0]["state"], "NOT_SUBMITTED");
    assert_eq!(cancel.status, 422, "{}", cancel.text());
    assert!(
        cancel.json()["detail"].as_str().unwrap().contains("Unable to contact slurm controller"),
        "{}",
        cancel.text()
    );

    own.start_controller();
    assert_eq!(live.hear_until(told(false)).await, Value::Null);
    let fresh = list(alice).await;
    assert_eq!(fresh["stale"], false);
    assert!(as_of(&fresh) > as_of(&stale));
    alice.wait_for("slurm", running, &["COMPLETED"]).await;
    assert_eq!(alice.output("slurm", running).await, "done\n");
    let after = alice.submit("slurm", &job(&unique("after"), "true")).await;
    alice.wait_for("slurm", after["id"].as_str().unwrap(), &["COMPLETED"]).await;
    assert_eq!(own.slurm().jobs_named(&refused).len(), 0, "what was refused is not carried out later");
}

/// What the list of clusters says of accounting.
async fn accounting(client: &Client) -> Value {
    client.get("/clusters").await.json()["items"][0]["accounting"].clone()
}

/// The page says that it is accounting which does not answer, and since when.
async fn accounting_is_missed_since(alice: &Client, gone_at: DateTime<Utc>) {
    let missed = async || Some(accounting(alice).await).filter(|accounting| accounting["stale"] == true);
    let missed = eventually("accounting goes stale", Duration::from_secs(60), missed).await;
    assert!(missed["stale_reason"].as_str().unwrap().starts_with("sacct"), "{missed}");
    assert!(as_of(&missed) <= gone_at, "{missed}");
}

async fn accounting_is_back(alice: &Client) {
    let back = async || (accounting(alice).await["stale"] == false).then_some(());
    eventually("accounting is fresh again", Duration::from_secs(90), back).await;
}

/// The queue is slurmctld's and stays as fresh as before.
async fn accounting_away(own: &mut OwnSlurm, alice: &Client) {
    let known = async || accounting(alice).await["as_of"].is_string().then_some(());
    eventually("accounting was asked", Duration::from_secs(30), known).await;
    let mut live = alice.live().await;
    live.subscribe("jobs:slurm").await;
    own.kill("slurmdbd");
    let gone_at = Utc::now();
    let before = as_of(&list(alice).await);
    let job = alice.submit("slurm", &job(&unique("unaccounted"), "echo computed")).await;
    let id = job["id"].as_str().unwrap();
    alice.wait_for("slurm", id, &["COMPLETED"]).await;
    assert_eq!(alice.output("slurm", id).await, "computed\n");
    let fresher = async || {
        let now = list(alice).await;
        assert_eq!(now["stale"], false, "{}", now["stale_reason"]);
        (as_of(&now) > before + ACCOUNTING_AWAY).then_some(())
    };
    eventually("the queue is read as before", 2 * ACCOUNTING_AWAY, fresher).await;
    accounting_is_missed_since(alice, gone_at).await;
    live.hear_until(|message| (message["accounting"]["stale"] == true).then_some(())).await;

    own.start_everything();
    let exit_code = async || (alice.job("slurm", id).await["exit_code"] == 0).then_some(());
    eventually("accounting tells the exit code", Duration::from_secs(30), exit_code).await;
    accounting_is_back(alice).await;
    live.hear_until(|message| (message["accounting"]["stale"] == false).then_some(())).await;
}

/// Its ports take connections and nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_hung_slurm_or_accounting_passes() {
    let Some(own) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(own.slurm().clone()).await;
    let alice = site.client("alice").await;
    controller_hung(&own, &alice).await;
    accounting_hung(&own, &alice).await;
    accounting_hung_at_start(&own).await;
}

async fn controller_hung(own: &OwnSlurm, alice: &Client) {
    let read = async || (!list(alice).await["as_of"].is_null()).then_some(());
    eventually("the queue is read", Duration::from_secs(30), read).await;
    own.freeze("slurmctld");
    let frozen = Utc::now();
    let name = unique("in-the-dark");
    let started = Instant::now();
    let body = job(&name, "echo once");
    let submission = alice.post("/clusters/slurm/jobs", &body);
    let stale = eventually("the queue goes stale", Duration::from_secs(60), async || {
        rest_works(alice).await;
        let now = list(alice).await;
        (now["stale"] == true).then_some(now)
    });
    let (answer, stale) = tokio::join!(submission, stale);
    assert!(stale["stale_reason"].as_str().unwrap().contains("squeue"), "{}", stale["stale_reason"]);
    assert!(as_of(&stale) <= frozen, "what was asked before counts, and nothing later");
    assert!(started.elapsed() < SUBMISSION, "a clear answer within its time: {:?}", started.elapsed());
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (504, &json!("outcome-unknown")), "{}", answer.text());

    // Past the time after which a submission that accounting does not know is given up.
    tokio::time::sleep(ACCOUNTING_DELAY.saturating_sub(started.elapsed())).await;
    own.thaw("slurmctld");
    let fresh = async || (list(alice).await["stale"] == false).then_some(());
    eventually("the queue is fresh again", Duration::from_secs(60), fresh).await;
    let row = eventually("the controller did what it was asked", Duration::from_secs(60), async || {
        let mut rows = alice.jobs_named("slurm", &name).await;
        assert_eq!(rows.len(), 1, "never two: {rows:?}");
        rows.pop().filter(|row| row["state"] == "COMPLETED")
    });
    let row = row.await;
    assert_eq!(own.slurm().jobs_named(&name).into_iter().collect::<Vec<_>>(), [row["job_id"].as_str().unwrap()]);
    assert_eq!(alice.output("slurm", row["id"].as_str().unwrap()).await, "once\n");
}

/// Nothing of the queue's waits for it.
async fn accounting_hung(own: &OwnSlurm, alice: &Client) {
    own.freeze("slurmdbd");
    let frozen = Utc::now();
    let until = Instant::now() + ACCOUNTING_HANGS;
    let submitted = alice.submit("slurm", &job(&unique("unaccounted"), "echo computed")).await;
    let id = submitted["id"].as_str().unwrap();
    alice.wait_for("slurm", id, &["COMPLETED"]).await;
    assert_eq!(alice.output("slurm", id).await, "computed\n");
    while Instant::now() < until {
        rest_works(alice).await;
        let now = list(alice).await;
        assert_eq!(now["stale"], false, "{}", now["stale_reason"]);
        let age = (Utc::now() - as_of(&now)).to_std().unwrap_or_default();
        assert!(age < LIVE, "the queue is {age:?} old");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    accounting_is_missed_since(alice, frozen).await;
    own.thaw("slurmdbd");
    let exit_code = async || (alice.job("slurm", id).await["exit_code"] == 0).then_some(());
    eventually("accounting tells the exit code", Duration::from_secs(60), exit_code).await;
    accounting_is_back(alice).await;
}

/// The first reading waits for slurmctld alone.
async fn accounting_hung_at_start(own: &OwnSlurm) {
    own.freeze("slurmdbd");
    let site = Site::multi_user_on(own.slurm().clone()).await;
    let alice = site.client("alice").await;
    let read = async || (list(&alice).await["stale"] == false).then_some(());
    eventually("the queue is read", LIVE, read).await;
    own.thaw("slurmdbd");
}

/// What needs no Slurm.
async fn rest_works(alice: &Client) {
    let ready = alice.send(alice.request_at(Method::GET, "/readyz")).await;
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert_eq!(ready.json()["parts"][0], json!({"name": "database", "state": "up"}));
    assert_eq!(alice.get("/files/home?path=").await.status, 200);
}
