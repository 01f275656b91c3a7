//! What is done with jobs on a real Slurm: one and many, arrays and their tasks; updated, signalled, submitted again.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, eventually, unique};

const SOON: Duration = Duration::from_secs(20);
const JOBS: usize = 30;

/// A job that waits until it is told otherwise.
fn later(name: &str) -> Value {
    json!({"name": name, "script": "#!/bin/bash\n#SBATCH --begin=now+1hour\nsleep 300\n"})
}

#[tokio::test]
async fn many_jobs_are_cancelled_at_once_and_each_is_answered_for() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let name = unique("many");
    let mut named: Vec<String> = Vec::new();
    for number in 0..JOBS {
        let job = alice.submit("slurm", &later(&name)).await;
        let id = if number % 2 == 0 { "id" } else { "job_id" };
        named.push(job[id].as_str().unwrap().to_owned());
    }
    let foreign = bob.submit("slurm", &later(&name)).await;
    let foreign = foreign["job_id"].as_str().unwrap().to_owned();
    named.insert(7, foreign.clone());
    named.insert(19, "4000000000".to_owned());

    let started = Instant::now();
    let answer = alice.post("/clusters/slurm/jobs/actions", &json!({"action": "cancel", "jobs": named})).await;
    eprintln!("{} jobs cancelled in {:?}", named.len(), started.elapsed());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = answer.json()["items"].as_array().unwrap().clone();
    let (ok, bad): (Vec<&Value>, Vec<&Value>) = items.iter().partition(|item| item["ok"] == true);
    assert_eq!(items.iter().map(|item| item["job"].as_str().unwrap()).collect::<Vec<_>>(), named, "in the order asked");
    assert_eq!(ok.len(), JOBS, "{bad:?}");
    let told = |item: &Value| (item["job"].clone(), item["problem"]["code"].clone(), item["problem"]["status"].clone());
    let expected =
        [(json!(foreign), json!("not-your-job"), json!(403)), (json!(named[19]), json!("not-found"), json!(404))];
    assert_eq!(bad.into_iter().map(told).collect::<Vec<_>>(), expected);
    let states = site.slurm().run("squeue", &["-h", "-t", "all", "--name", &name, "--format", "%u %T"]);
    let mut states: Vec<&str> = states.lines().collect();
    states.sort_unstable();
    assert_eq!(states, [vec!["alice CANCELLED"; JOBS], vec!["bob PENDING"]].concat());
    let audit = admin.get("/audit?action=job.cancel&limit=500&count=true").await.json();
    assert_eq!(audit["total"], JOBS, "{audit}");
    assert!(audit["items"].as_array().unwrap().iter().all(|event| event["result"] == "done"), "{audit}");
    let too_many = json!({"action": "cancel", "jobs": vec!["5"; 501]});
    assert_eq!(alice.post("/clusters/slurm/jobs/actions", &too_many).await.status, 422);
}

#[tokio::test]
async fn waiting_tasks_of_an_array_are_held_released_and_cancelled() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let mut array = later(&unique("tasks"));
    array["resources"] = json!({"array": "1-5"});
    let number = alice.submit("slurm", &array).await["job_id"].as_str().unwrap().to_owned();
    let tasks = || {
        let text = site.slurm().run("squeue", &["-hr", "-j", &number, "--format", "%K %T %r"]);
        let mut tasks: Vec<String> = text.lines().map(str::to_owned).collect();
        tasks.sort();
        tasks
            .into_iter()
            .filter(|task| task.ends_with("JobHeldUser"))
            .map(|task| task[..1].to_owned())
            .collect::<String>()
    };
    let act = async |action: &str, job: &str| {
        let answer = alice.post("/clusters/slurm/jobs/actions", &json!({"action": action, "jobs": [job]})).await;
        answer.json()["items"][0].clone()
    };
    assert_eq!(act("hold", &format!("{number}_2")).await["ok"], true);
    assert_eq!(tasks(), "2");
    assert_eq!(act("hold", &format!("{number}_[1,4-5]")).await["ok"], true);
    assert_eq!(tasks(), "1245");
    assert_eq!(act("release", &format!("{number}_[1,2]")).await["ok"], true);
    assert_eq!(tasks(), "45");
    assert_eq!(act("release", &number).await["ok"], true);
    assert_eq!(tasks(), "");
    for nothing in [format!("{number}_9"), "4000000000_1".to_owned(), format!("{number}_x"), "-u alice".to_owned()] {
        assert_eq!(act("cancel", &nothing).await["problem"]["code"], "not-found", "{nothing}");
    }
    let path = format!("/clusters/slurm/jobs/{number}_3");
    assert_eq!(bob.delete(&path).await.status, 403);
    assert_eq!(alice.delete(&path).await.status, 202);
    // Slurm refuses, unless it has forgotten the task already (26.05), or accounting has told of its end.
    let late = alice.patch(&path, &json!({"nice": 5})).await;
    assert!([404, 409, 422].contains(&late.status.as_u16()), "it is cancelled: {}", late.text());
    let left = site.slurm().run("squeue", &["-hr", "-t", "pending", "-j", &number, "--format", "%K"]);
    assert_eq!(left.split_whitespace().count(), 4, "{left}");
}

#[tokio::test]
async fn a_running_job_hears_a_signal_and_is_requeued() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let script = "#!/bin/bash\ntrap 'echo heard USR1' USR1\necho ready\nwhile :; do sleep 0.2; done\n";
    let job = alice.submit("slurm", &json!({"name": unique("signal"), "script": script})).await;
    let id = job["id"].as_str().unwrap();
    let running = alice.wait_for("slurm", id, &["RUNNING"]).await;
    assert_eq!(running["actions"], json!(["cancel", "requeue", "signal", "update", "resubmit"]));
    let path = format!("/clusters/slurm/jobs/{id}");
    let says = async |what: &str, times: usize| {
        eventually(what, SOON, async || {
            let output = alice.get(&format!("{path}/output")).await;
            (output.status == 200 && output.text().matches(what).count() == times).then_some(())
        })
        .await;
    };
    says("ready", 1).await;
    for (to, times) in [("script", 1), ("all", 2)] {
        let sent = alice.post(&format!("{path}/signal"), &json!({"signal": "USR1", "to": to})).await;
        assert_eq!(sent.status, 202, "{}", sent.text());
        says("heard USR1", times).await;
    }
    for wrong in [json!({"signal": "10"}), json!({"signal": "USR1 5"}), json!({"signal": "usr1"})] {
        let answer = alice.post(&format!("{path}/signal"), &wrong).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!("/signal")));
    }
    assert_eq!(alice.post(&format!("{path}/requeue"), &json!({})).await.status, 202);
    let number = job["job_id"].as_str().unwrap();
    let shown = site.slurm().run("scontrol", &["--oneliner", "show", "job", number]);
    assert!(shown.contains(" Restarts=1 "), "{shown}");
    assert_eq!(alice.delete(&path).await.status, 202);

    let waiting = alice.submit("slurm", &later(&unique("signal"))).await;
    let path = format!("/clusters/slurm/jobs/{}/signal", waiting["id"].as_str().unwrap());
    let refused = alice.post(&path, &json!({"signal": "USR1"})).await;
    assert_eq!((refused.status.as_u16(), refused.json()["code"].clone()), (409, json!("job-not-running")));
}

/// Left to scancel, the task would hear it ten times.
#[tokio::test]
async fn of_an_array_what_runs_hears_a_signal_once() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let script = "#!/bin/bash\ntrap 'echo heard USR1' USR1\necho ready\nwhile :; do sleep 0.2; done\n";
    let array = json!({"name": unique("signal"), "script": script, "resources": {"array": "1-3%1"}});
    let number = alice.submit("slurm", &array).await["job_id"].as_str().unwrap().to_owned();
    let first = format!("{number}_1");
    alice.wait_for("slurm", &number, &["RUNNING"]).await;
    let heard = async |times: usize| {
        eventually(&format!("{times} signals"), SOON, async || {
            let output = alice.get(&format!("/clusters/slurm/jobs/{first}/output")).await;
            let text = output.text();
            (output.status == 200 && text.contains("ready") && text.matches("heard").count() == times).then_some(())
        })
        .await;
    };
    heard(0).await;
    for (job, times) in [(&number, 1), (&first, 2)] {
        let sent = alice.post(&format!("/clusters/slurm/jobs/{job}/signal"), &json!({"signal": "USR1"})).await;
        assert_eq!(sent.status, 202, "{}", sent.text());
        heard(times).await;
    }
    let waiting = alice.post(&format!("/clusters/slurm/jobs/{number}_2/signal"), &json!({"signal": "USR1"})).await;
    assert_eq!((waiting.status.as_u16(), waiting.json()["code"].clone()), (409, json!("job-not-running")));
    // scancel would do it again after five seconds.
    tokio::time::sleep(Duration::from_secs(6)).await;
    heard(2).await;
}

#[tokio::test]
async fn an_update_says_the_same_here_and_in_slurm() {
    let Some(slurm) = OwnSlurm::up(&[]) else { return };
    let site = Site::multi_user_on(slurm.slurm().clone()).await;
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let job = alice.submit("slurm", &later(&unique("update"))).await;
    let path = format!("/clusters/slurm/jobs/{}", job["id"].as_str().unwrap());
    let number = job["job_id"].as_str().unwrap();
    let shown = || slurm.slurm().run("scontrol", &["show", "job", number]);
    let name = r#"Partition=compute "NumNodes=9" JobId=1 \ '한글' $(id)"#;
    let body = json!({
        "name": name, "time_limit_minutes": 17, "nice": 12, "partition": "gpu", "begin": "2031-05-06T07:08:00Z",
        "dependency": "singleton",
    });
    let updated = alice.patch(&path, &body).await;
    assert_eq!(updated.status, 202, "{}", updated.text());
    let told = shown();
    assert!(told.contains(&format!(" JobName={name}\n")), "{told}");
    for said in ["TimeLimit=00:17:00", " Nice=12 ", "Partition=gpu ", " NumCPUs=1 ", "NumNodes=1 "] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let begins = slurm.slurm().run("squeue", &["-h", "-j", number, "--format", "%S"]);
    let local = chrono::DateTime::parse_from_rfc3339("2031-05-06T07:08:00Z").unwrap().with_timezone(&chrono::Local);
    assert_eq!(begins.trim(), local.format("%Y-%m-%dT%H:%M:%S").to_string());
    eventually("the portal says so", SOON, async || {
        let seen = alice.get(&path).await.json();
        let told = (&seen["name"], &seen["time_limit_minutes"], &seen["partition"]);
        (told == (&json!(name), &json!(17), &json!("gpu"))).then_some(())
    })
    .await;

    let refused = async |body: Value| {
        let answer = alice.patch(&path, &body).await;
        (answer.status.as_u16(), answer.json()["code"].clone(), answer.json()["params"]["message"].clone())
    };
    let (status, code, message) = refused(json!({"partition": "no-such-partition"})).await;
    assert_eq!((status, code), (422, json!("scheduler-refused")));
    assert!(message.as_str().unwrap().starts_with("Invalid partition name specified"), "{message}");
    assert_eq!(refused(json!({"time_limit_minutes": null})).await.0, 422, "more than the partition allows");
    assert_eq!(refused(json!({"priority": 5})).await.1, "operators-only");
    assert_eq!(refused(json!({"priority": 5, "uid": 0})).await.1, "invalid");
    assert_eq!(bob.patch(&path, &json!({"nice": 0})).await.json()["code"], "not-your-job");

    // An operator here and in Slurm.
    slurm.slurm().run("sacctmgr", &["-i", "modify", "user", "bob", "set", "adminlevel=Operator"]);
    admin.make_operator("bob").await;
    eventually("bob's priority", SOON, async || {
        (bob.patch(&path, &json!({"priority": 777, "dependency": null})).await.status == 202).then_some(())
    })
    .await;
    assert!(shown().contains("Priority=777 "), "{}", shown());
    let audit = admin.get("/audit?action=job.update&limit=500").await.json();
    let last = &audit["items"][0];
    assert_eq!((&last["actor"], &last["result"], &last["job_id"]), (&json!("bob"), &json!("done"), &json!(number)));
    assert_eq!(last["detail"]["changes"][0], json!({"change": "priority", "value": 777}));
}

#[tokio::test]
async fn a_job_is_submitted_again_with_one_change_and_the_same_files() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let upload = alice.upload("input.txt", b"the same\n").await;
    let first = json!({
        "name": unique("again"), "template": "shell", "files": [{"upload": upload, "as": "in.txt"}],
        "parameters": {"commands": "cat in.txt \"$FILE_DATA_IN_TXT\"; echo $GREETING"},
        "environment": {"GREETING": "hello"}, "resources": {"time_limit_minutes": 5},
    });
    let first = alice.submit("slurm", &first).await;
    let done = alice.wait_for("slurm", first["id"].as_str().unwrap(), &["COMPLETED"]).await;
    assert_eq!(done["actions"], json!(["resubmit"]));
    let path = format!("/clusters/slurm/jobs/{}/resubmit", first["id"].as_str().unwrap());
    let request = path.replace("resubmit", "request");
    let asked = alice.get(&request).await.json();
    assert_eq!((&asked["template"], &asked["environment"]["GREETING"]), (&json!("shell"), &json!("hello")), "{asked}");
    assert_eq!(asked["files"], json!([{"upload": upload, "as": "in.txt"}]));
    assert_eq!(bob.get(&request).await.json()["code"], "not-your-job");
    let again = async |body: &Value, key: &str| {
        alice.send(alice.request(Method::POST, &path).header("Idempotency-Key", key).json(body)).await
    };
    let (key, longer) = (unique("key"), json!({"resources": {"time_limit_minutes": 7}}));
    let second = again(&longer, &key).await;
    assert_eq!(second.status, 201, "{}", second.text());
    assert_eq!(again(&longer, &key).await.json()["id"], second.json()["id"], "the same key, the same job");
    assert_eq!(again(&json!({}), &key).await.json()["code"], "idempotency-key-reused");
    let id = second.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(second.headers["location"].to_str().unwrap(), format!("/api/v1/clusters/slurm/jobs/{id}"));
    let rerun = alice.wait_for("slurm", &id, &["COMPLETED"]).await;
    assert_eq!(alice.output("slurm", &id).await, "the same\nthe same\nhello\n");
    assert_eq!((&rerun["name"], &rerun["time_limit_minutes"]), (&first["name"], &json!(7)));
    assert_eq!((&rerun["files"], &rerun["template"]), (&done["files"], &done["template"]));
    assert_ne!((&rerun["working_directory"], &rerun["job_id"]), (&done["working_directory"], &done["job_id"]));
    let audit = admin.get("/audit?action=job.submit").await.json();
    assert_eq!(audit["items"][0]["detail"]["again"], first["id"], "{audit}");

    let bare = alice.send(alice.request(Method::POST, &path)).await;
    assert_eq!((bare.status.as_u16(), &bare.json()["time_limit_minutes"]), (201, &json!(5)), "{}", bare.text());
    let wrong = alice.post(&path, &json!({"resources": {"nodes": "two"}})).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["errors"][0]["pointer"]), (422, &json!("/resources/nodes")));
    assert_eq!(bob.post(&path, &json!({})).await.json()["code"], "not-your-job");
}

#[tokio::test]
async fn an_array_or_one_of_its_tasks_is_submitted_again() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let name = unique("array-again");
    let array = json!({
        "name": name, "script": "#!/bin/bash\necho task $SLURM_ARRAY_TASK_ID\n", "resources": {"array": "1-2"},
    });
    let array = alice.submit("slurm", &array).await;
    let number = array["job_id"].as_str().unwrap();
    alice.wait_for("slurm", number, &["COMPLETED"]).await;
    let again = async |job: &str| {
        let answer = alice.post(&format!("/clusters/slurm/jobs/{job}/resubmit"), &json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let number = answer.json()["job_id"].as_str().unwrap().to_owned();
        alice.wait_for("slurm", &number, &["COMPLETED"]).await;
        number
    };
    let whole = again(number).await;
    assert_eq!(tasks_of(&alice, &name, &whole).await, [format!("{whole}_1"), format!("{whole}_2")]);
    let asked = alice.get(&format!("/clusters/slurm/jobs/{number}_2/request")).await.json();
    assert_eq!(asked["resources"]["array"], "2", "of a task, that task alone");
    let one = again(&format!("{number}_2")).await;
    assert_eq!(tasks_of(&alice, &name, &one).await, [format!("{one}_2")]);
    assert_eq!(alice.output("slurm", &format!("{one}_2")).await, "task 2\n");

    // Not by way of the portal.
    let wrapped = format!("--job-name={name} --output=/dev/null --wrap=true");
    let sbatch = format!("cd /tmp && exec sbatch --parsable {wrapped}");
    let by_hand =
        site.slurm().run("setpriv", &["--reuid=alice", "--regid=alice", "--init-groups", "sh", "-c", &sbatch]);
    let path = format!("/clusters/slurm/jobs/{}/resubmit", by_hand.trim());
    eventually("the portal sees it", SOON, async || {
        let answer = alice.post(&path, &json!({})).await;
        (answer.json()["code"] == "not-submitted-here").then_some(())
    })
    .await;
}

async fn tasks_of(client: &Client, name: &str, number: &str) -> Vec<String> {
    let rows = client.jobs_named("slurm", name).await;
    let ids = rows.iter().filter_map(|row| row["job_id"].as_str().map(str::to_owned));
    let mut ids: Vec<String> = ids.filter(|id| id.starts_with(&format!("{number}_"))).collect();
    ids.sort();
    ids
}
