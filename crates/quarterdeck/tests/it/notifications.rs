//! What happens to a job is told to whose it is, once: on a real Slurm, over crashes, and by two servers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, OwnDatabase, Receiver, Site, Slurm, eventually, unique};

/// What a site is configured with whose users' messages may go to this host.
pub fn on_this_host() -> Vec<(&'static str, String)> {
    vec![
        ("QUARTERDECK_WEBHOOKS__PRIVATE_NETWORKS", "127.0.0.1".to_owned()),
        ("QUARTERDECK_PUSH__PRIVATE_NETWORKS", "127.0.0.1".to_owned()),
        ("QUARTERDECK_PUSH__CONTACT", "mailto:admin@example.org".to_owned()),
        ("QUARTERDECK_SERVER__PUBLIC_URL", "https://portal.example.org".to_owned()),
    ]
}

const EVENTS: [&str; 5] = ["job-started", "job-ended", "job-failed", "job-time-limit", "job-requeued"];

/// Settings of somebody who wants to be told everything, wherever she can be, of the jobs that she says it of: other
/// tests' users have the same names, and jobs on the same Slurm.
pub fn everything() -> Value {
    json!({
        "jobs": "asked", "longer_than_minutes": 10,
        "page": EVENTS, "push": EVENTS, "mail": EVENTS, "webhook": EVENTS,
        "language": "en", "webhook_url": null,
    })
}

/// Sets them, with some otherwise; answers the webhook's secret if there is a new one.
pub async fn set(client: &Client, otherwise: Value) -> Value {
    let mut settings = everything();
    for (name, value) in otherwise.as_object().unwrap() {
        settings[name] = value.clone();
    }
    let answer = client.put("/notifications/settings", &settings).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["webhook_secret"].clone()
}

pub async fn submitted(client: &Client, directives: &str, commands: &str) -> Value {
    let script = format!("#!/bin/bash\n{directives}\n{commands}\n");
    client.submit("slurm", &json!({"name": unique("told"), "script": script, "notify": true})).await
}

pub fn id(job: &Value) -> &str {
    job["id"].as_str().unwrap()
}

/// What the page shows her, as job and event, the oldest first.
async fn told(client: &Client) -> Vec<(String, String)> {
    let page = client.get("/notifications?limit=500").await.json();
    let mut told: Vec<(String, String)> = page["items"].as_array().unwrap().iter().map(event).collect();
    told.reverse();
    told
}

fn event(notification: &Value) -> (String, String) {
    let job = notification["params"]["id"].as_str().unwrap_or_default();
    (job.to_owned(), notification["code"].as_str().unwrap().to_owned())
}

/// Waits until this was told of this job.
pub async fn wait_until_told(client: &Client, job: &Value, code: &str) {
    let wanted = (id(job).to_owned(), code.to_owned());
    let what = format!("{code} of job {}", job["job_id"]);
    let is_told = async || told(client).await.contains(&wanted).then_some(());
    eventually(&what, Duration::from_secs(150), is_told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_job_is_told_once_in_the_page_and_to_the_webhook() {
    let Some(slurm) = Slurm::given() else { return };
    let receiver = Receiver::start().await;
    let site = Site::multi_user_with(slurm, &on_this_host()).await;
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let secret = set(&alice, json!({"webhook_url": receiver.url("/hook")})).await;
    let secret = secret.as_str().unwrap().to_owned();

    let near = submitted(&alice, "#SBATCH --time=1", "sleep 600").await;
    let good = submitted(&alice, "#SBATCH --time=30", "sleep 2").await;
    let bad = submitted(&alice, "#SBATCH --time=30", "sleep 2; exit 3").await;
    let again = submitted(&alice, "#SBATCH --time=30\n#SBATCH --requeue", "sleep 600").await;
    let array = submitted(&alice, "#SBATCH --time=30\n#SBATCH --array=0-3%2", "sleep 2").await;
    wait_until_told(&alice, &again, "job-started").await;
    let requeued = alice.post(&format!("/clusters/slurm/jobs/{}/requeue", id(&again)), &json!({})).await;
    assert!(requeued.status.is_success(), "{}", requeued.text());
    wait_until_told(&alice, &again, "job-requeued").await;
    site.slurm().run("scancel", &[again["job_id"].as_str().unwrap()]);
    wait_until_told(&alice, &again, "job-ended").await;
    wait_until_told(&alice, &good, "job-ended").await;
    wait_until_told(&alice, &bad, "job-failed").await;
    wait_until_told(&alice, &array, "job-ended").await;
    wait_until_told(&alice, &near, "job-time-limit").await;
    wait_until_told(&alice, &near, "job-failed").await;
    // Whatever is told twice has had its time.
    tokio::time::sleep(Duration::from_secs(5)).await;

    let events: [(&Value, &[&str]); 5] = [
        (&good, &["job-started", "job-ended"]),
        (&bad, &["job-started", "job-failed"]),
        (&again, &["job-started", "job-requeued", "job-ended"]),
        (&array, &["job-started", "job-ended"]),
        (&near, &["job-started", "job-time-limit", "job-failed"]),
    ];
    let wanted: BTreeMap<String, Vec<String>> = events
        .iter()
        .map(|(job, codes)| (id(job).to_owned(), codes.iter().map(|code| (*code).to_owned()).collect()))
        .collect();
    let by_job = |all: Vec<(String, String)>| {
        all.into_iter().fold(BTreeMap::<String, Vec<String>>::new(), |mut jobs, (job, code)| {
            jobs.entry(job).or_default().push(code);
            jobs
        })
    };
    let mut shown = by_job(told(&alice).await);
    shown.retain(|job, _| wanted.contains_key(job));
    assert_eq!(shown, wanted);

    // The failure waits until accounting says how.
    receiver.wait_for(12).await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 12, "each once");
    let said: Vec<Value> = requests.iter().map(|request| request.verified(&secret)).collect();
    let event = |said: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&said["data"]["id"]), text(&said["type"]))
    };
    let mut hooked = by_job(said.iter().map(event).collect());
    // Messages may overtake each other.
    let mut sorted = wanted.clone();
    hooked.values_mut().chain(sorted.values_mut()).for_each(|codes| codes.sort());
    assert_eq!(hooked, sorted);
    let failure = said.iter().find(|said| said["data"]["id"] == bad["id"] && said["type"] == "job-failed").unwrap();
    assert_eq!(
        (&failure["data"]["exit_code"], &failure["data"]["reason"], &failure["data"]["job_id"]),
        (&json!(3), &json!("NonZeroExitCode"), &bad["job_id"]),
        "{failure}"
    );
    assert_eq!(failure["url"], format!("https://portal.example.org/clusters/slurm/jobs/{}", id(&bad)));
    let timeout = said.iter().find(|said| said["data"]["id"] == near["id"] && said["type"] == "job-failed").unwrap();
    assert_eq!(timeout["data"]["state"], "TIMEOUT");
    let limit = said.iter().find(|said| said["type"] == "job-time-limit").unwrap();
    assert_eq!(limit["data"]["minutes_left"], 1, "{limit}");

    assert!(told(&bob).await.iter().all(|(job, _)| !wanted.contains_key(job)), "it is nothing of bob's");
    let hers = alice.get("/notifications?limit=1").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(bob.post(&format!("/notifications/{hers}/read"), &json!({})).await.status, 404);
    assert_eq!(bob.get("/notifications/settings").await.json()["webhook_url"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_a_job_is_not_told_that_it_ended_and_whose_job_another_cancels_is() {
    let Some(slurm) = Slurm::given() else { return };
    let site = Site::multi_user_with(slurm, &on_this_host()).await;
    let alice = site.client("alice").await;
    set(&alice, json!({})).await;
    let [own, elsewhere] = [0, 1].map(|_| submitted(&alice, "#SBATCH --time=30", "sleep 600"));
    let (own, elsewhere) = tokio::join!(own, elsewhere);
    let waiting = submitted(&alice, "#SBATCH --time=30 --hold", "true").await;
    for running in [&own, &elsewhere] {
        wait_until_told(&alice, running, "job-started").await;
    }
    for mine in [&own, &waiting] {
        assert_eq!(alice.delete(&format!("/clusters/slurm/jobs/{}", id(mine))).await.status, 202);
        alice.wait_for("slurm", id(mine), &["CANCELLED"]).await;
    }
    site.slurm().run("scancel", &[elsewhere["job_id"].as_str().unwrap()]);
    wait_until_told(&alice, &elsewhere, "job-ended").await;
    let all = told(&alice).await;
    let of =
        |job: &Value| all.iter().filter(|(told, _)| told == id(job)).map(|(_, code)| code.as_str()).collect::<Vec<_>>();
    assert_eq!((of(&own), of(&waiting)), (vec!["job-started"], Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_told_live_and_what_is_read_is_read_everywhere() {
    let Some(slurm) = Slurm::given() else { return };
    let site = Site::multi_user_with(slurm, &on_this_host()).await;
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    for client in [&alice, &bob] {
        set(client, json!({"page": ["job-failed"]})).await;
        // Until now they were told of what other tests' jobs do.
        client.post("/notifications/read-all", &json!({})).await;
    }
    let (mut hers, mut his) = (alice.live().await, bob.live().await);
    for live in [&mut hers, &mut his] {
        live.subscribe("notifications").await;
        let snapshot = live.hear().await;
        assert_eq!((&snapshot["type"], &snapshot["unread"]), (&json!("snapshot"), &json!(0)));
    }
    let job = submitted(&alice, "", "exit 4").await;
    let told = hers
        .hear_until(|message| {
            (message["type"] == "delta" && message["upsert"][0]["params"]["exit_code"] == 4).then(|| message.clone())
        })
        .await;
    assert_eq!((&told["upsert"][0]["params"]["id"], &told["unread"]), (&job["id"], &json!(1)), "{told}");
    let one = told["upsert"][0]["id"].as_str().unwrap();
    alice.post(&format!("/notifications/{one}/read"), &json!({})).await;
    let read = hers.hear_until(|message| (message["unread"] == 0).then(|| message.clone())).await;
    assert_ne!(read["upsert"][0]["read_at"], Value::Null);
    let next = submitted(&alice, "", "exit 5").await;
    hers.hear_until(|message| (message["upsert"][0]["params"]["id"] == next["id"]).then_some(())).await;
    alice.post("/notifications/read-all", &json!({})).await;
    hers.hear_until(|message| (message["type"] == "snapshot" && message["unread"] == 0).then_some(())).await;
    assert_eq!(alice.get("/notifications?unread=true").await.json()["items"], json!([]));

    let own = submitted(&bob, "", "exit 6").await;
    let first = his.hear_until(|message| (message["type"] == "delta").then(|| message.clone())).await;
    assert_eq!(first["upsert"][0]["params"]["id"], own["id"], "the first that he hears of is his own");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_postgresql_tell_once() {
    let (Some(slurm), Some(database)) = (Slurm::given(), OwnDatabase::create().await) else { return };
    let receiver = Receiver::start().await;
    let mut environment = on_this_host();
    environment.push(("QUARTERDECK_SERVER__DATABASE", database.url()));
    let mut site = Site::multi_user_with(slurm, &environment).await;
    let other = site.start_another_server().await;
    let alice = site.client("alice").await;
    let elsewhere = Client::sign_in(&other, "alice", &site.password("alice")).await;
    let mut live = elsewhere.live().await;
    live.subscribe("notifications").await;
    let secret = set(&alice, json!({"webhook_url": receiver.url("/hook")})).await;
    // Until now she was told of what other tests' jobs do.
    alice.post("/notifications/read-all", &json!({})).await;
    const JOBS: usize = 12;
    let jobs = futures_util::future::join_all((0..JOBS).map(|_| submitted(&alice, "", "sleep 4; exit 3"))).await;
    for job in &jobs {
        wait_until_told(&alice, job, "job-failed").await;
    }
    receiver.wait_for(2 * JOBS).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut said: Vec<(String, String)> = Vec::new();
    for request in receiver.requests() {
        let body = request.verified(secret.as_str().unwrap());
        said.push((body["data"]["id"].to_string(), body["type"].to_string()));
    }
    let count = said.len();
    said.sort();
    said.dedup();
    assert_eq!((said.len(), count), (2 * JOBS, 2 * JOBS), "each once");
    let shown = told(&alice).await.into_iter().filter(|(told, _)| jobs.iter().any(|job| id(job) == told));
    assert_eq!(shown.count(), 2 * JOBS);
    // Whichever server wrote it, she sees it where she is.
    live.hear_until(|message| (message["unread"] == json!(2 * JOBS)).then_some(())).await;
    drop(site);
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_queue_tells_too() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let job = client.submit("local", &json!({"name": unique("told"), "script": "#!/bin/bash\nexit 3\n"})).await;
    wait_until_told(&client, &job, "job-failed").await;
    let page = client.get("/notifications?code=job-failed").await.json();
    assert_eq!(page["items"][0]["params"]["exit_code"], 3, "{page}");
    assert_eq!(told(&client).await.len(), 1, "it began and ended: who has said nothing is told the end");

    let own = client.submit("local", &json!({"name": unique("own"), "script": "#!/bin/bash\nsleep 600\n"})).await;
    client.wait_for("local", id(&own), &["RUNNING"]).await;
    assert_eq!(client.delete(&format!("/clusters/local/jobs/{}", id(&own))).await.status, 202);
    client.wait_for("local", id(&own), &["CANCELLED"]).await;
    assert!(told(&client).await.iter().all(|(job, _)| job != id(&own)), "she knows: it was she");
}
