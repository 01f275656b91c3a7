//! What belongs together on a real Slurm: accounts and their people, chains of jobs, steps, the components of a
//! heterogeneous job. Compared with what Slurm's own commands say.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Site, eventually, unique};

const SOON: Duration = Duration::from_secs(30);

fn script(name: &str, commands: &str) -> Value {
    json!({"name": name, "script": format!("#!/bin/bash -l\n{commands}\n")})
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    eventually(path, SOON, async || {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        (answer["stale"] == false).then(|| answer["items"].as_array().unwrap().clone())
    })
    .await
}

#[tokio::test]
async fn everybody_is_told_her_own_accounts_and_operators_all() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let columns = "format=user,account,qos";
    let told = site.slurm().run("sacctmgr", &["-nP", "show", "assoc", "user=alice", columns]);
    let mut expected: Vec<String> = told.lines().map(str::to_owned).collect();
    expected.sort();
    let line = |account: &Value| {
        let qos: Vec<&str> = account["qos"].as_array().unwrap().iter().map(|qos| qos.as_str().unwrap()).collect();
        let word = |name: &str| account[name].as_str().unwrap().to_owned();
        format!("{}|{}|{}", word("user"), word("account"), qos.join(","))
    };
    let accounts = items(&alice, "/clusters/slurm/accounts").await;
    let mut lines: Vec<String> = accounts.iter().map(line).collect();
    lines.sort();
    assert_eq!(lines, expected);
    let default = accounts.iter().find(|account| account["is_default"] == true).unwrap();
    let known = site.slurm().run("sacctmgr", &["-nP", "show", "user", "alice", "format=defaultaccount"]);
    assert_eq!(default["account"], known.trim());

    let of_bob = items(&bob, "/clusters/slurm/accounts").await;
    assert!(!of_bob.is_empty() && of_bob.iter().all(|account| account["user"] == "bob"), "{of_bob:?}");
    let of_all = items(&admin, "/clusters/slurm/accounts").await;
    assert!(["alice", "bob"].iter().all(|user| of_all.iter().any(|account| account["user"] == *user)));
    let names = |list: &[Value]| list.iter().map(|qos| qos["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert!(names(&items(&alice, "/clusters/slurm/qos").await).contains(&"high".to_owned()));
    assert!(!names(&items(&bob, "/clusters/slurm/qos").await).contains(&"high".to_owned()));
}

#[tokio::test]
async fn what_is_not_there_is_refused_before_submission_at_its_field() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    items(&alice, "/clusters/slurm/accounts").await;
    items(&alice, "/clusters/slurm/reservations").await;
    let choices = alice.get("/clusters/slurm/choices").await.json();
    let names = |what: &str| -> Vec<String> {
        let list = choices[what].as_array().unwrap().iter();
        list.map(|choice| choice["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names("features"), names("gres")), (vec!["cpu".to_owned(), "gpu".to_owned()], vec!["gpu".to_owned()]));

    let name = unique("refused");
    let mut job = script(&name, "true");
    job["resources"] = json!({
        "partition": "compute", "nodes": 900, "time_limit_minutes": 100_000, "account": "no-such", "features": "cpu&moon",
        "licenses": "matlab:2", "reservation": "nobody's", "gpus": {"count": 64}, "gres": "shard:2",
    });
    job["dependencies"] = json!([{"type": "afterok", "job": "4000000000"}]);
    let answer = alice.post("/clusters/slurm/jobs", &job).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let mut wrong: Vec<String> = answer.json()["errors"].as_array().unwrap().iter().map(pointer_and_code).collect();
    wrong.sort();
    let expected = [
        "/dependencies/0/job no-such-job",
        "/resources/account no-such-account",
        "/resources/features no-such-feature",
        "/resources/gpus too-many-gpus",
        "/resources/gres no-such-gres",
        "/resources/licenses no-such-license",
        "/resources/nodes over-partition-nodes",
        "/resources/reservation no-such-reservation",
        "/resources/time_limit_minutes over-partition-limit",
    ];
    assert_eq!(wrong, expected);
    // bob's accounts do not allow it; alice's do.
    let mut high = script(&name, "true");
    high["resources"] = json!({"qos": "high"});
    let refused = bob.post("/clusters/slurm/jobs", &high).await;
    assert_eq!(refused.status, 422);
    assert_eq!(pointer_and_code(&refused.json()["errors"][0]), "/resources/qos qos-not-allowed");
    assert!(site.slurm().jobs_named(&name).is_empty());
    let job = alice.submit("slurm", &high).await;
    let job_id = job["job_id"].as_str().unwrap();
    eventually("the QOS in accounting", SOON, async || {
        (site.slurm().account_of(job_id, "QOS") == ["high"]).then_some(())
    })
    .await;
}

fn pointer_and_code(error: &Value) -> String {
    format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_chain_is_known_from_both_ends_though_slurm_forgets_it() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let name = unique("chain");
    let first = alice.submit("slurm", &script(&format!("{name}-1"), "sleep 3")).await;
    let after = |job: &Value| json!([{"type": "afterok", "job": job["id"]}]);
    let mut second = script(&format!("{name}-2"), "exit 3");
    second["dependencies"] = after(&first);
    let second = alice.submit("slurm", &second).await;
    let mut third = script(&format!("{name}-3"), "true");
    third["dependencies"] = after(&second);
    let third = alice.submit("slurm", &third).await;
    let id = |job: &Value| job["id"].as_str().unwrap().to_owned();
    let number = |job: &Value| job["job_id"].as_str().unwrap().to_owned();

    let queue = |job: &Value| {
        let columns = "state:20,reason:40,dependency:60";
        let answer = site.slurm().run("squeue", &["-h", "-t", "all", "-j", &number(job), "-O", columns]);
        answer.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(queue(&third)[2], format!("afterok:{}(unfulfilled)", number(&second)));

    alice.wait_for("slurm", &id(&second), &["FAILED"]).await;
    let never = eventually("Slurm's word that the third never starts", SOON, async || {
        (queue(&third)[1] == "DependencyNeverSatisfied").then_some(())
    });
    never.await;
    let links = eventually("the chain as Slurm has it", SOON, async || {
        let links = alice.get(&format!("/clusters/slurm/jobs/{}/dependencies", id(&second))).await.json();
        (links["after"][0]["standing"] == "never").then_some(links)
    })
    .await;
    let told = |link: &Value| {
        format!(
            "{} {} {}",
            link["type"].as_str().unwrap(),
            link["on"].as_str().unwrap(),
            link["standing"].as_str().unwrap()
        )
    };
    assert_eq!(told(&links["before"][0]), format!("afterok {} fulfilled", number(&first)));
    assert_eq!(links["before"][0]["job"]["state"], "COMPLETED");
    assert_eq!(told(&links["after"][0]), format!("afterok {} never", number(&second)));
    assert_eq!(links["after"][0]["job"]["id"], third["id"]);
    // The portal reads the queue each second.
    eventually("the portal's word that the third never starts", SOON, async || {
        let why = alice.get(&format!("/clusters/slurm/jobs/{}/why", id(&third))).await.json();
        (why["items"][0]["code"] == "dependency-never").then_some(())
    })
    .await;

    // What can never start any more is not submitted.
    let mut fourth = script(&format!("{name}-4"), "true");
    fourth["dependencies"] = after(&second);
    let refused = bob.post("/clusters/slurm/jobs", &fourth).await;
    assert_eq!(pointer_and_code(&refused.json()["errors"][0]), "/dependencies/0/job never-satisfied");
    // And of what has come true nothing need be asked.
    fourth["dependencies"] = after(&first);
    let fourth = alice.submit("slurm", &fourth).await;
    alice.wait_for("slurm", &id(&fourth), &["COMPLETED"]).await;
    let links = alice.get(&format!("/clusters/slurm/jobs/{}/dependencies", id(&fourth))).await.json();
    assert_eq!(told(&links["before"][0]), format!("afterok {} fulfilled", number(&first)));
    assert_eq!(alice.delete(&format!("/clusters/slurm/jobs/{}", id(&third))).await.status, 202);
}

#[tokio::test]
async fn steps_are_told_as_accounting_has_them() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let commands = "srun -n1 --job-name='one|two' true\nsrun -n1 --job-name=fails bash -c 'exit 7'\nsrun -n1 sleep 300";
    let job = alice.submit("slurm", &script(&unique("steps"), commands)).await;
    let (id, number) = (job["id"].as_str().unwrap(), job["job_id"].as_str().unwrap());
    let path = format!("/clusters/slurm/jobs/{id}/steps");
    let step = |step: &Value| {
        let word = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {} {}", word("step"), word("name"), word("state"), step["exit_code"])
    };
    let steps = |expected: usize| {
        eventually("the steps", SOON, async move || {
            let steps = items(&alice, &path).await;
            (steps.len() == expected).then(|| steps.iter().map(step).collect::<Vec<_>>())
        })
    };
    let running = steps(4).await;
    let expected = ["batch batch RUNNING null", "0 one|two COMPLETED 0", "1 fails FAILED 7", "2 sleep RUNNING null"];
    assert_eq!(running, expected);
    let text = site.slurm().run("sacct", &["-nP", "--allusers", "-j", number, "--format=JobID,State,ExitCode"]);
    assert!(text.contains(&format!("{number}.1|FAILED|7:0")), "{text}");
    site.slurm().run("scancel", &[number]);
}

#[tokio::test]
async fn a_heterogeneous_job_is_one_job_with_its_components() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let het = |name: &str, commands: &str| {
        let header = "#SBATCH --ntasks=1 --time=5\n#SBATCH hetjob\n#SBATCH --ntasks=1 --time=5";
        script(name, &format!("{header}\n{commands}"))
    };
    let name = unique("het");
    let job = alice.submit("slurm", &het(&name, "srun --het-group=0,1 hostname\nexit 3")).await;
    let (id, number) = (job["id"].as_str().unwrap(), job["job_id"].as_str().unwrap());
    let ended = alice.wait_for("slurm", id, &["FAILED"]).await;
    // The queue knows it first.
    eventually("accounting to say the same", SOON, async || {
        let told = site.slurm().account_of(&format!("{number}+0"), "State,ExitCode");
        (told == ["FAILED", "3:0"]).then_some(())
    })
    .await;
    let exit_code = eventually("its exit code", SOON, async || {
        let job = alice.job("slurm", id).await;
        (!job["exit_code"].is_null()).then(|| job["exit_code"].clone())
    });
    assert_eq!(exit_code.await, 3, "{ended}");
    let listed = alice.get(&format!("/clusters/slurm/jobs?collapse=true&q={name}")).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["items"][0]["parts"], json!({"FAILED": 2}));
    let components = alice.get(&format!("/clusters/slurm/jobs?array={id}&sort=submitted_at")).await.json();
    let told = |job: &Value| (job["job_id"].as_str().unwrap().to_owned(), job["state"].clone());
    let mut components: Vec<_> = components["items"].as_array().unwrap().iter().map(told).collect();
    components.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(components, [(format!("{number}+0"), json!("FAILED")), (format!("{number}+1"), json!("FAILED"))]);
    let steps = items(&alice, &format!("/clusters/slurm/jobs/{id}/steps")).await;
    let mut steps: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    steps.sort_unstable();
    assert_eq!(steps, ["+0.0", "+0.batch", "+1.0"]);

    let long = alice.submit("slurm", &het(&unique("het-long"), "sleep 300")).await;
    let (id, number) = (long["id"].as_str().unwrap(), long["job_id"].as_str().unwrap());
    alice.wait_for("slurm", id, &["RUNNING"]).await;
    assert_eq!(alice.delete(&format!("/clusters/slurm/jobs/{id}")).await.status, 202);
    alice.wait_for("slurm", id, &["CANCELLED"]).await;
    let left = site.slurm().run("squeue", &["-h", "-j", number, "-t", "running,pending", "-o", "%i"]);
    assert_eq!(left.trim(), "", "both components are cancelled");
}
