//! Reads a Slurm cluster through its own commands, once for everybody, and hands on what changed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quarterdeck_slurm::compact::{
    self, Reading, Separator, accounting, features, node_details, node_events, nodes, partitions, paths, privacy,
    queue, reasons, reservations,
    shares::{self, Share},
    steps,
    usage::{self, JobUsage},
};
use quarterdeck_slurm::{Job, JobPaths, Node, NodeDetails, NodeEvent, Step};
use quarterdeck_types::JobId;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::rest::{Rest, own_name};
use super::shares::Shares;
use super::{Cluster, Demand, Fallback, Line, Privacy, accounts};
use crate::app::App;
use crate::config;
use crate::jobs;
use crate::live::Topic;

/// No command may take longer: the reading is given up and the view goes stale.
const COMMAND_TIME: Duration = Duration::from_secs(30);
/// A reading above this is not believed (20,000 jobs are some 6 MB).
const MAX_OUTPUT: u64 = 256 << 20;
const NODES_EVERY: Duration = Duration::from_secs(10);
/// They are made days before.
const RESERVATIONS_EVERY: Duration = Duration::from_secs(30);
/// They are configured.
const FEATURES_EVERY: Duration = Duration::from_secs(300);
/// A node is seldom another machine.
const ARCHITECTURES_EVERY: Duration = Duration::from_secs(600);
/// Site settings change when an administrator changes them.
const PRIVACY_EVERY: Duration = Duration::from_secs(60);

/// How Slurm's commands are run on this host.
pub struct Commands {
    programs: PathBuf,
    conf: Option<PathBuf>,
    pub(super) poll: Duration,
    rest: Option<Rest>,
    pub(super) shares: Shares,
    architectures: Mutex<HashMap<String, (Instant, Option<String>)>>,
}

impl Commands {
    pub fn new(config: &config::Slurm) -> Commands {
        Commands {
            programs: config.programs.clone(),
            conf: config.conf.clone(),
            poll: Duration::from_secs(config.poll_seconds),
            rest: Rest::new(config),
            shares: Shares::default(),
            architectures: Mutex::default(),
        }
    }

    /// Whether slurmrestd was to be read, and could not.
    fn fallback(&self) -> Option<Fallback> {
        self.rest.as_ref()?.fallback()
    }

    /// The whole queue.
    async fn queue(&self, now: DateTime<Utc>) -> Result<Vec<Job>, String> {
        if let Some(rest) = &self.rest
            && let Some(jobs) = rest.jobs(now).await
        {
            return Ok(jobs);
        }
        let separator = separator()?;
        let answer = self.run(&queue::reading(queue::Jobs::All, &separator)).await?;
        queue::parse(&answer, &separator).map_err(|error| error.to_string())
    }

    /// All nodes.
    async fn nodes(&self, now: DateTime<Utc>) -> Result<Vec<Node>, String> {
        if let Some(rest) = &self.rest
            && let Some(nodes) = rest.nodes(now).await
        {
            return Ok(nodes);
        }
        let separator = separator()?;
        let answer = self.run(&nodes::reading(&separator)).await?;
        nodes::parse(&answer, &separator).map_err(|error| error.to_string())
    }

    /// What accounting knows of these jobs.
    pub async fn accounting(&self, jobs: accounting::Jobs<'_>) -> Result<Vec<Job>, String> {
        let answer = self.run(&accounting::reading(jobs)).await?;
        accounting::parse(&answer).map_err(|error| error.to_string())
    }

    /// What a job has run, as accounting has it.
    pub async fn steps(&self, job_id: &JobId) -> Result<Vec<Step>, String> {
        let answer = self.run(&steps::reading(job_id)).await?;
        steps::parse(&answer, job_id).map_err(|error| error.to_string())
    }

    /// When nodes were out of service, as accounting knows it.
    pub async fn node_events(&self, since: DateTime<Utc>) -> Result<Vec<NodeEvent>, String> {
        let answer = self.run(&node_events::reading(since)).await?;
        node_events::parse(&answer).map_err(|error| error.to_string())
    }

    /// What these jobs used, as far as accounting knows.
    pub async fn usage(&self, jobs: &[JobId]) -> Result<Vec<JobUsage>, String> {
        usage::parse(&self.run(&usage::reading(jobs)).await?).map_err(|error| error.to_string())
    }

    /// Everybody's share of the cluster.
    pub(super) async fn read_shares(&self) -> Result<Vec<Share>, String> {
        shares::parse(&self.run(&shares::reading()).await?).map_err(|error| error.to_string())
    }

    /// Where a job that was not submitted here writes.
    pub async fn paths(&self, job_id: &JobId) -> Result<JobPaths, String> {
        Ok(paths::parse(&self.run(&paths::reading(job_id)).await?))
    }

    /// Whether the queue has this job or task. Where it cannot be told, it may.
    pub async fn knows(&self, job_id: &JobId) -> bool {
        let ids = std::slice::from_ref(job_id);
        let Ok(separator) = separator() else { return true };
        match self.run(&queue::reading(queue::Jobs::Ids(ids), &separator)).await {
            Ok(answer) => !answer.is_empty(),
            Err(_) => true,
        }
    }

    /// One node of the list, as it is now.
    pub async fn node(&self, name: &str, now: DateTime<Utc>) -> Result<(Node, NodeDetails), String> {
        if let Some(rest) = &self.rest
            && let Some(node) = rest.node(name, now).await
        {
            return Ok(node);
        }
        let separator = separator()?;
        let listed = nodes::reading_of(name, &separator);
        let details = node_details::reading(name);
        let (listed, details) = tokio::try_join!(self.run(&listed), self.run(&details))?;
        let node = nodes::parse(&listed, &separator).map_err(|error| error.to_string())?.pop();
        let details = node_details::parse(&details).map_err(|error| error.to_string())?;
        Ok((node.ok_or_else(|| format!("sinfo: {name} is not in the list any more"))?, details))
    }

    /// How a node is built, as the kernel calls it: `x86_64`. It is asked once a while.
    pub async fn architecture(&self, node: &str) -> Option<String> {
        if let Some((at, known)) = self.architectures().get(node)
            && at.elapsed() < ARCHITECTURES_EVERY
        {
            return known.clone();
        }
        let asked = self.run(&node_details::reading(node)).await;
        let details = asked.ok().and_then(|answer| node_details::parse(&answer).ok());
        let found = details.and_then(|details| details.architecture);
        self.architectures().insert(node.to_owned(), (Instant::now(), found.clone()));
        found
    }

    fn architectures(&self) -> MutexGuard<'_, HashMap<String, (Instant, Option<String>)>> {
        self.architectures.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs a reading command with nothing of our own environment; answers its standard output, or why there is none.
    pub(super) async fn run(&self, reading: &Reading) -> Result<Vec<u8>, String> {
        let mut command = tokio::process::Command::new(self.programs.join(reading.program));
        command
            .args(&reading.arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .envs(reading.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(conf) = &self.conf {
            command.env("SLURM_CONF", conf);
        }
        let run = async {
            let mut child = command.spawn().map_err(|error| format!("{}: {error}", reading.program))?;
            let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
            let (out, complaint) = tokio::join!(read_all(stdout, MAX_OUTPUT), read_all(stderr, 16 << 10));
            let status = child.wait().await.map_err(|error| error.to_string())?;
            if status.success() {
                return Ok(out);
            }
            let complaint = String::from_utf8_lossy(&complaint);
            let line = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given");
            Err(format!("{}: {}", reading.program, line.split_once("error: ").map_or(line, |(_, text)| text)))
        };
        let late = || format!("{} did not answer within {} s", reading.program, COMMAND_TIME.as_secs());
        tokio::time::timeout(COMMAND_TIME, run).await.map_err(|_| late())?
    }
}

fn separator() -> Result<Separator, String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("reading random bytes: {error}"))?;
    Ok(Separator::new(random))
}

async fn read_all(pipe: Option<impl tokio::io::AsyncRead + Unpin>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What could not be read shows in the exit status.
        let _ = pipe.take(limit).read_to_end(&mut bytes).await;
    }
    bytes
}

/// Reads the cluster again and again. A failure makes its own part stale and nothing else; and what asks accounting,
/// which may hang, stands in nobody else's way.
pub async fn watch(app: App, cluster: Cluster, commands: Arc<Commands>) {
    let (left, those_left) = watch::channel(Vec::new());
    tokio::join!(
        watch_privacy(&app, &cluster, &commands),
        watch_controller(&app, &cluster, &commands, &left),
        watch_accounting(&app, &cluster, &commands, those_left),
        accounts::watch(&app, &cluster, &commands),
    );
}

async fn watch_privacy(app: &App, cluster: &Cluster, commands: &Commands) {
    loop {
        let known = read_privacy(app, cluster, commands).await;
        tokio::time::sleep(if known { PRIVACY_EVERY } else { commands.poll }).await;
    }
}

async fn watch_controller(app: &App, cluster: &Cluster, commands: &Commands, left: &watch::Sender<Vec<JobId>>) {
    let mut nodes_due = Instant::now();
    let mut reservations_due = Instant::now();
    let mut features_due = Instant::now();
    loop {
        // Nothing is shown before it is known to whom.
        if cluster.view().privacy.is_some() {
            read_jobs(app, cluster, commands, left).await;
            if app.clusters.nodes_soon.swap(false, Ordering::Relaxed) {
                nodes_due = Instant::now();
            }
            if Instant::now() >= nodes_due {
                read_nodes(app, cluster, commands).await;
                nodes_due = Instant::now() + NODES_EVERY;
            }
            if Instant::now() >= reservations_due {
                read_reservations(app, cluster, commands).await;
                reservations_due = Instant::now() + RESERVATIONS_EVERY;
            }
            if Instant::now() >= features_due && !cluster.view().node_list.is_empty() {
                read_features(app, cluster, commands).await;
                features_due = Instant::now() + FEATURES_EVERY;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(commands.poll) => {}
            () = app.clusters.soon.notified() => {}
        }
    }
}

/// After each reading of the queue, or of the newest where there were several meanwhile.
async fn watch_accounting(
    app: &App,
    cluster: &Cluster,
    commands: &Commands,
    mut those_left: watch::Receiver<Vec<JobId>>,
) {
    while those_left.changed().await.is_ok() {
        let left = those_left.borrow_and_update().clone();
        if let Err(reason) = finish_left(app, cluster, commands, left).await {
            tracing::warn!(cluster = %cluster.name, %reason, "accounting does not say how jobs ended");
        }
    }
}

/// What was known stays where it cannot be read; whether it could.
async fn read_privacy(app: &App, cluster: &Cluster, commands: &Commands) -> bool {
    let known = cluster.view().privacy;
    let answer = match commands.run(&privacy::reading()).await {
        Ok(answer) => answer,
        Err(reason) => return warn(cluster, &reason),
    };
    let data = match privacy::parse(&answer) {
        Ok(data) => data,
        Err(error) => return warn(cluster, &error.to_string()),
    };
    let show = |privacy| cluster.change(|view| view.privacy = Some(Arc::new(privacy)));
    // Accounting may take its time. Until it answers, coordinators see what others see.
    if known.is_none() && !data.jobs {
        show(Privacy { data, ..Privacy::default() });
        app.clusters.look_soon();
    }
    let known = known.unwrap_or_default();
    let coordinators = if accounting::is_kept(&answer) {
        let asked = app.clock.now();
        let answer = commands.run(&privacy::coordinators_reading()).await;
        let read = answer.and_then(|answer| privacy::parse_coordinators(&answer).map_err(|error| error.to_string()));
        // What was known stays while it is away.
        cluster.heard_accounting(&app.live, asked, read).unwrap_or_else(|_| known.coordinators.clone())
    } else {
        cluster.change(|view| view.accounting = None);
        HashMap::new()
    };
    let blind = match data.jobs {
        true => blindness(commands).await.unwrap_or_else(|_| known.blind.clone()),
        false => None,
    };
    show(Privacy { data, coordinators, blind });
    true
}

fn warn(cluster: &Cluster, reason: &str) -> bool {
    tracing::warn!(cluster = %cluster.name, reason, "what is private could not be read");
    cluster.change(|view| {
        // All else waits for it.
        if view.privacy.is_none() {
            view.jobs.fail(reason.to_owned());
            view.nodes.fail(reason.to_owned());
        }
    });
    false
}

/// Where jobs are private, an account that is no operator of Slurm is shown none: that must not look like an empty
/// queue. Answers why it is not.
async fn blindness(commands: &Commands) -> Result<Option<String>, String> {
    let user = own_name();
    if nix::unistd::geteuid().is_root() || privacy::parse_level(&commands.run(&privacy::level_reading(&user)).await?) {
        return Ok(None);
    }
    Ok(Some(format!("jobs are private here (PrivateData): make {user} an operator of Slurm's accounting")))
}

async fn read_jobs(app: &App, cluster: &Cluster, commands: &Commands, those_left: &watch::Sender<Vec<JobId>>) {
    // An answer is as old as its question.
    let asked = app.clock.now();
    let outcome = async {
        if let Some(reason) = cluster.view().privacy.and_then(|privacy| privacy.blind.clone()) {
            return Err(reason);
        }
        let mut queue = commands.queue(asked).await?;
        let demand = Demand::count(&queue);
        let line = Line::take(&mut queue);
        // What is told of the jobs counts on it.
        cluster.change(|view| view.line = Arc::new(line));
        let left = jobs::observe(app, &cluster.name, queue).await.map_err(|error| error.to_string())?;
        cluster.change(|view| {
            view.demand = Arc::new(demand);
            view.jobs.read(asked, commands.fallback());
        });
        those_left.send_replace(left);
        Ok::<(), String>(())
    };
    let news = match outcome.await {
        Ok(()) => true,
        Err(reason) => {
            tracing::warn!(cluster = %cluster.name, %reason, "the queue could not be read");
            cluster.change(|view| view.jobs.fail(reason))
        }
    };
    if news {
        app.live.freshness(&cluster.name, Topic::Jobs, cluster.view().jobs);
    }
}

/// Jobs that left the queue end as accounting says.
async fn finish_left(app: &App, cluster: &Cluster, commands: &Commands, left: Vec<JobId>) -> Result<(), String> {
    let mut outcome = Ok(());
    for some in left.chunks(200) {
        let asked = app.clock.now();
        let answer = commands.accounting(accounting::Jobs::Ids(some)).await;
        match cluster.heard_accounting(&app.live, asked, answer) {
            Ok(ended) => {
                jobs::watch_ended(app, &cluster.name, some, ended).await.map_err(|error| error.to_string())?;
            }
            // The others may still be answered.
            Err(reason) => outcome = Err(reason),
        }
    }
    outcome
}

async fn read_nodes(app: &App, cluster: &Cluster, commands: &Commands) {
    let asked = app.clock.now();
    let outcome = async {
        let broken = |error: quarterdeck_slurm::AnswerError| error.to_string();
        let version = compact::parse_version(&commands.run(&compact::version_reading()).await?).map_err(broken)?;
        let nodes = commands.nodes(asked).await?;
        let partitions = partitions::parse(&commands.run(&partitions::reading()).await?).map_err(broken)?;
        let authors = if nodes.iter().any(|node| node.reason.is_some()) {
            let separator = separator()?;
            reasons::parse(&commands.run(&reasons::reading(&separator)).await?, &separator).map_err(broken)?
        } else {
            HashMap::new()
        };
        cluster.change(|view| {
            view.version = Some(version);
            view.partitions = Arc::new(partitions);
            view.reason_authors = Arc::new(authors);
        });
        cluster.show_nodes(&app.live, asked, commands.fallback(), nodes);
        Ok(())
    };
    let news = match outcome.await {
        Ok(()) => true,
        Err(reason) => {
            tracing::warn!(cluster = %cluster.name, %reason, "the nodes could not be read");
            cluster.change(|view| view.nodes.fail(reason))
        }
    };
    if news {
        app.live.freshness(&cluster.name, Topic::Nodes, cluster.view().nodes);
    }
}

async fn read_reservations(app: &App, cluster: &Cluster, commands: &Commands) {
    let asked = app.clock.now();
    let answer = commands.run(&reservations::reading()).await;
    let news = match answer.and_then(|answer| reservations::parse(&answer).map_err(|error| error.to_string())) {
        Ok(reservations) => cluster.change(|view| {
            let news = view.reservations.is_stale() || *view.reservation_list != reservations;
            view.reservation_list = Arc::new(reservations);
            view.reservations.read(asked, None);
            news
        }),
        Err(reason) => {
            tracing::warn!(cluster = %cluster.name, %reason, "the reservations could not be read");
            cluster.change(|view| view.reservations.fail(reason))
        }
    };
    if news {
        app.live.reservations_changed(&cluster.name);
    }
}

/// What was known stays where they cannot be read: nothing depends on them but filters.
async fn read_features(app: &App, cluster: &Cluster, commands: &Commands) {
    let outcome = async {
        let separator = separator()?;
        let answer = commands.run(&features::reading(&separator)).await?;
        features::parse(&answer, &separator).map_err(|error| error.to_string())
    };
    match outcome.await {
        Ok(features) => cluster.show_features(&app.live, features),
        Err(reason) => tracing::warn!(cluster = %cluster.name, %reason, "the nodes' features could not be read"),
    }
}
