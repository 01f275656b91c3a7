//! Ten people submit two hundred jobs at once, each with a file of its own: each job is there exactly once, and has its
//! own file.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use futures_util::future::join_all;
use nix::unistd::User;
use serde_json::{Value, json};

use crate::support::{CROWD, Client, Site, eventually, unique};

const EACH: usize = 20;
const ALL: usize = CROWD.len() * EACH;
const SCRIPT: &str = "#!/bin/sh\ncat mine.txt\n";

/// One of the two hundred.
struct Sent {
    user: &'static str,
    client: Client,
    name: String,
    /// What stands in its file and in no other.
    text: String,
    body: Value,
}

async fn prepare(site: &Site, user: &'static str, prefix: &str) -> Vec<Sent> {
    let client = site.client(user).await;
    let mut prepared = Vec::new();
    for number in 0..EACH {
        let name = format!("{prefix}-{user}-{number}");
        let text = format!("the file of {name}\n");
        let upload = client.upload("mine.txt", text.as_bytes()).await;
        let body = json!({"name": name, "script": SCRIPT, "files": [{"upload": upload}]});
        prepared.push(Sent { user, client: client.clone(), name, text, body });
    }
    prepared
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_submissions_at_once_are_each_there_once_with_their_own_file() {
    let Some(site) = Site::multi_user().await else { return };
    for user in CROWD.iter().filter(|user| user.starts_with("qd-load")) {
        site.add_account(user, "user");
    }
    let prefix = unique("crowd");
    let all: Vec<Sent> =
        join_all(CROWD.map(|user| prepare(&site, user, &prefix))).await.into_iter().flatten().collect();
    let submitted = join_all(all.iter().map(|sent| sent.client.submit("slurm", &sent.body))).await;

    let ids: BTreeMap<&str, &str> =
        submitted.iter().zip(&all).map(|(job, sent)| (job["id"].as_str().unwrap(), sent.name.as_str())).collect();
    assert_eq!(ids.len(), ALL, "each has an id of its own");
    let admin = site.client("admin").await;
    let listed = eventually("all are over", Duration::from_secs(120), async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let listed = admin.jobs_named("slurm", &prefix).await;
        listed.iter().all(|job| job["state"] == "COMPLETED" && job["exit_code"] == 0).then_some(listed)
    });
    let listed = listed.await;
    assert_eq!(listed.len(), ALL, "the API has each once");
    for job in &listed {
        assert_eq!(ids[job["id"].as_str().unwrap()], job["name"].as_str().unwrap());
    }

    // Slurm's own word: scheduler's id, user, name, and the comment with our id.
    let names = all.iter().map(|sent| sent.name.as_str()).collect::<Vec<_>>().join(",");
    let columns = "--format=JobID,User,JobName%200,State,Comment%200";
    let asked = ["-nPXD", "--allusers", "--starttime=now-1days", "--name", &names, columns];
    let accounted = eventually("accounting has them all", Duration::from_secs(60), async || {
        let text = site.slurm().run("sacct", &asked);
        let rows: Vec<Vec<String>> = text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect();
        (rows.len() >= ALL && rows.iter().all(|row| row[3] == "COMPLETED")).then_some(rows)
    });
    let accounted: BTreeSet<[String; 4]> = accounted
        .await
        .into_iter()
        .map(|row| {
            let id = row[4].strip_prefix("qd:").and_then(|comment| comment.get(..36)).unwrap_or_default().to_owned();
            [row[0].clone(), row[1].clone(), row[2].clone(), id]
        })
        .collect();
    let word = |job: &Value, key: &str| job[key].as_str().unwrap().to_owned();
    let told = listed.iter().map(|job| ["job_id", "user", "name", "id"].map(|key| word(job, key))).collect();
    assert_eq!(accounted, told, "accounting and the API tell the same {ALL} jobs");

    for (sent, job) in all.iter().zip(&submitted) {
        let id = job["id"].as_str().unwrap();
        assert_eq!(sent.client.output("slurm", id).await, sent.text, "{}", sent.name);
        let directory = sent.client.job("slurm", id).await["working_directory"].as_str().unwrap().to_owned();
        let file = format!("{directory}/mine.txt");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), sent.text, "{file}");
        let owner = User::from_name(sent.user).unwrap().unwrap().uid.as_raw();
        assert_eq!(std::fs::metadata(&file).unwrap().uid(), owner, "{file}");
    }
}
