//! The main job, by the API: upload a file, submit a job with it, watch it run, read its output.

use serde_json::json;

use crate::support::{Site, unique};

fn shell(name: &str, commands: &str) -> serde_json::Value {
    json!({"name": name, "template": "shell", "parameters": {"commands": commands}})
}

#[tokio::test]
async fn a_job_of_a_single_user_runs_on_her_machine() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let job = client.submit("local", &shell(&unique("hello"), "echo hello from $(id -un)")).await;
    let id = job["id"].as_str().unwrap();
    client.wait_for("local", id, &["COMPLETED"]).await;
    assert_eq!(client.output("local", id).await, format!("hello from {}\n", site.person()));
}

#[tokio::test]
async fn a_job_on_slurm_runs_as_its_owner() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let job = alice.submit("slurm", &shell(&unique("hello"), "echo hello from $(id -un)")).await;
    let id = job["id"].as_str().unwrap();
    alice.wait_for("slurm", id, &["COMPLETED"]).await;
    assert_eq!(alice.output("slurm", id).await, "hello from alice\n");
}
