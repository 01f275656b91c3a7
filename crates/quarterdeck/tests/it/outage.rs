//! Slurm, or its accounting, is away for a while: the last data stay and say that they are old, nothing is lost, and
//! everything returns by itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, eventually, unique};

const JOBS: &str = "/clusters/slurm/jobs?limit=500";

/// Longer than the server waits for an exit code from an accounting that answers: ten readings of a second.
const ACCOUNTING_AWAY: Duration = Duration::from_secs(12);

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

/// The queue is slurmctld's and stays as fresh as before.
async fn accounting_away(own: &mut OwnSlurm, alice: &Client) {
    own.kill("slurmdbd");
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

    own.start_everything();
    let exit_code = async || (alice.job("slurm", id).await["exit_code"] == 0).then_some(());
    eventually("accounting tells the exit code", Duration::from_secs(30), exit_code).await;
}
