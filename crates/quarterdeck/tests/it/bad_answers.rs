//! Slurm's commands answer what nobody can read, or take ten times as long: each part says so of itself, and the rest
//! works.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Site, Slurm, eventually, unique};

const PROGRAMS: [&str; 7] = ["squeue", "sacct", "sinfo", "scontrol", "sacctmgr", "sbatch", "scancel"];
/// Each of the real ones takes some 50 ms.
const TEN_TIMES: &str = "sleep 0.5";
const GARBAGE: &str = r#"printf 'JOBID|\001\377Q{"jobs":[]}|,1\n\nslurm: 7 of 9\n'; exit 0"#;
const PATIENCE: Duration = Duration::from_secs(60);

/// A site on the given Slurm, with a command before each of Slurm's own that a test can change.
struct Tampered {
    site: Site,
    alice: Client,
}

impl Tampered {
    async fn new() -> Option<Tampered> {
        let mut site = Site::single_user_on(Slurm::given()?).await;
        site.kill_server();
        site.kill_agent("alice");
        fs::create_dir(site.path("programs")).unwrap();
        fs::set_permissions(site.path("programs"), PermissionsExt::from_mode(0o755)).unwrap();
        PROGRAMS.iter().for_each(|program| write(site.path("programs").join(program), program, ""));
        let directory = site.path("programs");
        site.start_server(&[("QUARTERDECK_SLURM__PROGRAMS", directory.to_str().unwrap())]).await;
        let alice = site.client("alice").await;
        Some(Tampered { site, alice })
    }

    /// From now on the program does this first; nothing: it is itself.
    fn first(&self, program: &str, commands: &str) {
        write(self.site.path("programs").join(program), program, commands);
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.alice.get(&format!("/clusters/slurm{path}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn until_stale(&self, path: &str, stale: bool) -> Value {
        let what = format!("{path} is {}", if stale { "stale" } else { "fresh" });
        eventually(&what, PATIENCE, async || {
            let answer = self.get(path).await;
            (answer["stale"] == stale && !answer["as_of"].is_null()).then_some(answer)
        })
        .await
    }

    /// While this program answers garbage, this part of the API is stale and names it, and that one is not.
    async fn only(&self, program: &str, part: &str, other: &str) {
        let before = self.until_stale(part, false).await;
        self.first(program, GARBAGE);
        let stale = self.until_stale(part, true).await;
        let reason = stale["stale_reason"].as_str().unwrap();
        assert!(reason.contains(program), "{program}: {reason}");
        assert!(stale["as_of"].as_str() >= before["as_of"].as_str());
        assert_eq!(self.get(part).await["as_of"], stale["as_of"], "the last data stay");
        assert_eq!(self.get(other).await["stale"], false);
        let ready = self.alice.send(self.alice.request_at(Method::GET, "/readyz")).await;
        assert_eq!(ready.status, 200);
        let cluster = json!({"name": "cluster:slurm", "state": if part == "/jobs" { "down" } else { "up" }});
        assert_eq!(ready.json()["parts"][1], cluster);
        self.first(program, "");
        self.until_stale(part, false).await;
    }
}

/// Put in the place of the old one, which may be running.
fn write(path: PathBuf, program: &str, commands: &str) {
    let new = path.with_extension("new");
    fs::write(&new, format!("#!/bin/sh\n{commands}\nexec /usr/bin/{program} \"$@\"\n")).unwrap();
    fs::set_permissions(&new, PermissionsExt::from_mode(0o755)).unwrap();
    fs::rename(new, path).unwrap();
}

fn job(name: &str) -> Value {
    json!({"name": name, "script": "#!/bin/sh\necho computed\n"})
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_makes_its_own_part_stale_and_passes() {
    let Some(tampered) = Tampered::new().await else { return };
    tampered.only("squeue", "/jobs", "/nodes").await;
    tampered.only("sinfo", "/nodes", "/jobs").await;

    // Without accounting jobs are seen to their end all the same.
    tampered.first("sacct", GARBAGE);
    let submitted = tampered.alice.submit("slurm", &job(&unique("unaccounted"))).await;
    let id = submitted["id"].as_str().unwrap();
    tampered.alice.wait_for("slurm", id, &["COMPLETED"]).await;
    assert_eq!(tampered.get("/jobs").await["stale"], false);
    tampered.first("sacct", "");
    let exit_code = async || (tampered.alice.job("slurm", id).await["exit_code"] == 0).then_some(());
    eventually("accounting tells the exit code", PATIENCE, exit_code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_answered_with_garbage_is_resolved_and_never_made_twice() {
    let Some(tampered) = Tampered::new().await else { return };
    let name = unique("garbled");
    let made = format!("/usr/bin/sbatch \"$@\" >/dev/null; {GARBAGE}");
    tampered.first("sbatch", &made);
    let answer = tampered.alice.post("/clusters/slurm/jobs", &job(&name)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (504, &json!("outcome-unknown")), "{}", answer.text());
    let row = eventually("the job is found", PATIENCE, async || {
        let mut rows = tampered.alice.jobs_named("slurm", &name).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.pop().filter(|row| row["state"] == "COMPLETED")
    });
    let row = row.await;
    let made = tampered.site.slurm().jobs_named(&name);
    assert_eq!(made.into_iter().collect::<Vec<_>>(), [row["job_id"].as_str().unwrap()]);

    tampered.first("sbatch", "");
    let after = tampered.alice.submit("slurm", &job(&unique("after"))).await;
    tampered.alice.wait_for("slurm", after["id"].as_str().unwrap(), &["COMPLETED"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_slurm_slows_nothing_else() {
    let Some(tampered) = Tampered::new().await else { return };
    PROGRAMS.iter().for_each(|program| tampered.first(program, TEN_TIMES));
    let submitted = tampered.alice.submit("slurm", &job(&unique("slow"))).await;
    let id = submitted["id"].as_str().unwrap();
    let watched = Instant::now();
    let mut slowest = Duration::ZERO;
    eventually("it ends", PATIENCE, async || {
        let started = Instant::now();
        let listed = tampered.get("/jobs").await;
        slowest = slowest.max(started.elapsed());
        assert_eq!(listed["stale"], false, "{}", listed["stale_reason"]);
        (tampered.alice.job("slurm", id).await["state"] == "COMPLETED").then_some(())
    })
    .await;
    eprintln!("ended after {:?}; the slowest list took {slowest:?}", watched.elapsed());
    assert!(slowest < Duration::from_secs(2), "lists do not wait for Slurm: {slowest:?}");
    assert_eq!(tampered.alice.output("slurm", id).await, "computed\n");
}
