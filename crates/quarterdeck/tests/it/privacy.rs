//! Slurm's PrivateData: who is shown nobody else's jobs by Slurm is shown none by Quarterdeck.

use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, unique};

async fn sees(client: &Client, job: &Value) -> bool {
    let name = job["name"].as_str().unwrap();
    let path = format!("/clusters/slurm/jobs/{}", job["id"].as_str().unwrap());
    let status = async || client.get(&path).await.status.as_u16();
    loop {
        let before = status().await;
        let listed = !client.jobs_named("slurm", name).await.is_empty();
        // What may be seen can change in between.
        if status().await == before {
            assert_eq!(before, if listed { 200 } else { 404 }, "as if it were not there, in the list and alone");
            return listed;
        }
    }
}

#[tokio::test]
async fn private_jobs_are_shown_to_owners_coordinators_and_operators() {
    let Some(slurm) = OwnSlurm::up(&[("QD_DEV_PRIVATE_DATA", "jobs,nodes")]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let mut live = bob.live().await;
    live.subscribe("jobs:slurm").await;
    assert_eq!(live.hear().await["type"], "snapshot");
    let mut nodes = bob.live().await;
    nodes.subscribe("nodes:slurm").await;
    // Until it is known whether nodes are private, there are none.
    let refused = loop {
        let told = nodes.hear().await;
        if told["type"] == "error" {
            break told;
        }
        assert!(!told.to_string().contains("\"cpus\""), "{told}");
    };
    assert_eq!(refused["code"], "private-data");
    let mut shown = admin.live().await;
    shown.subscribe("nodes:slurm").await;
    assert_eq!(shown.hear().await["type"], "snapshot");
    let script = "#!/bin/bash\nsleep 300\n";
    let job = alice.submit("slurm", &json!({"name": unique("private"), "script": script})).await;
    let id = job["id"].as_str().unwrap();
    alice.wait_for("slurm", id, &["RUNNING"]).await;
    assert!(sees(&alice, &job).await);
    assert!(sees(&admin, &job).await);
    assert!(!sees(&bob, &job).await);
    for path in ["", "/hold", "/requeue", "/output"] {
        let path = format!("/clusters/slurm/jobs/{id}{path}");
        let answer = if path.ends_with("output") { bob.get(&path).await } else { bob.post(&path, &json!({})).await };
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(bob.delete(&format!("/clusters/slurm/jobs/{id}")).await.status, 404);
    let overview = bob.get("/clusters/slurm/overview").await.json();
    assert_eq!((&overview["jobs"]["running"], &overview["nodes"]), (&json!(0), &Value::Null));
    let nodes = bob.get("/clusters/slurm/nodes").await;
    assert_eq!((nodes.status.as_u16(), nodes.json()["code"].clone()), (403, json!("private-data")));
    assert_eq!(admin.get("/clusters/slurm/nodes").await.json()["items"].as_array().unwrap().len(), 4);

    // Bob's own job is the first that he is told of.
    let own = bob.submit("slurm", &json!({"name": unique("own"), "script": script})).await;
    let told = live.hear_until(|message| message["upsert"].as_array().and_then(|jobs| jobs.first().cloned())).await;
    assert_eq!(told["id"], own["id"]);

    slurm.slurm().run("sacctmgr", &["-i", "add", "coordinator", "account=physics", "names=bob"]);
    // Coordinators are read once a minute.
    crate::support::eventually("bob coordinates physics", std::time::Duration::from_secs(90), async || {
        sees(&bob, &job).await.then_some(())
    })
    .await;
    let cancelled = bob.delete(&format!("/clusters/slurm/jobs/{id}")).await;
    assert_eq!(cancelled.status, 202, "{}", cancelled.text());
    alice.wait_for("slurm", id, &["CANCELLED"]).await;
}
