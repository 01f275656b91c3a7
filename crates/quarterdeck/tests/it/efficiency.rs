//! What jobs used, compared with what accounting itself says; what is learnt from it; and accounts' balances.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, eventually, unique};

/// Burns one CPU for four seconds, holds 200 MiB for long enough to be sampled, and gives them back before it ends; on a
/// quick machine too it lasts so long that its averages count.
const BURN: &str = "python3 -c \"
import time
x = bytearray(200 << 20)
t = time.time()
while time.process_time() < 4 and time.time() - t < 60: pass
time.sleep(max(3, 11 - (time.time() - t)))
del x
time.sleep(1)\"";

#[tokio::test]
async fn what_a_job_used_is_what_accounting_says() {
    // Alone, since sums are of all that she ran.
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let id = submitted(&alice, &format!("#SBATCH --cpus-per-task=2 --mem=1000M\n{BURN}")).await;
    alice.wait_for("slurm", &id, &["COMPLETED"]).await;
    let told = ended(&alice, &id).await;
    let number = alice.get(&format!("/clusters/slurm/jobs/{id}")).await.json()["job_id"].as_str().unwrap().to_owned();
    let accounting = accounting(&site, &number);
    let figures = &told["figures"];
    assert_eq!((&figures["cpus"], &figures["memory_mib_given"]), (&json!(2), &json!(1000)));
    assert_eq!(figures["elapsed_seconds"].as_f64().unwrap(), seconds(&accounting[&number]["Elapsed"]));
    let batch = &accounting[&format!("{number}.batch")];
    assert!((figures["cpu_seconds_used"].as_f64().unwrap() - seconds(&batch["TotalCPU"])).abs() < 0.001, "{told}");
    let used = figures["memory_mib_used"].as_u64().unwrap();
    assert_eq!(used, mib(&batch["MaxRSS"]), "{told}");
    assert!((200..300).contains(&used), "{told}");
    let given = figures["cpu_seconds_given"].as_f64().unwrap();
    let wasted = told["wasted"]["cpu_hours"].as_f64().unwrap() * 3600.0;
    assert!((wasted - (given - figures["cpu_seconds_used"].as_f64().unwrap())).abs() <= 1.0, "{told}");
    // One CPU of two, and a fifth of the memory: both are told.
    let resources: Vec<&str> = suggestions(&told).map(|suggestion| suggestion["resource"].as_str().unwrap()).collect();
    assert_eq!(resources, ["memory_mib", "time_limit_minutes", "cpus_per_task"], "{told}");

    // It is kept: another server that knows no accounting would answer the same.
    let waste = eventually("the job to be kept", Duration::from_secs(60), async || {
        Some(alice.get("/clusters/slurm/efficiency?days=1").await.json()).filter(|waste| waste["jobs"] == 1)
    });
    let waste = waste.await;
    assert_eq!(waste["worst"][0]["id"], id.as_str());
    assert_eq!(waste["wasted"]["cpu_hours"], told["wasted"]["cpu_hours"]);
    assert_eq!(ended(&alice, &id).await["figures"], told["figures"]);
    let users = admin.get("/clusters/slurm/efficiency/users?days=1").await.json();
    assert!(users["users"].as_array().unwrap().iter().any(|of| of["user"] == "alice"), "{users}");
    assert_eq!(bob.get("/clusters/slurm/efficiency/users").await.status, 403);
    assert_eq!(bob.get("/clusters/slurm/efficiency?days=1").await.json()["jobs"], 0);
}

#[tokio::test]
async fn several_steps_on_two_nodes_are_read_as_accounting_has_them() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let hold = "python3 -c 'import time; x = bytearray(60 << 20); time.sleep(6)'";
    let script = format!(
        "#SBATCH --nodes=2 --ntasks=3 --mem=800M\nsrun -n3 {hold}\nsrun -n1 -N1 --mem=200M {hold} &\n\
         srun -n1 -N1 --mem=200M {hold} &\nwait"
    );
    let id = submitted(&alice, &script).await;
    alice.wait_for("slurm", &id, &["COMPLETED"]).await;
    let told = ended(&alice, &id).await;
    let number = alice.get(&format!("/clusters/slurm/jobs/{id}")).await.json()["job_id"].as_str().unwrap().to_owned();
    let accounting = accounting(&site, &number);
    let total = |step: &str| {
        let usage = &accounting[&format!("{number}.{step}")]["TRESUsageInTot"];
        mib(usage.split(',').find_map(|part| part.strip_prefix("mem=")).unwrap_or("0K"))
    };
    // The three tasks stood beside the script; the two steps after them used less together.
    assert_eq!(told["figures"]["memory_mib_used"].as_u64().unwrap(), total("0") + total("batch"), "{accounting:?}");
    assert!(total("1") + total("2") < total("0"), "{accounting:?}");
    assert_eq!((&told["figures"]["nodes"], &told["figures"]["memory_mib_given"]), (&json!(2), &json!(1600)));
    let cpu: f64 =
        accounting.iter().filter(|(id, _)| id.contains('.')).map(|(_, step)| seconds(&step["TotalCPU"])).sum();
    assert!((told["figures"]["cpu_seconds_used"].as_f64().unwrap() - cpu).abs() < 0.01, "{told} {cpu}");
}

#[tokio::test]
async fn a_running_job_is_measured_for_its_owner_through_her_agent() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    let id = submitted(&alice, &format!("#SBATCH --cpus-per-task=2\n{BURN}\nsleep 60")).await;
    let path = format!("/clusters/slurm/jobs/{id}/efficiency");
    alice.wait_for("slurm", &id, &["RUNNING"]).await;
    let told = eventually("a sample", Duration::from_secs(40), async || {
        let told = alice.get(&path).await.json();
        let used = told["figures"]["memory_mib_used"].as_u64()?;
        (used >= 200 && told["figures"]["cpu_seconds_used"].as_f64()? >= 2.0).then_some(told)
    });
    let told = told.await;
    assert_eq!((&told["stage"], &told["missing"]), (&json!("running"), &Value::Null));
    assert_eq!((&told["suggestions"], &told["wasted"]["cpu_hours"]), (&json!([]), &json!(0.0)));
    tokio::time::sleep(Duration::from_secs(6)).await;
    let others = admin.get(&path).await.json();
    assert_eq!((&others["missing"], &others["figures"]["cpus"]), (&json!("owner_only"), &json!(2)), "{others}");
    alice.delete(&format!("/clusters/slurm/jobs/{id}")).await;
}

/// Looked at while it runs, and again at once when it is over: what it used so far is not told as all.
#[tokio::test]
async fn a_job_that_ended_under_the_eyes_is_told_whole() {
    let Some(site) = Site::multi_user().await else { return };
    let client = site.client("alice").await;
    let id = submitted(&client, "sleep 3").await;
    client.wait_for("slurm", &id, &["RUNNING"]).await;
    let running = client.get(&format!("/clusters/slurm/jobs/{id}/efficiency")).await.json();
    assert_eq!(running["stage"], "running");
    let job = client.wait_for("slurm", &id, &["COMPLETED"]).await;
    let told = client.get(&format!("/clusters/slurm/jobs/{id}/efficiency")).await.json();
    assert_eq!((&told["stage"], &told["missing"]), (&json!("ended"), &Value::Null), "{told}");
    let seconds = |at: &str| job[at].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
    assert_eq!(told["figures"]["elapsed_seconds"], seconds("ended_at") - seconds("started_at"), "{told}");
}

#[tokio::test]
async fn tasks_of_an_array_are_told_together_and_by_how_much_they_used() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let burn = "python3 -c 'import time\nwhile time.process_time() < 5: pass'";
    let script = format!("#SBATCH --array=1-4\nif [ $SLURM_ARRAY_TASK_ID = 1 ]; then {burn}; else sleep 5; fi");
    let id = submitted(&alice, &script).await;
    alice.wait_for("slurm", &id, &["COMPLETED"]).await;
    let told = eventually("the tasks to be kept", Duration::from_secs(90), async || {
        let told = alice.get(&format!("/clusters/slurm/jobs/{id}/efficiency")).await.json();
        (told["parts"]["count"] == 4).then_some(told)
    });
    let told = told.await;
    let cpu: Vec<u64> = told["parts"]["cpu"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    assert_eq!((cpu[0], cpu.iter().sum::<u64>()), (3, 4), "{told}");
    assert!(told["figures"]["elapsed_seconds"].as_u64().unwrap() >= 20, "{told}");
}

#[tokio::test]
async fn the_history_of_a_template_advises_its_next_run() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let path = "/clusters/slurm/efficiency/advice?template=shell";
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let job = json!({
            "name": unique("advised"),
            "template": "shell",
            "parameters": {"commands": BURN},
            "resources": {"memory_mib": 1500, "cpus_per_task": 1, "time_limit_minutes": 5},
        });
        jobs.push(alice.submit("slurm", &job).await["id"].as_str().unwrap().to_owned());
    }
    for id in &jobs {
        alice.wait_for("slurm", id, &["COMPLETED"]).await;
    }
    let told = eventually("three runs", Duration::from_secs(90), async || {
        Some(alice.get(path).await.json()).filter(|told| told["runs"] == 3)
    });
    let told = told.await;
    let memory = suggestions(&told).find(|suggestion| suggestion["resource"] == "memory_mib").unwrap();
    let (used, value) = (memory["used"].as_u64().unwrap(), memory["value"].as_u64().unwrap());
    assert_eq!((memory["asked"].as_u64(), memory["runs"].as_u64()), (Some(1500), Some(3)));
    assert!((200..300).contains(&used) && value > used && value < 500, "{told}");
    assert_eq!(bob.get(path).await.json(), json!({"runs": 0, "suggestions": []}));
}

#[tokio::test]
async fn one_sees_the_balances_of_her_own_accounts() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    slurm.slurm().run("sacctmgr", &["-i", "modify", "account", "physics", "set", "GrpTRESMins=cpu=600"]);
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    let shares = alice.get("/clusters/slurm/shares").await.json();
    let rows = shares["items"].as_array().unwrap();
    let names: Vec<String> = rows.iter().map(|row| format!("{}/{}", row["account"], row["user"])).collect();
    let expected = ["root/null", "physics/null", "physics/alice", "viz-team/null", "viz-team/alice"];
    assert_eq!(names.iter().map(|name| name.replace('"', "")).collect::<Vec<_>>(), expected);
    let balance = &rows[1]["limits"][0];
    assert_eq!((&balance["resource"], &balance["limit_minutes"]), (&json!("cpu"), &json!(600)));
    let own = site.slurm().run("sshare", &["-nP", "-A", "physics", "-u", "alice", "--format=User,FairShare,RawUsage"]);
    let line = own.lines().find(|line| line.trim().starts_with("alice|")).unwrap().to_owned();
    let fields: Vec<&str> = line.split('|').collect();
    assert_eq!(rows[2]["fair_share"].as_f64(), fields[1].trim().parse().ok());
    assert_eq!((&rows[2]["mine"], &rows[1]["mine"]), (&json!(true), &json!(false)));
    let all = admin.get("/clusters/slurm/shares?limit=3&count=true").await.json();
    assert!(all["total"].as_u64().unwrap() > 10, "{all}");
    let next =
        admin.get(&format!("/clusters/slurm/shares?limit=3&cursor={}", all["next_cursor"].as_str().unwrap())).await;
    assert_ne!(next.json()["items"][0], all["items"][0]);
}

#[tokio::test]
async fn where_nothing_is_measured_nothing_is_claimed() {
    let Some(slurm) = OwnSlurm::up(&[("QD_DEV_JOB_ACCT_GATHER", "none")]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let alice = site.client("alice").await;
    let id = submitted(&alice, "sleep 4").await;
    alice.wait_for("slurm", &id, &["COMPLETED"]).await;
    let told = ended(&alice, &id).await;
    assert_eq!(
        (&told["missing"], &told["figures"]["memory_mib_used"]),
        (&json!("not_measured"), &Value::Null),
        "{told}"
    );
    assert_eq!(
        (&told["wasted"]["cpu_hours"], &told["wasted"]["memory_gib_hours"]),
        (&json!(0.0), &json!(0.0)),
        "{told}"
    );
    assert_eq!(told["suggestions"].as_array().unwrap().len(), 1, "the time is known all the same: {told}");
}

async fn submitted(client: &Client, lines: &str) -> String {
    let script = format!("#!/bin/bash\n{lines}\n");
    let job = client.submit("slurm", &json!({"name": unique("efficiency"), "script": script})).await;
    job["id"].as_str().unwrap().to_owned()
}

/// The figures of a job that is over, when accounting has them.
async fn ended(client: &Client, id: &str) -> Value {
    let path = format!("/clusters/slurm/jobs/{id}/efficiency");
    let told = eventually("what the job used", Duration::from_secs(60), async || {
        let told = client.get(&path).await.json();
        (told["stage"] == "ended" && told["missing"] != "not_yet").then_some(told)
    });
    told.await
}

fn suggestions(told: &Value) -> impl Iterator<Item = &Value> {
    told["suggestions"].as_array().unwrap().iter()
}

/// Job and steps as `sacct` prints them, by their ids.
fn accounting(site: &Site, number: &str) -> HashMap<String, HashMap<String, String>> {
    let names = ["JobID", "Elapsed", "TotalCPU", "MaxRSS", "TRESUsageInTot"];
    let format = format!("--format={}", names.join(","));
    let answer = site.slurm().run("sacct", &["-nP", "-j", number, &format]);
    let rows = answer.lines().map(|line| {
        let fields = line.split('|').map(str::to_owned);
        let row: HashMap<String, String> = names.map(str::to_owned).into_iter().zip(fields).collect();
        (row["JobID"].clone(), row)
    });
    rows.collect()
}

/// `00:00:14`, `00:04.346`.
fn seconds(text: &str) -> f64 {
    text.split(':').fold(0.0, |all, part| all * 60.0 + part.parse::<f64>().unwrap())
}

/// `318524K`, and of a sum `204.50M` (24.11); begun MiB whole.
fn mib(text: &str) -> u64 {
    let (number, kib) = match text.strip_suffix('M') {
        Some(number) => (number, 1024.0),
        None => (text.strip_suffix('K').unwrap(), 1.0),
    };
    (number.parse::<f64>().unwrap() * kib / 1024.0).ceil() as u64
}
