//! Why a job waits or failed, of jobs that really do: on Slurm, and with a maintenance ahead.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, eventually, unique};

async fn why(client: &Client, id: &str) -> Value {
    let answer = client.get(&format!("/clusters/slurm/jobs/{id}/why")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn codes(why: &Value) -> Vec<&str> {
    why["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect()
}

/// Waits until this is found first.
async fn found(client: &Client, id: &str, code: &str) -> Value {
    let mut last = Value::Null;
    eventually(&format!("{code} for job {id}"), Duration::from_secs(40), async || {
        let why = why(client, id).await;
        if why != last {
            eprintln!("job {id}: {why}");
            last = why.clone();
        }
        (why["items"][0]["code"] == code).then_some(why)
    })
    .await
}

async fn submitted(client: &Client, name: &str, directives: &str, commands: &str) -> String {
    let script = format!("#!/bin/bash\n{directives}\n{commands}\n");
    let job = client.submit("slurm", &json!({"name": unique(name), "script": script})).await;
    job["id"].as_str().unwrap().to_owned()
}

/// Ended in failure, once its exit code is known.
async fn failed(client: &Client, commands: &str) -> String {
    let id = submitted(client, "fails", "", commands).await;
    client.wait_for("slurm", &id, &["FAILED"]).await;
    eventually("its exit code", Duration::from_secs(30), async || client.job("slurm", &id).await["exit_code"].as_i64())
        .await;
    id
}

#[tokio::test]
async fn a_job_that_waits_says_for_what() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let long = submitted(&alice, "long", "#SBATCH --partition=gpu --cpus-per-task=4 --time=10", "sleep 300").await;
    let number = alice.wait_for("slurm", &long, &["RUNNING"]).await["job_id"].as_str().unwrap().to_owned();
    assert_eq!(codes(&why(&alice, &long).await), Vec::<&str>::new(), "it runs");

    let next = submitted(&alice, "next", "#SBATCH --partition=gpu --cpus-per-task=4 --time=10", "true").await;
    found(&alice, &next, "resources").await;
    let behind = submitted(&alice, "behind", "#SBATCH --partition=gpu --cpus-per-task=4 --time=10", "true").await;
    let ahead = found(&bob, &behind, "priority").await;
    assert_eq!(ahead["items"][0]["params"]["count"], 1, "{ahead}");
    let estimate = async || why(&bob, &next).await["starts_at"].as_str().map(str::to_owned);
    let estimate = eventually("an estimate", Duration::from_secs(60), estimate).await;
    assert!(estimate > chrono::Utc::now().to_rfc3339(), "{estimate}");

    let after = submitted(&alice, "after", &format!("#SBATCH --dependency=afterok:{number}"), "true").await;
    let dependency = found(&alice, &after, "dependency-of").await;
    assert_eq!(dependency["items"][0]["params"]["jobs"], number.as_str());
    let held = submitted(&alice, "held", "#SBATCH --hold", "true").await;
    found(&alice, &held, "held").await;

    alice.delete(&format!("/clusters/slurm/jobs/{long}")).await;
    alice.wait_for("slurm", &long, &["CANCELLED"]).await;
    assert_eq!(codes(&why(&bob, &long).await), ["cancelled-by-owner"]);
    // Slurm says so when it next looks at what waits for it.
    let never = |why: &Value| {
        ["dependency-never", "dependency-failed"].contains(&why["items"][0]["code"].as_str()?).then_some(())
    };
    eventually("it never starts", Duration::from_secs(60), async || never(&why(&alice, &after).await)).await;
}

#[tokio::test]
async fn a_job_that_failed_shows_its_owner_the_line_and_nobody_else() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let id = failed(&alice, "echo first\nno_such_program_here --flag\nstatus=$?\necho last\nexit $status").await;
    let answer = why(&alice, &id).await;
    assert_eq!(codes(&answer), ["command-not-found"], "{answer}");
    let finding = &answer["items"][0];
    assert_eq!(finding["params"]["name"], "no_such_program_here");
    assert_eq!((&finding["line"]["from_end"], &finding["line"]["stream"]), (&json!(2), &json!("stdout")));
    assert!(finding["line"]["text"].as_str().unwrap().ends_with("no_such_program_here: command not found"));

    let seen = why(&bob, &id).await;
    assert_eq!(codes(&seen), ["exit-code"], "the output is for its owner: {seen}");
    assert_eq!((&seen["items"][0]["params"], &seen["items"][0]["line"]), (&json!({"exit_code": 127}), &Value::Null));
    let admin = why(&site.client("admin").await, &id).await;
    assert_eq!(codes(&admin), ["exit-code"], "{admin}");

    let killed = failed(&alice, "bash -c 'kill -9 $$'").await;
    assert_eq!(codes(&why(&alice, &killed).await), ["killed"]);
    let dos = "printf '#!/bin/bash\\r\\necho hi\\r\\n' >dos.sh; chmod +x dos.sh; ./dos.sh";
    // From bash 5.3 on it says what is wrong with the file.
    let answer = why(&alice, &failed(&alice, dos).await).await;
    assert!([["not-runnable"], ["dos-line-ends"]].iter().any(|known| codes(&answer) == known), "{answer}");
    let dos = "printf 'cd /tmp\\r\\nls\\r\\n' >dos.sh; bash dos.sh";
    assert_eq!(codes(&why(&alice, &failed(&alice, dos).await).await)[0], "dos-line-ends");
    let separate = "#SBATCH --error=%j.err\ncat no_such_input";
    let separate = why(&alice, &failed(&alice, separate).await).await;
    assert_eq!((codes(&separate), &separate["items"][0]["line"]["stream"]), (vec!["no-such-file"], &json!("stderr")));
    let noise = failed(&alice, "head -c 300000 /dev/urandom; exit 3").await;
    assert_eq!(codes(&why(&alice, &noise).await), ["exit-code"]);
}

#[tokio::test]
async fn a_job_that_exceeds_its_time_says_so() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let id = submitted(&alice, "slow", "#SBATCH --time=1", "sleep 600").await;
    alice.wait_for("slurm", &id, &["RUNNING"]).await;
    // Slurm ends it at the next whole look at what runs, up to a minute late.
    tokio::time::sleep(Duration::from_secs(65)).await;
    alice.wait_for("slurm", &id, &["TIMEOUT"]).await;
    let answer = found(&alice, &id, "time-limit").await;
    assert_eq!(answer["items"][0]["params"]["limit_minutes"], 1);
    assert!(answer["items"][0]["line"]["text"].as_str().unwrap().contains("DUE TO TIME LIMIT"), "{answer}");
    assert_eq!(answer["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_limit_that_reaches_into_a_maintenance_is_told_with_one_that_fits() {
    let Some(slurm) = OwnSlurm::up(&[("QD_DEV_PRIVATE_DATA", "reservations")]) else { return };
    let scontrol = |words: &[&str]| slurm.slurm().run("scontrol", words);
    scontrol(&[
        "create",
        "reservation",
        "reservationname=friday",
        "starttime=now+5hours",
        "duration=120",
        "nodes=ALL",
        "flags=MAINT",
        "users=root",
    ]);
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    let short = submitted(&alice, "short", "#SBATCH --time=4:00:00", "sleep 1").await;
    let long = submitted(&alice, "long", "#SBATCH --time=20:00:00", "true").await;
    alice.wait_for("slurm", &short, &["RUNNING", "COMPLETED"]).await;
    let told = found(&admin, &long, "maintenance-ahead").await;
    let params = &told["items"][0]["params"];
    assert_eq!(
        (&params["name"], &params["fits_minutes"], &params["limit_minutes"]),
        (&json!("friday"), &json!(240), &json!(1200))
    );
    let listed = admin.get("/clusters/slurm/reservations").await.json();
    let friday = &listed["items"][0];
    assert_eq!(
        (&friday["name"], &friday["nodes"], &friday["state"]),
        (&json!("friday"), &json!("c[1-3],g1"), &json!("INACTIVE"))
    );
    assert_eq!(friday["starts_at"], params["starts_at"]);

    // Where the site shows its reservations to nobody, Slurm's own word is all.
    found(&alice, &long, "maintenance").await;
    let refused = alice.get("/clusters/slurm/reservations").await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].clone()), (403, json!("private-data")));
    slurm.slurm().run("scancel", &["--user=alice"]);
}
