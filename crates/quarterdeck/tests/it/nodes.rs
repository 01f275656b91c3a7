//! Nodes on a real Slurm: what is shown of them, and that they are drained, resumed and rebooted by whom Slurm lets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, Slurm, eventually, unique};

const SOON: Duration = Duration::from_secs(20);

/// Each would be something else if it were not one value of scontrol's.
const HOSTILE_REASONS: [&str; 12] = [
    "bad disk",
    "\"quoted\"",
    "\"",
    "it's \"half quoted",
    "State=RESUME",
    "x State=DOWN Reason=y NodeName=c2",
    "a=b,c=d;e|f",
    "$(id) `id` ; id",
    r"back\slash\",
    "--help",
    "디스크 고장: 교체 예정",
    "%s %n [root@5]",
];

#[tokio::test]
async fn an_operator_drains_for_any_reason_and_resumes() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let admin = site.client("admin").await;
    let bob = operator(&site, &admin, "bob").await;
    make_administrator(slurm.slurm(), "bob").await;
    listed(&bob).await;
    for reason in HOSTILE_REASONS {
        let drained = bob.post("/clusters/slurm/nodes/c1/drain", &json!({"reason": reason})).await;
        assert_eq!(drained.status, 204, "{reason}: {}", drained.text());
        let shown = node(&bob, "c1").await;
        assert_eq!((&shown["reason"], &shown["reason_by"]), (&json!(reason), &json!("bob")));
        let told = slurm.slurm().run("scontrol", &["show", "node", "c1"]);
        assert!(told.contains(&format!("\n   Reason={reason} [bob@")), "{reason}: {told}");
        assert!(told.contains(" State=IDLE+DRAIN"), "{told}");
        assert!(!slurm.slurm().run("scontrol", &["show", "node", "c2"]).contains("Reason="), "{reason}");
        let resumed = bob.post("/clusters/slurm/nodes/c1/resume", &json!({})).await;
        assert_eq!(resumed.status, 204, "{reason}: {}", resumed.text());
    }
    let shown = node(&bob, "c1").await;
    assert_eq!((&shown["reason"], &shown["actions"]), (&Value::Null, &json!(["drain", "reboot"])));
    for reason in ["", "   ", "two\nlines", "\u{1b}[31mred", &"x".repeat(231)] {
        let answer = bob.post("/clusters/slurm/nodes/c1/drain", &json!({"reason": reason})).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!("/reason")));
    }
    assert_eq!(bob.post("/clusters/slurm/nodes/c9/drain", &json!({"reason": "x"})).await.status, 404);
    assert_eq!(bob.post("/clusters/slurm/nodes/ALL/drain", &json!({"reason": "x"})).await.status, 404);

    let audit = admin.get("/audit?action=node.drain&limit=500").await.json();
    let events = audit["items"].as_array().unwrap();
    let mut reasons: Vec<&str> = events.iter().map(|event| event["detail"]["reason"].as_str().unwrap()).collect();
    reasons.reverse();
    assert_eq!(reasons, HOSTILE_REASONS);
    for event in events {
        assert_eq!(
            (&event["actor"], &event["object"], &event["result"]),
            (&json!("bob"), &json!("c1"), &json!("done"))
        );
        assert!(event["concluded_at"].is_string(), "an intent and an outcome: {event}");
    }
}

#[tokio::test]
async fn who_may_not_is_told_so_and_nothing_happens() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    listed(&alice).await;
    let drain = json!({"reason": "because"});
    let many = json!({"action": "drain", "nodes": ["c1"], "reason": "because"});
    for (path, body) in [("c1/drain", &drain), ("c1/resume", &json!({})), ("c1/reboot", &json!({})), ("actions", &many)]
    {
        let refused = alice.post(&format!("/clusters/slurm/nodes/{path}"), body).await;
        assert_eq!((refused.status.as_u16(), refused.json()["code"].clone()), (403, json!("forbidden")), "{path}");
    }
    assert_eq!(node(&alice, "c1").await["actions"], json!([]));

    // An operator here, and nobody to Slurm.
    let bob = operator(&site, &admin, "bob").await;
    let refused = bob.post("/clusters/slurm/nodes/c1/drain", &drain).await;
    let problem = refused.json();
    assert_eq!((refused.status.as_u16(), &problem["code"]), (422, &json!("scheduler-refused")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("bob is no administrator of Slurm"), "{problem}");
    let told = slurm.slurm().run("scontrol", &["show", "node", "c1"]);
    assert!(told.contains("State=IDLE ") && !told.contains("Reason="), "{told}");
    let audit = admin.get("/audit?action=node.drain").await.json();
    assert_eq!((&audit["items"][0]["result"], &audit["items"][1]), (&json!("refused"), &Value::Null), "{audit}");
}

#[tokio::test]
async fn several_nodes_are_drained_at_once_and_each_is_answered_for() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let admin = site.client("admin").await;
    let bob = operator(&site, &admin, "bob").await;
    make_administrator(slurm.slurm(), "bob").await;
    listed(&bob).await;
    let act = async |body: Value| {
        let answer = bob.post("/clusters/slurm/nodes/actions", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let items = answer.json()["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .map(|item| (item["node"].clone(), item["ok"].clone(), item["problem"]["code"].clone()))
            .collect::<Vec<_>>()
    };
    let good = |node: &str| (json!(node), json!(true), Value::Null);
    let bad = |node: &str, code: &str| (json!(node), json!(false), json!(code));
    let drained = act(json!({"action": "drain", "nodes": ["c2", "c9", "g1", "c[1-2]"], "reason": "power"})).await;
    assert_eq!(drained, [good("c2"), bad("c9", "not-found"), good("g1"), bad("c[1-2]", "not-found")]);
    let listed = async |wanted: &[&str]| {
        eventually(&format!("{wanted:?} are drained"), SOON, async || {
            let nodes = bob.get("/clusters/slurm/nodes").await.json();
            let drained = nodes["items"].as_array().unwrap().iter().filter(|node| node["reason"] == "power");
            (drained.map(|node| node["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>() == wanted).then_some(())
        })
        .await;
    };
    listed(&["c2", "g1"]).await;
    // c1 is in service.
    let resumed = act(json!({"action": "resume", "nodes": ["c1", "c2", "g1"]})).await;
    assert_eq!(resumed, [bad("c1", "scheduler-refused"), good("c2"), good("g1")]);
    listed(&[]).await;
    let without = bob.post("/clusters/slurm/nodes/actions", &json!({"action": "drain", "nodes": ["c1"]})).await;
    assert_eq!((without.status.as_u16(), &without.json()["errors"][0]["pointer"]), (422, &json!("/reason")));
    let audit = admin.get("/audit?action=node.&limit=500").await.json();
    assert_eq!(audit["items"].as_array().unwrap().len(), 5, "what is not there is nothing done: {audit}");
}

#[tokio::test]
async fn a_node_shows_what_slurm_knows_of_it_and_the_jobs_that_one_may_see() {
    let Some(slurm) = OwnSlurm::up(&[("QD_DEV_PRIVATE_DATA", "jobs")]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    listed(&alice).await;
    let script = "#!/bin/bash\n#SBATCH --nodes=2 --nodelist=c[2-3]\nsleep 300\n";
    let job = alice.submit("slurm", &json!({"name": unique("on-nodes"), "script": script})).await;
    alice.wait_for("slurm", job["id"].as_str().unwrap(), &["RUNNING"]).await;
    let of = async |client: &Client, name: &str| {
        node(client, name).await["jobs"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect::<Vec<_>>()
    };
    let own = [job["id"].clone()];
    assert_eq!((of(&alice, "c2").await, of(&alice, "c3").await), (own.to_vec(), own.to_vec()));
    assert_eq!((of(&admin, "c3").await, of(&bob, "c3").await, of(&alice, "c1").await), (own.to_vec(), vec![], vec![]));

    let (seen, told) = (node(&alice, "g1").await, slurm.slurm().run("scontrol", &["show", "node", "g1"]));
    let text = |name: &str| seen[name].as_str().unwrap().to_owned();
    for said in [
        format!("OS={} \n", text("os")),
        format!("Arch={}", text("architecture")),
        format!("Version={}", text("version")),
        format!("Gres={}\n", text("gres")),
        format!("AvailableFeatures={}\n", seen["features"][0].as_str().unwrap()),
        format!("CPUTot={}", seen["cpus"]["total"]),
        format!("RealMemory={}", seen["memory_mib"]["total"]),
    ] {
        assert!(told.contains(&said), "{said:?} is not in {told}");
    }
    assert_eq!((&seen["state"], &seen["gpus"]["total"], &seen["stale"]), (&json!("idle"), &json!(2), &json!(false)));
    assert!(seen["booted_at"].is_string() && seen["memory_free_mib"].is_u64(), "{seen}");

    slurm.stop_controller();
    let stale = node(&alice, "g1").await;
    assert_eq!((&stale["name"], &stale["stale"], &stale["os"]), (&json!("g1"), &json!(true), &Value::Null));
    assert!(stale["stale_reason"].is_string(), "{stale}");
    slurm.start_controller();
}

#[tokio::test]
async fn a_node_is_rebooted_when_it_is_idle() {
    let directory = tempfile::Builder::new().prefix("qd-reboot-").tempdir_in("/var/tmp").unwrap();
    let (program, record) = (directory.path().join("reboot"), directory.path().join("record"));
    fs::write(&program, format!("#!/bin/sh\necho rebooted >>'{}'\n", record.display())).unwrap();
    fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let Some(slurm) = OwnSlurm::up(&[("QD_DEV_REBOOT_PROGRAM", program.to_str().unwrap())]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let admin = site.client("admin").await;
    let bob = operator(&site, &admin, "bob").await;
    make_administrator(slurm.slurm(), "bob").await;
    listed(&bob).await;
    let reason = "kernel \"6.18\" ASAP a=b";
    let rebooted = bob.post("/clusters/slurm/nodes/c3/reboot", &json!({"asap": true, "reason": reason})).await;
    assert_eq!(rebooted.status, 204, "{}", rebooted.text());
    eventually("the reboot", SOON, async || record.exists().then_some(())).await;
    let shown = node(&bob, "c3").await;
    assert_eq!(shown["reason"], format!("{reason} : reboot issued"));
    assert!(shown["flags"].as_array().unwrap().contains(&json!("reboot_issued")), "{shown}");
    let one = bob.post("/clusters/slurm/nodes/actions", &json!({"action": "reboot", "nodes": ["c2"]})).await;
    assert_eq!(one.json()["items"][0]["ok"], true, "{}", one.text());
    let other = bob.post("/clusters/slurm/nodes/c1/reboot", &Value::Null).await;
    assert_eq!(other.status, 422, "no body, or an object");
    let bare = bob.request(reqwest::Method::POST, "/clusters/slurm/nodes/c1/reboot");
    assert_eq!(bob.send(bare).await.status, 204);
    eventually("three reboots", SOON, async || {
        (fs::read_to_string(&record).unwrap().lines().count() == 3).then_some(())
    })
    .await;
}

/// An operator of the portal under this name.
#[tokio::test]
async fn who_watches_the_nodes_hears_what_becomes_of_them() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let alice = site.client("alice").await;
    listed(&alice).await;
    let (mut live, mut other) = (alice.live().await, alice.live().await);
    live.subscribe("nodes:slurm").await;
    other.subscribe("jobs:slurm").await;
    let snapshot = live.hear().await;
    assert_eq!((&snapshot["type"], &snapshot["channel"]), (&json!("snapshot"), &json!("nodes:slurm")));
    assert_eq!(snapshot["items"], alice.get("/clusters/slurm/nodes").await.json()["items"]);

    slurm.slurm().run("scontrol", &["update", "nodename=c1", "state=drain", "reason=fan"]);
    let (version, node) = live
        .hear_until(|message| {
            let upsert = message["upsert"].as_array()?;
            let node = upsert.iter().find(|node| node["name"] == "c1" && node["reason"] == "fan")?;
            Some((message["version"].as_u64().unwrap(), node.clone()))
        })
        .await;
    assert!(version > snapshot["version"].as_u64().unwrap());
    assert_eq!(node, alice.get("/clusters/slurm/nodes").await.json()["items"][0]);

    live.say(&json!({"type": "unsubscribe", "channels": ["nodes:slurm"]})).await;
    slurm.slurm().run("scontrol", &["update", "nodename=c1", "state=resume"]);
    eventually("c1 is back", SOON, async || {
        let nodes = alice.get("/clusters/slurm/nodes").await.json();
        nodes["items"][0]["reason"].is_null().then_some(())
    })
    .await;
    for live in [&mut live, &mut other] {
        live.say(&json!({"type": "ping"})).await;
        live.hear_until(|message| {
            assert_ne!(message["upsert"][0]["name"], "c1", "nobody asked for it: {message}");
            (message["type"] == "pong").then_some(())
        })
        .await;
    }
}

async fn operator(site: &Site, admin: &Client, name: &str) -> Client {
    admin.make_operator(name).await;
    site.client(name).await
}

/// On 22.05 only administrators of Slurm's accounting change nodes; its operators do not.
async fn make_administrator(slurm: &Slurm, user: &str) {
    slurm.run("sacctmgr", &["-i", "modify", "user", user, "set", "adminlevel=Administrator"]);
    // slurmctld is told a moment later.
    eventually("slurmctld knows it", SOON, async || {
        let told = slurm.run("scontrol", &["show", "assoc_mgr", "flags=users", &format!("users={user}")]);
        told.contains("AdminLevel=Administrator").then_some(())
    })
    .await;
}

/// Waits until the nodes were read.
async fn listed(client: &Client) {
    eventually("the nodes", SOON, async || {
        let nodes = client.get("/clusters/slurm/nodes").await.json();
        (nodes["items"].as_array()?.len() == 4).then_some(())
    })
    .await;
}

async fn node(client: &Client, name: &str) -> Value {
    let answer = client.get(&format!("/clusters/slurm/nodes/{name}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}
