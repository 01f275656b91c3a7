//! The main job, by the API: upload a file, submit a job with it, watch it run, read its output; on Slurm for several
//! users, and on `local` for one.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::unistd::User;
use serde_json::{Value, json};

use crate::support::{Client, Site, Slurm, eventually, processes, unique};

/// So large that the image computes for longer than the queue goes unread.
const INPUT_LINES: usize = 12 << 20;

fn shell(name: &str, commands: &str) -> Value {
    json!({"name": name, "template": "shell", "parameters": {"commands": commands}})
}

fn input() -> Vec<u8> {
    b"some words\n".repeat(INPUT_LINES)
}

/// What the demo image's app prints of [`input`].
fn computed() -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), input()).unwrap();
    let output = Command::new("sha256sum").arg(file.path()).output().unwrap();
    let sum = String::from_utf8(output.stdout).unwrap();
    let sum = sum.split(' ').next().unwrap();
    let (words, bytes) = (2 * INPUT_LINES, 11 * INPUT_LINES);
    format!("wordcount: lines={INPUT_LINES} words={words} bytes={bytes} sha256={sum}\n")
}

/// Uploads, submits and watches until the job is over; answers the job's and the upload's id.
async fn do_main_job(client: &Client, cluster: &str) -> (String, String) {
    let upload = client.upload("input.txt", &input()).await;
    let image = client.image("demo").await;
    let mut live = client.live().await;
    live.subscribe(&format!("jobs:{cluster}")).await;
    live.hear_until(|message| (message["type"] == "snapshot").then_some(())).await;
    let job = json!({
        "name": unique("main-job"), "template": "apptainer-run", "image": {"id": image, "app": "wordcount"},
        "files": [{"upload": upload, "as": "input.txt"}],
    });
    let job = client.submit(cluster, &job).await;
    let id = job["id"].as_str().unwrap();
    let mut states = live.states_until(id, &["COMPLETED", "FAILED"]).await;
    // Slurm's clearing up afterwards may be seen, or not.
    states.retain(|state| state != "COMPLETING");
    let output = client.output(cluster, id).await;
    assert_eq!(states, ["SUBMITTING", "PENDING", "RUNNING", "COMPLETED"], "{output}");
    assert_eq!(output, computed());
    let detail = client.job(cluster, id).await;
    assert_eq!(detail["files"][0]["variable"], "FILE_DATA_INPUT_TXT");
    (id.to_owned(), upload)
}

fn owner_of(path: &str) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{path}: {error}")).uid()
}

#[tokio::test]
async fn the_main_job_runs_on_slurm_as_its_owner_and_for_her_eyes() {
    let Some(site) = Site::multi_user().await else { return };
    let Some(_) = Site::demo_image() else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let (id, upload) = do_main_job(&alice, "slurm").await;

    let job = alice.job("slurm", &id).await;
    let uid = User::from_name("alice").unwrap().unwrap().uid.as_raw();
    let shown = site.slurm().run("scontrol", &["--oneliner", "show", "job", job["job_id"].as_str().unwrap()]);
    assert!(shown.contains(&format!(" UserId=alice({uid}) ")), "{shown}");
    let output = job["output_path"].as_str().unwrap();
    let uploaded = alice.get(&format!("/uploads/{upload}/info")).await.json();
    let uploaded = format!("/home/alice/{}", uploaded["path"].as_str().unwrap());
    assert!(std::fs::read(&uploaded).unwrap() == input(), "the file is there byte for byte");
    for path in [output, &uploaded, job["working_directory"].as_str().unwrap()] {
        assert_eq!(owner_of(path), uid, "{path}");
        assert!(!readable_by("bob", path), "{path}");
    }

    let seen = bob.job("slurm", &id).await;
    assert_eq!((&seen["state"], &seen["mine"]), (&json!("COMPLETED"), &json!(false)));
    for hidden in ["script", "output_path", "working_directory", "comment"] {
        assert_eq!(seen[hidden], Value::Null, "{hidden}");
    }
    let read = bob.get(&format!("/clusters/slurm/jobs/{id}/output")).await;
    assert_eq!((read.status.as_u16(), read.json()["code"].clone()), (403, json!("not-your-job")));
    assert_eq!(bob.get(&format!("/uploads/{upload}/info")).await.status, 404);
    let (directory, _) = uploaded.strip_prefix("/home/alice/").unwrap().rsplit_once('/').unwrap();
    assert_eq!(alice.get(&format!("/files/home?path={directory}")).await.json()["items"][0]["name"], "input.txt");
    assert_eq!(bob.get(&format!("/files/home?path={directory}")).await.status, 404);
    let climbing = bob.get(&format!("/files/home?path=../alice/{directory}")).await;
    assert!([403, 404, 422].contains(&climbing.status.as_u16()), "{}", climbing.text());
    let stolen = json!({"name": "stolen", "script": "#!/bin/sh\ncat input.txt\n", "files": [{"upload": upload}]});
    let stolen = bob.post("/clusters/slurm/jobs", &stolen).await;
    assert_eq!((stolen.status.as_u16(), stolen.json()["errors"][0]["code"].clone()), (422, json!("no-such-upload")));
}

/// By the kernel's word.
fn readable_by(user: &str, path: &str) -> bool {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--init-groups", "test", "-r", path]);
    command.status().unwrap().success()
}

#[tokio::test]
async fn the_main_job_runs_on_the_machine_of_a_single_user() {
    let Some(_) = Site::demo_image() else { return };
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    do_main_job(&client, "local").await;
}

#[tokio::test]
async fn an_array_shows_as_a_whole_and_as_its_tasks() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let upload = alice.upload("input.txt", b"red\ngreen\nblue\n").await;
    let name = unique("array");
    let job = json!({
        "name": name, "template": "array", "parameters": {"commands": "echo task $TASK of $TASKS: $LINE"},
        "files": [{"upload": upload}], "resources": {"array": "1-3"},
    });
    let job = alice.submit("slurm", &job).await;
    let (id, number) = (job["id"].as_str().unwrap(), job["job_id"].as_str().unwrap());
    alice.wait_for("slurm", id, &["COMPLETED"]).await;
    for (task, line) in [(1, "red"), (2, "green"), (3, "blue")] {
        let task_id = format!("{number}_{task}");
        alice.wait_for("slurm", &task_id, &["COMPLETED"]).await;
        assert_eq!(alice.output("slurm", &task_id).await, format!("task {task} of 3: {line}\n"));
    }
    let mut rows: Vec<String> =
        alice.jobs_named("slurm", &name).await.iter().map(|row| row["job_id"].to_string()).collect();
    rows.sort();
    assert_eq!(
        rows,
        [number, &format!("{number}_1"), &format!("{number}_2"), &format!("{number}_3")].map(|id| format!("{id:?}"))
    );
}

#[tokio::test]
async fn an_array_is_one_row_that_opens_to_its_tasks_as_accounting_has_them() {
    let Some(site) = Site::multi_user().await else { return };
    let slurm = Slurm::given().unwrap();
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let name = unique("collapsed");
    let script = "#!/bin/sh\nexit $((SLURM_ARRAY_TASK_ID % 3 == 0 ? 7 : 0))\n";
    let job = json!({"name": name, "script": script, "resources": {"array": "1-12"}});
    let job = alice.submit("slurm", &job).await;
    let (id, number) = (job["id"].as_str().unwrap(), job["job_id"].as_str().unwrap());
    alice.wait_for("slurm", id, &["FAILED"]).await;
    let listed = async |client: &Client, query: &str| {
        let answer = client.get(&format!("/clusters/slurm/jobs?count=true&limit=500&{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let collapsed = listed(&alice, &format!("collapse=true&q={name}")).await;
    assert_eq!((&collapsed["total"], &collapsed["items"][0]["id"]), (&json!(1), &json!(id)), "{collapsed}");

    let as_accounting_has_it = async |array: &str| {
        let tasks = listed(&alice, &format!("array={array}")).await;
        let row = |task: &Value| {
            let text = |field: &str| task[field].as_str().unwrap_or_default().to_owned();
            format!("{}|{}|{}:0", text("job_id"), text("state"), task["exit_code"])
        };
        let ours: BTreeSet<String> = tasks["items"].as_array().unwrap().iter().map(row).collect();
        let columns = ["-X", "-n", "-P", "-o", "JobID,State,ExitCode", "-j", number];
        let theirs: BTreeSet<String> = slurm.run("sacct", &columns).lines().map(str::to_owned).collect();
        (theirs.len() == 12 && ours == theirs).then_some(()).ok_or((ours, theirs))
    };
    let limit = Duration::from_secs(30);
    eventually("each task as in sacct", limit, async || as_accounting_has_it(id).await.ok()).await;
    as_accounting_has_it(number).await.unwrap();

    let failed = listed(&bob, &format!("array={id}&state=FAILED")).await;
    assert_eq!(failed["total"], 4, "whoever sees the array sees its tasks: {failed}");
    assert_eq!(bob.get("/clusters/slurm/jobs?array=999999999").await.status, 404);
}

#[tokio::test]
async fn a_waiting_job_is_held_released_and_cancelled() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let later = json!({"name": unique("later"), "script": "#!/bin/sh\n#SBATCH --begin=now+1hour\ntrue\n"});
    let job = alice.submit("slurm", &later).await;
    let path = format!("/clusters/slurm/jobs/{}", job["id"].as_str().unwrap());
    let reason = async |wanted: &str| {
        let limit = Duration::from_secs(15);
        eventually(wanted, limit, async || (alice.get(&path).await.json()["reason"] == wanted).then_some(())).await;
    };
    reason("BeginTime").await;
    assert_eq!(bob.post(&format!("{path}/hold"), &json!({})).await.status, 403);
    assert_eq!(bob.delete(&path).await.status, 403);
    assert_eq!(alice.post(&format!("{path}/hold"), &json!({})).await.status, 202);
    reason("JobHeldUser").await;
    assert_eq!(alice.get(&path).await.json()["actions"], json!(["cancel", "release", "update", "resubmit"]));
    assert_eq!(alice.post(&format!("{path}/release"), &json!({})).await.status, 202);
    reason("BeginTime").await;
    assert_eq!(alice.delete(&path).await.status, 202);
    alice.wait_for("slurm", job["id"].as_str().unwrap(), &["CANCELLED"]).await;
    let again = alice.delete(&path).await;
    assert_eq!((again.status.as_u16(), again.json()["code"].clone()), (409, json!("job-over")));
}

#[tokio::test]
async fn a_running_job_is_cancelled_with_everything_it_started() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let name = unique("cancelled");
    let mut job = shell(&name, "sleep 600 & sleep 600");
    job["environment"] = json!({"MARK": name});
    let job = alice.submit("slurm", &job).await;
    let id = job["id"].as_str().unwrap();
    alice.wait_for("slurm", id, &["RUNNING"]).await;
    eventually("its processes", Duration::from_secs(10), async || marked_sleeps(&name, 2)).await;
    // Whoever kills her agent loses nothing by it: the next request starts another.
    assert!(site.kill_agent("alice"));
    assert_eq!(alice.delete(&format!("/clusters/slurm/jobs/{id}")).await.status, 202);
    alice.wait_for("slurm", id, &["CANCELLED"]).await;
    eventually("their end", Duration::from_secs(15), async || marked_sleeps(&name, 0)).await;
}

/// Whether there are so many processes `sleep` with the mark in their environment.
fn marked_sleeps(mark: &str, wanted: usize) -> Option<()> {
    let found = processes::that_mention(&format!("MARK={mark}"));
    let name = |pid: &rustix::process::Pid| {
        std::fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_pid())).unwrap_or_default()
    };
    (found.iter().filter(|pid| name(pid) == "sleep\n").count() == wanted).then_some(())
}

#[tokio::test]
async fn a_local_job_is_cancelled_with_everything_it_started() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let name = unique("cancelled");
    let mut job =
        shell(&name, "sleep 600 & setsid sleep 600 & setsid nohup sh -c 'trap \"\" TERM; sleep 600; true' & wait");
    job["environment"] = json!({"MARK": name});
    let job = client.submit("local", &job).await;
    let id = job["id"].as_str().unwrap();
    client.wait_for("local", id, &["RUNNING"]).await;
    eventually("its processes", Duration::from_secs(10), async || marked_sleeps(&name, 3)).await;
    assert_eq!(client.delete(&format!("/clusters/local/jobs/{id}")).await.status, 202);
    client.wait_for("local", id, &["CANCELLED"]).await;
    assert_eq!(processes::that_mention(&format!("MARK={name}")), []);
}

#[tokio::test]
async fn local_jobs_outlive_server_and_agent() {
    let mut site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let long = client.submit("local", &shell(&unique("long"), "sleep 5; echo survived")).await;
    let short = client.submit("local", &shell(&unique("short"), "sleep 1; exit 3")).await;
    let (long, short) = (long["id"].as_str().unwrap(), short["id"].as_str().unwrap());
    for id in [long, short] {
        client.wait_for("local", id, &["RUNNING"]).await;
    }
    site.kill_server();
    assert!(site.kill_agent(&site.person()));
    // The short one ends while nobody looks.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    site.start_server(&[]).await;
    let short = client.wait_for("local", short, &["FAILED"]).await;
    assert_eq!(short["exit_code"], 3);
    assert_eq!(client.job("local", long).await["state"], "RUNNING");
    client.wait_for("local", long, &["COMPLETED"]).await;
    assert_eq!(client.output("local", long).await, "survived\n");
}

#[tokio::test]
async fn the_local_queue_keeps_its_order() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let gate = Gate::closed(&site, &client).await;
    let mut waiting = Vec::new();
    for number in 0..3 {
        let job = client.submit("local", &shell(&unique("waiting"), &format!("echo {number}"))).await;
        waiting.push(format!("/clusters/local/jobs/{}", job["id"].as_str().unwrap()));
    }
    assert_eq!(client.post(&format!("{}/hold", waiting[0]), &json!({})).await.status, 202);
    assert_eq!(client.delete(&waiting[1]).await.status, 202);
    let states = async |wanted: [&str; 3]| {
        eventually(&format!("{wanted:?}"), Duration::from_secs(20), async || {
            let mut states = Vec::new();
            for path in &waiting {
                states.push(client.get(path).await.json()["state"].as_str().unwrap().to_owned());
            }
            (states == wanted).then_some(())
        })
        .await;
    };
    states(["PENDING", "CANCELLED", "PENDING"]).await;
    gate.open();
    states(["PENDING", "CANCELLED", "COMPLETED"]).await;
    assert_eq!(client.get(&waiting[0]).await.json()["reason"], "JobHeldUser");
    assert_eq!(client.post(&format!("{}/release", waiting[0]), &json!({})).await.status, 202);
    states(["COMPLETED", "CANCELLED", "COMPLETED"]).await;
}

/// Cancelled at the moment at which the queue starts it: it does not run on behind the back of who cancelled it.
#[tokio::test]
async fn a_local_job_cancelled_while_it_starts_stays_cancelled() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let gate = Gate::closed(&site, &client).await;
    let name = unique("cancelled");
    let mut job = shell(&name, "sleep 600");
    job["environment"] = json!({"MARK": name});
    let id = client.submit("local", &job).await["id"].as_str().unwrap().to_owned();
    let agent = processes::listener(&site.agent_socket(&site.person())).unwrap();
    processes::freeze(agent);
    gate.open();
    // The queue looks twice a second: by then it waits for the agent to say what ended.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let (other, path) = (client.clone(), format!("/clusters/local/jobs/{id}"));
    let cancel = tokio::spawn(async move { other.delete(&path).await.status });
    tokio::time::sleep(Duration::from_millis(500)).await;
    processes::thaw(agent);
    assert_eq!(cancel.await.unwrap(), 202);
    client.wait_for("local", &id, &["CANCELLED"]).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(client.job("local", &id).await["state"], "CANCELLED");
    assert_eq!(processes::that_mention(&format!("MARK={name}")), []);
}

/// A running job that uses the whole machine until the gate is opened.
struct Gate(PathBuf);

impl Gate {
    async fn closed(site: &Site, client: &Client) -> Gate {
        let mut job = shell(&unique("whole-machine"), "while [ ! -e go ]; do sleep 0.1; done");
        job["resources"] = json!({"cpus_per_task": 4096});
        job["working_directory"] = json!("gate");
        let job = client.submit("local", &job).await;
        client.wait_for("local", job["id"].as_str().unwrap(), &["RUNNING"]).await;
        Gate(site.home(&site.person()).join("gate/go"))
    }

    fn open(self) {
        std::fs::write(self.0, "").unwrap();
    }
}
