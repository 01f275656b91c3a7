//! A real slurmrestd as the source of jobs and nodes: it tells what the commands tell; and whatever becomes of it, the
//! page stays fresh through the commands, says what fails and since when, and returns to it by itself.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use nix::unistd::User;
use rustix::process::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};

use crate::support::{Client, Site, Slurm, eventually, processes, unique};

/// Longer than the server takes to find out that it fails, or that it is back.
const PATIENCE: Duration = Duration::from_secs(90);
/// The oldest that a queue may be that is read each second, on a machine that has other things to do.
const LIVE: Duration = Duration::from_secs(10);
const SERVER_USER: &str = "quarterdeck";

/// What the scheduler says of a job, without what only the portal that submitted it knows.
const OF_SLURM: [&str; 19] = [
    "job_id",
    "name",
    "user",
    "account",
    "partition",
    "qos",
    "state",
    "reason",
    "submitted_at",
    "started_at",
    "ended_at",
    "time_limit_minutes",
    "node_list",
    "nodes",
    "cpus",
    "memory_mib",
    "gpus",
    "exit_code",
    "signal",
];

/// A file with a token of the server's own, which it may read and nobody else.
fn token(site: &Site, slurm: &Slurm) -> PathBuf {
    let path = site.path("etc/slurm-token");
    fs::write(&path, slurm.run("scontrol", &["token", &format!("username={SERVER_USER}"), "lifespan=3600"])).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    give(&path);
    path
}

fn give(path: &Path) {
    let user = User::from_name(SERVER_USER).unwrap().unwrap();
    chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
}

/// A site that reads slurmrestd there.
async fn site_reading(slurm: &Slurm, address: &str, more: &[(&str, &str)]) -> Site {
    let mut site = Site::multi_user_on(slurm.clone()).await;
    site.kill_server();
    let token = token(&site, slurm);
    let rest = [("QUARTERDECK_SLURM__REST", address), ("QUARTERDECK_SLURM__REST_TOKEN", token.to_str().unwrap())];
    site.start_server(&[&rest, more].concat()).await;
    site
}

async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(&format!("/clusters/slurm{path}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Slurm's commands for the queue and the nodes, which fail: whoever is fresh has not asked them.
fn broken_commands(site: &Site) -> PathBuf {
    let directory = site.path("programs");
    fs::create_dir(&directory).unwrap();
    for program in ["squeue", "sinfo", "scontrol", "sacct", "sacctmgr"] {
        let commands = match program {
            "squeue" | "sinfo" => "echo broken >&2; exit 1".to_owned(),
            _ => format!("exec /usr/bin/{program} \"$@\""),
        };
        fs::write(directory.join(program), format!("#!/bin/sh\n{commands}\n")).unwrap();
        fs::set_permissions(directory.join(program), PermissionsExt::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(&directory, PermissionsExt::from_mode(0o755)).unwrap();
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_the_same_jobs_and_nodes_as_the_commands() {
    let Some(slurm) = Slurm::given() else { return };
    let by_commands = Site::multi_user_on(slurm.clone()).await;
    let programs = broken_commands(&by_commands);
    let programs = [("QUARTERDECK_SLURM__PROGRAMS", programs.to_str().unwrap())];
    let by_rest = site_reading(&slurm, slurm.rest(), &programs).await;
    let (reader, alice) = (by_commands.client("alice").await, by_rest.client("alice").await);

    let name = unique("rest");
    let long = "#!/bin/bash\nsleep 300\n";
    let begin = "#!/bin/bash\n#SBATCH --begin=now+1hour\ntrue\n";
    let jobs = [
        ("ended", json!({"script": "#!/bin/bash\ntrue\n"})),
        ("failed", json!({"script": "#!/bin/bash\nexit 3\n"})),
        (
            "running",
            json!({"script": long, "resources": {"partition": "gpu", "gpus": {"count": 1}, "memory_mib": 300}}),
        ),
        (
            "array",
            json!({"script": long, "resources": {"array": "1-3%1", "cpus_per_task": 1, "time_limit_minutes": 7}}),
        ),
        ("한국어 \"a|b\"", json!({"script": begin, "resources": {"nodes": 2, "tasks": 2}})),
    ];
    for (kind, mut job) in jobs {
        job["name"] = json!(format!("{name} {kind}"));
        alice.submit("slurm", &job).await;
    }
    let told = async |client: &Client| {
        let mut jobs = get(client, &format!("/jobs?limit=500&q={name}")).await["items"].as_array().unwrap().clone();
        jobs.sort_by_key(|job| job["job_id"].as_str().unwrap().to_owned());
        // Who reads the commands asks accounting for the exit code, and accounting gives no reason.
        let ended = |job: &Value| job["state"] == "FAILED";
        let told =
            |job: &Value, field: &str| if field == "reason" && ended(job) { json!(null) } else { job[field].clone() };
        let known = |job: &Value| OF_SLURM.map(|field| (field, told(job, field)));
        jobs.iter().map(known).collect::<Vec<_>>()
    };
    let state = |jobs: &[[(&str, Value); 19]], kind: &str| {
        let named = |job: &&[(&str, Value); 19]| job[1].1.as_str().is_some_and(|name| name.ends_with(kind));
        jobs.iter().find(named).map(|job| job[6].1.clone())
    };
    let mut last = (Vec::new(), Vec::new());
    eventually("both tell the same jobs", PATIENCE, async || {
        let now = (told(&reader).await, told(&alice).await);
        if now != last {
            let differ =
                now.0.iter().zip(&now.1).flat_map(|(one, other)| one.iter().zip(other)).filter(|(a, b)| a != b);
            eprintln!("{} and {} jobs, differing in {:?}", now.0.len(), now.1.len(), differ.collect::<Vec<_>>());
            last = now;
        }
        let settled = [("ended", "COMPLETED"), ("failed", "FAILED"), ("running", "RUNNING"), ("array", "RUNNING")];
        let settled = settled.iter().all(|(kind, wanted)| state(&last.1, kind) == Some(json!(wanted)));
        // The five, and the task of the array that runs.
        (settled && last.1.len() == 6 && last.0 == last.1).then_some(())
    })
    .await;

    let nodes = async |client: &Client| {
        let mut nodes = get(client, "/nodes").await["items"].as_array().unwrap().clone();
        // The load changes from one reading to the next; features, which do not, are read by sinfo alone.
        nodes.iter_mut().for_each(|node| (node["load"], node["features"]) = (Value::Null, Value::Null));
        nodes
    };
    eventually("both tell the same nodes", PATIENCE, async || {
        let (one, other) = (nodes(&reader).await, nodes(&alice).await);
        (one.len() == 4 && one == other).then_some(())
    })
    .await;
    for field in ["os", "version", "booted_at", "features", "gres", "reason_by"] {
        assert_eq!(get(&alice, "/nodes/g1").await[field], get(&reader, "/nodes/g1").await[field], "{field}");
    }
    for part in ["/jobs", "/nodes", "/overview"] {
        let fresh = get(&alice, part).await;
        assert_eq!((&fresh["stale"], &fresh["fallback"]), (&json!(false), &Value::Null), "{part}");
    }
}

/// A slurmrestd of the test's own, which knows the server by its socket.
struct OwnRest {
    directory: tempfile::TempDir,
    slurm: Slurm,
    child: Option<Child>,
}

impl OwnRest {
    async fn start(slurm: &Slurm) -> OwnRest {
        let directory = tempfile::Builder::new().prefix("qd-rest-").tempdir_in("/var/tmp").unwrap();
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        give(directory.path());
        let mut own = OwnRest { directory, slurm: slurm.clone(), child: None };
        own.start_again().await;
        own
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    async fn start_again(&mut self) {
        let _ = fs::remove_file(self.socket());
        let child = Command::new("setpriv")
            .args(["--reuid", SERVER_USER, "--regid", SERVER_USER, "--clear-groups", "slurmrestd"])
            .args(["-a", "rest_auth/local", &format!("unix:{}", self.socket().display())])
            .env("SLURM_CONF", self.slurm.conf())
            .env("SLURMRESTD_SECURITY", "disable_unshare_files,disable_unshare_sysv")
            .env("PATH", "/usr/sbin:/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
        let listens = async || UnixStream::connect(self.socket()).await.ok().map(drop);
        eventually("slurmrestd listens", Duration::from_secs(20), listens).await;
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for OwnRest {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.stop();
        }
    }
}

/// Fresh, and read there.
async fn until_read(client: &Client) {
    for part in ["/jobs", "/nodes"] {
        eventually(&format!("{part} come from slurmrestd"), PATIENCE, async || {
            let now = get(client, part).await;
            (!now["as_of"].is_null() && now["stale"] == false && now["fallback"].is_null()).then_some(())
        })
        .await;
    }
}

/// It fails as these words say: jobs and nodes are fresh all the same, and a job is seen to its end.
async fn until_fallen_back(client: &Client, since: DateTime<Utc>, words: &str) {
    for part in ["/jobs", "/nodes"] {
        let what = format!("{part} come from the commands");
        let fallback = eventually(&what, PATIENCE, async || {
            let now = get(client, part).await;
            assert_eq!(now["stale"], false, "{}", now["stale_reason"]);
            Some(now["fallback"].clone()).filter(|fallback| !fallback.is_null())
        });
        let fallback = fallback.await;
        assert!(fallback["reason"].as_str().unwrap().contains(words), "{fallback}");
        let told: DateTime<Utc> = fallback["since"].as_str().unwrap().parse().unwrap();
        assert!(told >= since && told <= Utc::now(), "{told}");
    }
    let job = client.submit("slurm", &json!({"name": unique("meanwhile"), "script": "#!/bin/sh\ntrue\n"})).await;
    let started = Instant::now();
    client.wait_for("slurm", job["id"].as_str().unwrap(), &["COMPLETED"]).await;
    while started.elapsed() < LIVE {
        let now = get(client, "/jobs").await;
        let as_of: DateTime<Utc> = now["as_of"].as_str().unwrap().parse().unwrap();
        let age = (Utc::now() - as_of).to_std().unwrap_or_default();
        assert!(now["stale"] == false && age < LIVE, "{age:?} old, {}", now["stale_reason"]);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stopped_or_hangs_is_done_without_until_it_returns() {
    let Some(slurm) = Slurm::given() else { return };
    let mut own = OwnRest::start(&slurm).await;
    let address = format!("unix:{}", own.socket().display());
    let mut site = Site::multi_user_on(slurm.clone()).await;
    site.kill_server();
    site.start_server(&[("QUARTERDECK_SLURM__REST", &address)]).await;
    let alice = site.client("alice").await;
    until_read(&alice).await;
    let mut live = alice.live().await;
    live.subscribe("jobs:slurm").await;

    let stopped = Utc::now();
    own.stop();
    let told = live.hear_until(|message| {
        (message["type"] == "status" && !message["fallback"].is_null()).then(|| message["fallback"].clone())
    });
    assert!(told.await["reason"].as_str().unwrap().contains("slurmrestd"));
    until_fallen_back(&alice, stopped, "slurmrestd cannot be reached").await;
    own.start_again().await;
    until_read(&alice).await;

    let hung = Utc::now();
    processes::freeze(own.pid());
    until_fallen_back(&alice, hung, "slurmrestd did not answer within").await;
    processes::thaw(own.pid());
    until_read(&alice).await;
}

#[derive(Clone, Copy)]
enum Tamper {
    Nothing,
    /// Ten times slower than the real one and more.
    Delay,
    Garbage,
    Nonsense,
}

/// Passes requests on to the real slurmrestd, or does what a test wants instead.
fn relay(socket: &Path, to: &str) -> Arc<Mutex<Tamper>> {
    let listener = UnixListener::bind(socket).unwrap();
    fs::set_permissions(socket, PermissionsExt::from_mode(0o777)).unwrap();
    let tamper = Arc::new(Mutex::new(Tamper::Nothing));
    let (mode, to) = (tamper.clone(), to.strip_prefix("http://").unwrap().to_owned());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (mode, to) = (*mode.lock().unwrap(), to.clone());
            tokio::spawn(async move {
                let answer = match mode {
                    Tamper::Garbage => {
                        "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n\u{1}{\"jobs\":[{\"job_".as_bytes()
                    }
                    Tamper::Nonsense => &b"\xff\xfe 42 7 of 9\r\n\r\n"[..],
                    Tamper::Nothing | Tamper::Delay => {
                        if let Tamper::Delay = mode {
                            tokio::time::sleep(Duration::from_millis(500)).await;
                        }
                        let mut server = TcpStream::connect(to).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                        return;
                    }
                };
                let _ = client.read(&mut [0; 4096]).await;
                let _ = client.write_all(answer).await;
            });
        }
    });
    tamper
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_garbage_is_not_believed_and_one_that_is_slow_holds_up_nothing() {
    let Some(slurm) = Slurm::given() else { return };
    let directory = tempfile::Builder::new().prefix("qd-rest-").tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let socket = directory.path().join("socket");
    let tamper = relay(&socket, slurm.rest());
    let site = site_reading(&slurm, &format!("unix:{}", socket.display()), &[]).await;
    let alice = site.client("alice").await;
    until_read(&alice).await;

    *tamper.lock().unwrap() = Tamper::Delay;
    let job = alice.submit("slurm", &json!({"name": unique("slow"), "script": "#!/bin/sh\ntrue\n"})).await;
    alice.wait_for("slurm", job["id"].as_str().unwrap(), &["COMPLETED"]).await;
    let asked = Instant::now();
    assert_eq!(get(&alice, "/jobs").await["fallback"], Value::Null);
    assert!(asked.elapsed() < Duration::from_millis(400), "lists do not wait for it: {:?}", asked.elapsed());

    for (mode, words) in [(Tamper::Garbage, "Slurm's JSON"), (Tamper::Nonsense, "slurmrestd broke off")] {
        let begin = Utc::now();
        *tamper.lock().unwrap() = mode;
        until_fallen_back(&alice, begin, words).await;
        *tamper.lock().unwrap() = Tamper::Nothing;
        until_read(&alice).await;
    }

    // A token that it does not take.
    let begin = Utc::now();
    fs::write(site.path("etc/slurm-token"), "SLURM_JWT=eyJhbGciOiJIUzI1NiJ9.e30.x\n").unwrap();
    until_fallen_back(&alice, begin, "slurmrestd answered").await;
}
