//! A cluster as a whole, on a real Slurm: its partitions, reservations, use over time, and what became of its nodes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::nodes::{listed, make_administrator, operator};
use crate::support::{Client, OwnSlurm, Site, eventually, unique};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn partitions_use_and_trouble_are_as_slurm_says() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let run = |program: &str, words: &[&str]| slurm.slurm().run(program, words);
    let account = run("sacctmgr", &["-nP", "show", "account", "format=account"]).lines().next().unwrap().to_owned();
    run("scontrol", &["update", "partitionname=gpu", &format!("allowaccounts={account}"), "allowgroups=root"]);
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    let bob = operator(&site, &admin, "bob").await;
    make_administrator(slurm.slurm(), "bob").await;
    listed(&alice).await;

    let submit = async |lines: &str| {
        let script = format!("#!/bin/bash\n{lines}\nsleep 300\n");
        alice.submit("slurm", &json!({"name": unique("cluster"), "script": script})).await["id"].clone()
    };
    let running = submit("#SBATCH --cpus-per-task=2 --nodelist=c1").await;
    submit("#SBATCH --hold --partition=compute,gpu").await;
    submit("#SBATCH --hold --array=1-9").await;
    alice.wait_for("slurm", running.as_str().unwrap(), &["RUNNING"]).await;
    assert_eq!(bob.post("/clusters/slurm/nodes/c3/drain", &json!({"reason": "fan"})).await.status, 204);

    let compute = eventually("the partition as squeue and sinfo have it", SOON, async || {
        let partition = partition(&alice, "compute").await;
        (partition["jobs"] == json!({"pending": 2, "running": 1}) && partition["now"]["cpus_free"] == 6)
            .then_some(partition)
    })
    .await;
    let lines = |state| run("squeue", &["-h", "-t", state, "-p", "compute"]).lines().count();
    assert_eq!((lines("PENDING"), lines("RUNNING")), (2, 1));
    assert_eq!(run("sinfo", &["-h", "-p", "compute", "-o", "%C"]).trim(), "2/6/4/12");
    assert_eq!(compute["now"]["cpus"], json!({"total": 12, "used": 2}));
    assert_eq!(compute["now"]["nodes_by_state"], json!({"mixed": 1, "idle": 1, "drained": 1}));
    assert_eq!((&compute["is_default"], &compute["time_limit_minutes"]), (&json!(true), &json!(1440)));
    assert!(compute["access"].as_object().unwrap().values().all(Value::is_null), "{compute}");
    let gpu = partition(&alice, "gpu").await;
    assert_eq!((&gpu["jobs"], &gpu["gpus"]), (&json!({"pending": 1, "running": 0}), &json!(2)));
    let access = &gpu["access"];
    assert_eq!((&access["accounts"], &access["groups"]), (&json!([account]), &json!(["root"])));

    let told = bob.get("/clusters/slurm/trouble").await.json();
    let node = &told["nodes"][0];
    assert_eq!(
        (&told["nodes_total"], &node["name"], &node["reason"], &node["reason_by"]),
        (&json!(1), &json!("c3"), &json!("fan"), &json!("bob")),
    );
    assert_eq!((&told["sources"], &told["agents"], node["since"].is_string()), (&json!([]), &json!([]), true));
    assert_eq!(alice.get("/clusters/slurm/trouble").await.status, 403);

    let overview = alice.get("/clusters/slurm/overview").await.json();
    assert_eq!(overview["waiting"]["reason"], "JobHeldUser", "{overview}");
    assert_eq!(bob.get("/clusters/slurm/overview").await.json()["waiting"], Value::Null);

    // The first sample is taken with the first readings; one of the next minute has it all.
    let used = eventually("a sample with all of it", Duration::from_secs(100), async || {
        let used = alice.get("/clusters/slurm/use?resolution=minute").await.json();
        let last = used["items"].as_array()?.last()?.clone();
        (last["cpus"]["allocated"] == 2.0 && last["cpus"]["down"] == 4.0).then_some(last)
    })
    .await;
    assert_eq!((&used["cpus"]["idle"], &used["readings"]), (&json!(10.0), &json!(1)));
    assert_eq!(used["jobs"], json!({"running": 1.0, "pending": 2.0}));
    let part = alice.get("/clusters/slurm/use?partition=gpu&resolution=hour").await.json();
    let last = part["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&part["step_seconds"], &last["cpus"]["allocated"]), (&json!(3600), &json!(0.0)));
    let backwards = alice.get("/clusters/slurm/use?since=2026-11-25T00:00:00Z&until=2026-11-24T00:00:00Z").await;
    assert_eq!(backwards.status, 422);

    slurm.stop_controller();
    eventually("the queue and the nodes are trouble", SOON, async || {
        let told = bob.get("/clusters/slurm/trouble").await.json();
        let sources = told["sources"].as_array().unwrap().iter().map(|source| source["source"].clone());
        sources.collect::<Vec<_>>().starts_with(&[json!("jobs"), json!("nodes")]).then_some(())
    })
    .await;
    slurm.start_controller();
    run("scancel", &["--user=alice"]);
}

#[tokio::test]
async fn a_node_has_its_history_whether_it_was_watched_or_not() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let scontrol = |words: &[&str]| slurm.slurm().run("scontrol", words);
    // Before Quarterdeck runs: accounting knows of it.
    scontrol(&["update", "nodename=c2", "state=drain", "reason=before|Quarterdeck"]);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    scontrol(&["update", "nodename=c2", "state=resume"]);
    eventually("accounting has it", SOON, async || {
        let events = slurm.slurm().run("sacctmgr", &["-nP", "show", "event", "event=node", "nodes=c2", "format=end"]);
        (events.trim().len() > 8).then_some(())
    })
    .await;
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let admin = site.client("admin").await;
    let bob = operator(&site, &admin, "bob").await;
    make_administrator(slurm.slurm(), "bob").await;
    listed(&bob).await;
    let history = async || {
        let answer = bob.get("/clusters/slurm/nodes/c2/history").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["items"].as_array().unwrap().clone()
    };
    let known = eventually("what accounting told", SOON, async || Some(history().await).filter(|it| !it.is_empty()));
    let known = known.await;
    assert_eq!((known.len(), &known[0]["reason"]), (1, &json!("before|Quarterdeck")));
    assert_eq!((&known[0]["reason_by"], &known[0]["source"]), (&json!("root"), &json!("accounting")));

    assert_eq!(bob.post("/clusters/slurm/nodes/c2/drain", &json!({"reason": "fan"})).await.status, 204);
    let open = eventually("the drain is there", SOON, async || {
        let history = history().await;
        (history.len() == 2).then(|| history[0].clone())
    })
    .await;
    let told = [&open["state"], &open["reason"], &open["reason_by"], &open["ended_at"], &open["source"]];
    assert_eq!(told, [&json!("drained"), &json!("fan"), &json!("bob"), &Value::Null, &json!("seen")]);
    assert_eq!(bob.post("/clusters/slurm/nodes/c2/resume", &json!({})).await.status, 204);
    let over = eventually("its end is there", SOON, async || {
        let history = history().await;
        history[0]["ended_at"].is_string().then(|| history[0].clone())
    })
    .await;
    assert_eq!((&over["ended_by"], &over["reason"]), (&json!("bob"), &json!("fan")));
    assert_eq!(bob.get("/clusters/slurm/nodes/c9/history").await.status, 404);
}

#[tokio::test]
async fn who_watches_the_reservations_hears_of_those_that_concern_her() {
    let Some(slurm) = OwnSlurm::up(&[("QD_DEV_PRIVATE_DATA", "reservations")]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    listed(&alice).await;
    let mut live = bob.live().await;
    live.subscribe("reservations:slurm").await;
    let snapshot = live.hear().await;
    assert_eq!((&snapshot["type"], &snapshot["items"]), (&json!("snapshot"), &json!([])));
    let reserve = |name: &str, more: &[&str]| {
        let name = format!("reservationname={name}");
        slurm
            .slurm()
            .run("scontrol", &[&["create", "reservation", &name, "starttime=now+1days", "duration=60"], more].concat())
    };
    reserve("friday", &["nodes=ALL", "flags=MAINT", "users=root"]);
    reserve("course", &["nodes=c[1-2]", "flags=WEEKLY", "users=bob"]);
    // They are read each half minute.
    let course = live.hear_until(|message| {
        let items = message["items"].as_array()?;
        assert!(items.iter().all(|item| item["name"] != "friday"), "not his: {message}");
        items.first().cloned()
    });
    let course = tokio::time::timeout(Duration::from_secs(100), course).await.expect("it is told");
    assert_eq!(
        (&course["name"], &course["nodes"], &course["node_count"], &course["users"], &course["is_maintenance"]),
        (&json!("course"), &json!("c[1-2]"), &json!(2), &json!(["bob"]), &json!(false)),
    );
    let names = async |client: &Client| {
        let items = client.get("/clusters/slurm/reservations").await.json()["items"].clone();
        items.as_array().unwrap().iter().map(|item| item["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&alice).await, Vec::<Value>::new());
    assert_eq!(names(&bob).await, [json!("course")]);
    let mut all = names(&admin).await;
    all.sort_by_key(Value::to_string);
    assert_eq!(all, [json!("course"), json!("friday")]);
}

async fn partition(client: &Client, name: &str) -> Value {
    let partitions = client.get("/clusters/slurm/partitions").await.json();
    let found = partitions["items"].as_array().unwrap().iter().find(|partition| partition["name"] == name);
    found.unwrap_or_else(|| panic!("no partition {name}: {partitions}")).clone()
}
