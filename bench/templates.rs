//! A library of 5,000 templates, each as long as an official one: how long the server needs to read it when it starts, and
//! how long a search in it takes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::support::{Client, Site};

const TEMPLATES: usize = 5_000;
const SEARCHES: usize = 1_000;
const OFFICIAL: &str = include_str!("../templates/official/ml/pytorch.yaml");
const WORDS: [&str; 8] =
    ["pytorch 42", "학습", "no such thing", "gpu torchrun", "library-4999", "ml", "training", "노드"];

pub async fn measure() {
    let mut site = Site::single_user().await;
    site.kill_server();
    let directory = site.path("templates/community");
    fs::create_dir_all(&directory).unwrap();
    for number in 0..TEMPLATES {
        let text = OFFICIAL.replacen("id: pytorch", &format!("id: library-{number}"), 1);
        fs::write(directory.join(format!("{number}.yaml")), text).unwrap();
    }
    let started = Instant::now();
    site.start_server(&[]).await;
    let client = site.client(&site.person()).await;
    while (client.get("/templates/scan").await.json()["loaded"].as_u64().unwrap() as usize) < TEMPLATES {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let loaded = started.elapsed().as_secs_f64() * 1000.0;
    let limit = read_and_hash(&directory).as_secs_f64() * 1000.0;
    println!(
        "| start of the server with {TEMPLATES} new templates, until all are offered | {loaded:.0} ms | a program that reads and \
         hashes their files: {limit:.0} ms; aim 2000 ms | {:.1} |",
        loaded / limit
    );
    let search = latency(&client, |number| format!("/templates?limit=50&q={}", WORDS[number % WORDS.len()])).await;
    let limit = latency(&client, |_| "/templates/pytorch".to_owned()).await;
    println!(
        "| search in {TEMPLATES} templates, 99th of 100 | {search:.1} ms | one template by its id: {limit:.1} ms; aim 20 ms | {:.1} |",
        search / limit
    );
}

fn read_and_hash(directory: &Path) -> Duration {
    let started = Instant::now();
    for entry in fs::read_dir(directory).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        assert!(Sha256::digest(&text)[0] as usize <= text.len());
    }
    started.elapsed()
}

/// The 99th percentile, in milliseconds.
async fn latency(client: &Client, path: impl Fn(usize) -> String) -> f64 {
    let mut times = Vec::new();
    for number in 0..SEARCHES {
        let started = Instant::now();
        let answer = client.get(&path(number)).await;
        times.push(started.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    times.sort();
    times[SEARCHES * 99 / 100].as_secs_f64() * 1000.0
}
