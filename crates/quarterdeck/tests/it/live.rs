//! What pages are told while it happens: own uploads, scans for images; going on after a cut; and that one who does not
//! listen is let go of while the others hear everything.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Live, Site, unique};

const QUICK: &str = "#!/bin/bash\ntrue\n";

#[tokio::test]
async fn each_hears_of_her_own_uploads_and_all_of_scans() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let (mut hers, mut his) = (alice.live().await, bob.live().await);
    for live in [&mut hers, &mut his] {
        live.subscribe("uploads").await;
        let snapshot = live.hear().await;
        assert_eq!((&snapshot["type"], &snapshot["items"]), (&json!("snapshot"), &json!([])));
        live.subscribe("scans").await;
        assert_eq!(live.hear().await["type"], "snapshot");
    }
    let id = alice.upload("data.bin", &[7; 20 << 20]).await;
    let mut offsets = Vec::new();
    let mut versions = Vec::new();
    hers.hear_until(|message| {
        assert_eq!((&message["channel"], &message["type"]), (&json!("uploads"), &json!("delta")), "{message}");
        let upload = &message["upsert"][0];
        assert_eq!(upload["id"], id.as_str());
        offsets.push(upload["offset"].as_u64().unwrap());
        versions.push(message["version"].as_u64().unwrap());
        (upload["state"] == "finished").then_some(())
    })
    .await;
    assert!(offsets.is_sorted() && offsets[0] == 0 && offsets.contains(&(8 << 20)), "{offsets:?}");
    assert!(versions.windows(2).all(|two| two[1] == two[0] + 1), "{versions:?}");
    let request = alice.request(reqwest::Method::DELETE, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
    assert_eq!(alice.send(request).await.status, 204);
    assert_eq!(hers.hear().await["remove"], json!([id]));

    let scan = admin.post("/images/scan", &json!({})).await.json();
    for live in [&mut hers, &mut his] {
        let mut states = Vec::new();
        let last = live
            .hear_until(|message| {
                // Nothing of another's uploads came before.
                assert_eq!(message["channel"], "scans", "{message}");
                let told = &message["upsert"][0];
                assert_eq!(told["id"], scan["scan_id"], "{message}");
                states.push(told["state"].as_str().unwrap().to_owned());
                (told["state"] == "finished").then(|| told.clone())
            })
            .await;
        states.dedup();
        assert!(["running", "finished"].iter().all(|state| states.iter().any(|said| said == state)), "{states:?}");
        let read = alice.get(&format!("/images/scans/{}", scan["scan_id"].as_str().unwrap())).await.json();
        assert_eq!(last, read);
    }
}

/// A viewer may know of jobs, also of those that she submitted when she was more: what they wrote is not for her.
#[tokio::test]
async fn a_channel_admits_whom_the_route_of_the_same_admits() {
    let Some(site) = Site::multi_user().await else { return };
    let (bob, admin) = (site.client("bob").await, site.client("admin").await);
    let job = json!({"name": unique("demoted"), "script": "#!/bin/bash\nno-such-program-here\n"});
    let id = bob.submit("slurm", &job).await["id"].as_str().unwrap().to_owned();
    bob.wait_for("slurm", &id, &["FAILED"]).await;
    let (path, output) = (format!("/clusters/slurm/jobs/{id}"), format!("output:slurm:{id}"));
    let why = bob.get(&format!("{path}/why")).await.text();
    assert!(why.contains("no-such-program-here"), "{why}");
    let mut open = bob.live().await;
    open.subscribe("uploads").await;
    assert_eq!(open.hear().await["type"], "snapshot");

    let users = admin.get("/users").await.json();
    let account = users["items"].as_array().unwrap().iter().find(|user| user["username"] == "bob").unwrap().clone();
    let account = format!("/users/{}", account["id"].as_str().unwrap());
    assert_eq!(admin.patch(&account, &json!({"role": "viewer"})).await.status, 200);
    let mut new = bob.live().await;
    for channel in ["uploads", &output] {
        new.subscribe(channel).await;
        let told = new.hear().await;
        assert_eq!((&told["type"], &told["code"]), (&json!("error"), &json!("forbidden")), "{channel}: {told}");
    }
    new.subscribe("jobs:slurm").await;
    assert_eq!(new.hear().await["type"], "snapshot");
    assert_eq!(bob.get(&format!("{path}/output")).await.status, 403);
    let why = bob.get(&format!("{path}/why")).await;
    assert!(why.status == 200 && !why.text().contains("no-such-program-here"), "{}", why.text());
    let told = open.hear().await;
    assert_eq!((&told["channel"], &told["code"]), (&json!("uploads"), &json!("forbidden")), "what was open ends too");
}

#[tokio::test]
async fn who_comes_back_hears_what_she_missed_or_all_anew() {
    let mut site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let before = client.submit("local", &json!({"name": unique("before"), "script": QUICK})).await;
    client.wait_for("local", before["id"].as_str().unwrap(), &["COMPLETED"]).await;
    let mut live = client.live().await;
    live.subscribe("jobs:local").await;
    let snapshot = live.hear().await;
    assert_eq!((&snapshot["type"], snapshot["items"].as_array().unwrap().len()), (&json!("snapshot"), 1));
    let (epoch, version) = (snapshot["epoch"].clone(), snapshot["version"].as_u64().unwrap());
    drop(live);

    let missed = client.submit("local", &json!({"name": unique("missed"), "script": QUICK})).await;
    client.wait_for("local", missed["id"].as_str().unwrap(), &["COMPLETED"]).await;
    let mut live = client.live().await;
    let delta = resumed(&mut live, "jobs:local", json!({"epoch": epoch, "version": version})).await;
    assert_eq!((&delta["type"], &delta["from"]), (&json!("delta"), &json!(version)), "{delta}");
    let told: Vec<(&Value, &Value)> =
        delta["upsert"].as_array().unwrap().iter().map(|job| (&job["id"], &job["state"])).collect();
    assert_eq!(told, [(&missed["id"], &json!("COMPLETED"))], "what changed, each once, as it is now");
    assert_eq!(live.hear().await["type"], "status");
    // From there on nothing is missing.
    let now = delta["version"].as_u64().unwrap();
    assert!(now > version);
    client.submit("local", &json!({"name": unique("next"), "script": QUICK})).await;
    let next = live.hear_until(|message| (message["type"] == "delta").then(|| message["version"].clone())).await;
    assert_eq!(next, now + 1);

    for point in
        [json!({"epoch": epoch, "version": version + 1_000_000}), json!({"epoch": "another", "version": version})]
    {
        let mut live = client.live().await;
        assert_eq!(resumed(&mut live, "jobs:local", point).await["type"], "snapshot");
    }
    let mut live = client.live().await;
    live.subscribe("nodes:local").await;
    let nodes = live.hear().await;
    let point = json!({"epoch": nodes["epoch"], "version": nodes["version"]});
    assert_eq!(resumed(&mut live, "nodes:local", point).await["type"], "delta");
    // Versions of a server that is gone are nobody's.
    site.restart_server().await;
    let mut live = client.live().await;
    assert_eq!(resumed(&mut live, "jobs:local", json!({"epoch": epoch, "version": version})).await["type"], "snapshot");
}

/// Nobody else waits, nothing piles up, and it is told why it was let go of.
#[tokio::test]
async fn one_that_does_not_listen_is_let_go_of_and_the_others_hear_everything() {
    const SLOW: usize = 4;
    const ASKED: usize = 40;
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    // Enough to say: 500 jobs in each snapshot.
    let many = json!({"name": unique("many"), "script": "#!/bin/bash\nsleep 600\n", "resources": {"array": "1-600"}});
    let array = client.submit("local", &many).await;
    let mut listener = client.live().await;
    listener.subscribe("jobs:local").await;
    let snapshot = listener.hear().await;
    let size = snapshot.to_string().len();
    assert!(size > 200_000, "{size}");
    let before = memory(&site);

    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut live = Live::connect_narrow(&site.base(), client.token()).await;
        for _ in 0..ASKED {
            live.subscribe("jobs:local").await;
        }
        slow.push(live);
    }
    let asked = SLOW * ASKED * size;
    let started = Instant::now();
    let mut most = 0;
    let mut version = snapshot["version"].as_u64().unwrap();
    let mut slowest = Duration::ZERO;
    // Once nothing more goes out to them: longer than a message may wait to be taken (10 s), and as little as possible
    // of the time that the word of farewell may wait, too, since one of them has filled up before the others.
    let (mut waiting, mut since) = (0, Instant::now());
    while waiting == 0 || since.elapsed() < Duration::from_secs(11) {
        assert!(started.elapsed() < Duration::from_secs(100), "the clients take it all");
        let took = said_and_heard(&client, &mut listener, &mut version).await;
        slowest = slowest.max(took);
        most = most.max(memory(&site).saturating_sub(before));
        let now = unsent(&site);
        if now != waiting {
            (waiting, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    eprintln!("{asked} bytes asked for; {most} more in memory; a job was heard of after {slowest:?} at most");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    // Were all of it kept for them, it would be more than was asked for.
    assert!(most < asked / 4 * 3, "{most} of {asked}");
    for mut live in slow {
        // What it still says drowns nothing of what it is told.
        live.subscribe("jobs:local").await;
        assert_eq!(live.close_code().await, 4408);
    }
    said_and_heard(&client, &mut listener, &mut version).await;
    client.delete(&format!("/clusters/local/jobs/{}", array["id"].as_str().unwrap())).await;
}

/// How long it took from the request to the message; no message in between is missing.
async fn said_and_heard(client: &Client, listener: &mut Live, version: &mut u64) -> Duration {
    let started = Instant::now();
    let job = client.submit("local", &json!({"name": "said", "script": QUICK})).await;
    listener
        .hear_until(|message| {
            if message["type"] != "delta" {
                return None;
            }
            assert_eq!(message["version"], *version + 1, "none is missing");
            *version += 1;
            message["upsert"].as_array().unwrap().iter().any(|told| told["id"] == job["id"]).then_some(())
        })
        .await;
    started.elapsed()
}

async fn resumed(live: &mut Live, channel: &str, point: Value) -> Value {
    live.say(&json!({"type": "subscribe", "channels": [channel], "resume": {channel: point}})).await;
    live.hear().await
}

/// What the server takes, in bytes.
fn memory(site: &Site) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", site.server_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

/// Bytes that the system keeps for clients who do not take them.
fn unsent(site: &Site) -> u64 {
    let port = site.base().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let queue = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let is_servers = words.next()?.ends_with(&format!(":{port:04X}"));
        let (unsent, _) = words.nth(2)?.split_once(':')?;
        is_servers.then(|| u64::from_str_radix(unsent, 16).ok())?
    };
    connections.lines().filter_map(queue).filter(|unsent| *unsent > 100_000).sum()
}
