//! Server and agent are killed in the middle of a submission: no job is submitted twice, none is lost from the list,
//! and what cannot be told is shown as such.
//!
//! Whether a job exists is asked of Slurm itself, by the job's unique name.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Client, OwnSlurm, Site, Slurm, eventually, processes, unique};

const CRASH_SERVER: &str = "QUARTERDECK_SERVER_CRASH_AT";
const CRASH_AGENT: &str = "QUARTERDECK_AGENT_CRASH_AT";
/// Every named point, and whether the job has gone to Slurm by then.
const POINTS: [(&str, &str, bool); 6] = [
    (CRASH_SERVER, "row-written", false),
    (CRASH_SERVER, "answered", true),
    (CRASH_SERVER, "recorded", true),
    (CRASH_AGENT, "sbatch-started", true),
    (CRASH_AGENT, "sbatch-answered", true),
    (CRASH_AGENT, "recorded", true),
];
const RANDOM_KILLS: u64 = 5;
/// Each kill comes at random in a span of its own; a submission takes all of them together, or a little less.
const SPAN_MS: u64 = 20;
const MIN_JOB_AGE: (&str, &str) = ("QD_DEV_MIN_JOB_AGE", "2");

/// A submission that something is killed in.
struct Attempt {
    site: Site,
    alice: Client,
    name: String,
    body: Value,
}

impl Attempt {
    async fn on(slurm: &Slurm) -> Attempt {
        let site = Site::single_user_on(slurm.clone()).await;
        let alice = site.client("alice").await;
        let name = unique("kill");
        let body = json!({"name": name, "template": "shell", "parameters": {"commands": "true"}});
        Attempt { site, alice, name, body }
    }

    /// Submits while `variable` has the server or the agent killed at `point`; leaves neither running.
    async fn killed_at(&mut self, variable: &str, point: &str) {
        self.kill_both();
        self.site.start_server(&[(variable, point)]).await;
        self.submit().await;
        if variable == CRASH_SERVER {
            self.site.server_end().await;
            self.site.kill_agent("alice");
        } else {
            self.kill_both();
        }
    }

    /// Kills server, agent and `sbatch` itself while the controller, which is frozen, has the request.
    async fn killed_in_the_dark(&mut self) {
        let (alice, body, name) = (self.alice.clone(), self.body.clone(), self.name.clone());
        let request = tokio::spawn(async move { alice.try_submit("slurm", &body, &name).await.is_some() });
        let row = eventually("the row", Duration::from_secs(10), async || self.rows().await.pop()).await;
        let comment = format!("--comment=qd:{}", row["id"].as_str().unwrap());
        let running = async || processes::that_mention(&comment).first().copied();
        let sbatch = eventually("sbatch", Duration::from_secs(10), running).await;
        // Nothing tells from outside that the request is sent; all it does before takes a few milliseconds.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        self.kill_both();
        processes::kill(sbatch);
        assert!(!request.await.unwrap(), "the server was killed before it could answer");
    }

    fn rename(&mut self, name: &str) {
        self.name = unique(name);
        self.body["name"] = json!(self.name);
    }

    async fn submit(&self) -> Option<crate::support::Answer> {
        self.alice.try_submit("slurm", &self.body, &self.name).await
    }

    fn kill_both(&mut self) {
        self.site.kill_server();
        self.site.kill_agent("alice");
    }

    async fn rows(&self) -> Vec<Value> {
        self.alice.jobs_named("slurm", &self.name).await
    }

    /// The one row, once its submission is no longer under way.
    async fn settled(&self) -> Value {
        eventually("the submission's end is known", Duration::from_secs(60), async || {
            let mut rows = self.rows().await;
            assert_eq!(rows.len(), 1, "one row: {rows:?}");
            rows.pop().filter(|row| row["state"] != "SUBMITTING")
        })
        .await
    }

    /// The list shows the one job that Slurm has, and asking again makes no other.
    async fn is_there_once(&self) {
        let row = self.settled().await;
        let jobs = self.site.slurm().jobs_named(&self.name);
        assert_eq!(Vec::from_iter(&jobs), [row["job_id"].as_str().unwrap_or("none")], "{row}");
        assert!(!["NOT_SUBMITTED", "OUTCOME_UNKNOWN"].contains(&row["state"].as_str().unwrap()), "{row}");
        self.is_not_made_again(&row).await;
    }

    /// The list says why there is no such job, or why nobody knows; nobody tries again.
    async fn is_shown_as(&self, state: &str) {
        let row = self.settled().await;
        assert_eq!(row["state"], state, "{row}");
        assert_eq!(row["job_id"], Value::Null, "{row}");
        assert!(!row["message"].as_str().unwrap().is_empty());
        self.is_not_made_again(&row).await;
    }

    fn jobs(&self) -> usize {
        self.site.slurm().jobs_named(&self.name).len()
    }

    /// The same request once more brings what the first did.
    async fn is_not_made_again(&self, row: &Value) {
        let before = self.site.slurm().jobs_named(&self.name);
        let replayed = self.submit().await.expect("the server answers");
        match row["state"].as_str().unwrap() {
            "NOT_SUBMITTED" => assert_eq!(replayed.json()["code"], "scheduler-refused"),
            "OUTCOME_UNKNOWN" => assert_eq!(replayed.json()["params"]["id"], row["id"]),
            _ => assert_eq!(replayed.json()["id"], row["id"]),
        }
        assert_eq!(self.site.slurm().jobs_named(&self.name), before);
        assert_eq!(self.rows().await.len(), 1);
    }
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(2)]
#[case(3)]
#[case(4)]
#[case(5)]
#[tokio::test]
async fn a_submission_killed_at_a_named_point_is_made_once_or_not_at_all(#[case] point: usize) {
    let Some(slurm) = Slurm::given() else { return };
    let (variable, point, submitted) = POINTS[point];
    let mut attempt = Attempt::on(&slurm).await;
    attempt.killed_at(variable, point).await;
    attempt.site.start_server(&[]).await;
    if submitted {
        attempt.is_there_once().await;
    } else {
        attempt.is_shown_as("NOT_SUBMITTED").await;
        assert_eq!(attempt.jobs(), 0);
    }
}

#[tokio::test]
async fn an_agent_killed_at_a_named_point_does_not_trouble_who_submits() {
    let Some(slurm) = Slurm::given() else { return };
    for (variable, point, _) in POINTS.into_iter().filter(|(variable, ..)| *variable == CRASH_AGENT) {
        let mut attempt = Attempt::on(&slurm).await;
        attempt.kill_both();
        attempt.site.start_server(&[(variable, point)]).await;
        let answer = attempt.submit().await.expect("the server lives");
        assert_eq!(answer.status, 201, "{point}: {}", answer.text());
        attempt.is_there_once().await;
    }
}

#[rstest]
#[case::server(true)]
#[case::agent(false)]
#[tokio::test]
async fn a_submission_killed_at_random_is_made_once_or_not_at_all(#[case] server: bool) {
    let Some(slurm) = Slurm::given() else { return };
    let mut attempt = Attempt::on(&slurm).await;
    for span in 0..RANDOM_KILLS {
        attempt.rename("kill");
        let (alice, body, name) = (attempt.alice.clone(), attempt.body.clone(), attempt.name.clone());
        let request = tokio::spawn(async move { alice.try_submit("slurm", &body, &name).await });
        let delay = span * SPAN_MS + uuid::Uuid::now_v7().as_u64_pair().1 % SPAN_MS;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        if server {
            attempt.site.kill_server();
        } else {
            attempt.site.kill_agent("alice");
        }
        let answer = request.await.unwrap().map(|answer| answer.status.as_u16());
        if server {
            attempt.site.start_server(&[]).await;
        } else {
            assert!(answer.is_some(), "the server lives");
        }
        // Killed before the row was written, nothing is there, and whoever asked had no answer.
        let told = match attempt.rows().await.is_empty() {
            true => "nothing began".to_owned(),
            false => attempt.settled().await["state"].to_string(),
        };
        let victim = if server { "server" } else { "agent" };
        eprintln!("{victim} killed after {delay} ms: answer {answer:?}, {told}");
        let jobs = slurm.jobs_named(&attempt.name);
        match told.as_str() {
            "nothing began" => assert!(answer != Some(201) && jobs.is_empty(), "{jobs:?}"),
            "\"NOT_SUBMITTED\"" => {
                attempt.is_shown_as("NOT_SUBMITTED").await;
                assert_eq!(jobs.len(), 0);
            }
            // The agent was about to start sbatch, and nobody saw whether it did. Had it, the queue would tell.
            "\"OUTCOME_UNKNOWN\"" => {
                attempt.is_shown_as("OUTCOME_UNKNOWN").await;
                assert!(answer != Some(201) && jobs.is_empty(), "{jobs:?}");
            }
            _ => attempt.is_there_once().await,
        }
    }
}

/// On `local` a job is counted by the lines that it writes.
#[rstest]
#[case("row-written", "NOT_SUBMITTED", 0)]
#[case("answered", "NOT_SUBMITTED", 0)]
#[case("recorded", "COMPLETED", 1)]
#[tokio::test]
async fn a_local_submission_killed_at_a_named_point_runs_once_or_not_at_all(
    #[case] point: &str,
    #[case] state: &str,
    #[case] runs: usize,
) {
    let mut site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    site.kill_server();
    site.start_server(&[(CRASH_SERVER, point)]).await;
    let (name, body) = counted(&site);
    assert!(client.try_submit("local", &body, &name).await.is_none());
    site.server_end().await;
    site.start_server(&[]).await;
    let rows = client.jobs_named("local", &name).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    client.wait_for("local", rows[0]["id"].as_str().unwrap(), &[state]).await;
    assert_eq!(runs_of(&site, &name), runs);
}

#[tokio::test]
async fn a_local_job_whose_agent_is_killed_at_random_runs_once() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    for span in 0..RANDOM_KILLS {
        let (name, body) = counted(&site);
        let job = client.submit("local", &body).await;
        let delay = span * SPAN_MS + uuid::Uuid::now_v7().as_u64_pair().1 % SPAN_MS;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        site.kill_agent(&site.person());
        let job = client.wait_for("local", job["id"].as_str().unwrap(), &["COMPLETED", "FAILED", "NODE_FAIL"]).await;
        eprintln!("agent killed {delay} ms after a local submission: {}", job["state"]);
        assert_eq!((job["state"].as_str().unwrap(), runs_of(&site, &name)), ("COMPLETED", 1), "{job}");
    }
}

fn counted(site: &Site) -> (String, Value) {
    let name = unique("counted");
    let file = site.home(&site.person()).join(&name);
    let commands = format!("echo ran >>{}", file.display());
    let body = json!({"name": name, "template": "shell", "parameters": {"commands": commands}});
    (name, body)
}

fn runs_of(site: &Site, name: &str) -> usize {
    let file = site.home(&site.person()).join(name);
    std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

/// Her agent hangs while the job runs and ends, and answers then: what the queue told meanwhile stays.
#[tokio::test]
async fn a_late_answer_does_not_undo_what_the_queue_told() {
    let Some(slurm) = Slurm::given() else { return };
    let attempt = Attempt::on(&slurm).await;
    assert_eq!(attempt.alice.get("/spaces").await.status, 200, "her agent runs");
    let agent = processes::listener(&attempt.site.agent_socket("alice")).unwrap();
    let (alice, body, name) = (attempt.alice.clone(), attempt.body.clone(), attempt.name.clone());
    let request = tokio::spawn(async move { alice.try_submit("slurm", &body, &name).await });
    // Its one child is sbatch.
    while !processes::has_child(agent) {
        assert!(!request.is_finished(), "sbatch was never seen");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    processes::freeze(agent);
    let row = eventually("the row", Duration::from_secs(10), async || attempt.rows().await.pop()).await;
    let id = row["id"].as_str().unwrap();
    attempt.alice.wait_for("slurm", id, &["COMPLETED"]).await;
    processes::thaw(agent);
    let answer = request.await.unwrap().unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(attempt.alice.job("slurm", id).await["state"], "COMPLETED");
    attempt.is_there_once().await;
}

/// The server comes back when the jobs are over and Slurm has forgotten them: accounting alone tells, with and without
/// the comment that carries our id.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_left_the_queue_meanwhile_are_found_in_accounting() {
    let kept = [MIN_JOB_AGE, ("QD_DEV_KEEP_COMMENTS", "1")];
    let Some(mut own) = OwnSlurm::up(&kept) else { return };
    found_in_accounting(&own, true).await;
    own.reconfigure(&[MIN_JOB_AGE, ("QD_DEV_KEEP_COMMENTS", "0")]);
    found_in_accounting(&own, false).await;
}

async fn found_in_accounting(own: &OwnSlurm, comments: bool) {
    let slurm = own.slurm();
    // The controller dies with the request: nobody will ever know that it was not carried out.
    let mut never_made = Attempt::on(slurm).await;
    own.freeze("slurmctld");
    never_made.killed_in_the_dark().await;
    own.kill("slurmctld");
    own.start_controller();
    // It carries the requests out, and finds nobody to tell. The twins share a directory.
    let mut made = Attempt::on(slurm).await;
    let mut twins = Attempt::on(slurm).await;
    twins.body["working_directory"] = json!("twins");
    own.freeze("slurmctld");
    made.killed_in_the_dark().await;
    twins.killed_in_the_dark().await;
    let elder = twins.name.clone();
    twins.rename("kill");
    twins.site.start_server(&[]).await;
    twins.killed_in_the_dark().await;
    own.thaw("slurmctld");

    let mut attempts = Vec::new();
    for (variable, point, submitted) in POINTS {
        let mut attempt = Attempt::on(slurm).await;
        attempt.killed_at(variable, point).await;
        attempts.push((attempt, submitted));
    }
    for name in attempts.iter().map(|(attempt, _)| &attempt.name).chain([&made.name, &elder, &twins.name]) {
        let forgotten = async || (!slurm.remembers(name)).then_some(());
        eventually("Slurm forgets the job", Duration::from_secs(60), forgotten).await;
    }
    let job_id = slurm.jobs_named(&made.name).pop_first().expect("the controller made the job");
    let comment = slurm.account_of(&job_id, "Comment").concat();
    assert_eq!(comment.starts_with("qd:"), comments, "accounting's comment: {comment:?}");

    for (attempt, submitted) in &mut attempts {
        attempt.site.start_server(&[]).await;
        if *submitted {
            attempt.is_there_once().await;
        } else {
            attempt.is_shown_as("NOT_SUBMITTED").await;
            assert_eq!(attempt.jobs(), 0);
        }
    }
    made.site.start_server(&[]).await;
    made.is_there_once().await;
    twins.site.start_server(&[]).await;
    for name in [twins.name.clone(), elder] {
        twins.name = name.clone();
        twins.body["name"] = json!(name);
        match comments {
            true => twins.is_there_once().await,
            // Which of the two is which, nobody can tell.
            false => twins.is_shown_as("OUTCOME_UNKNOWN").await,
        }
        assert_eq!(twins.jobs(), 1);
    }
    never_made.site.start_server(&[]).await;
    never_made.is_shown_as("OUTCOME_UNKNOWN").await;
    assert_eq!(never_made.jobs(), 0);
}
