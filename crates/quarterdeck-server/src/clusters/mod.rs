//! The clusters that jobs can be sent to, and what was last read of them. One reader serves everybody.

mod accounts;
pub(crate) mod api;
mod demand;
mod line;
mod rest;
mod shares;
mod sight;
mod slurm;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use chrono::{DateTime, Utc};
use quarterdeck_slurm::{Node, Partition, ReasonAuthor, Reservation};
use serde::Serialize;
use tokio::sync::Notify;
use utoipa::ToSchema;

use crate::app::App;
use crate::config::{self, LOCAL_CLUSTER, Mode};
use crate::history;
use crate::jobs;
use crate::live::{Live, Topic};
pub use accounts::{Accounts, Choices};
pub use demand::{Demand, JobCount};
pub use line::{Line, Waiting};
pub use rest::Address as RestAddress;
pub use sight::{Privacy, Sight};
pub use slurm::{Commands, watch};

pub struct Clusters {
    clusters: Vec<Cluster>,
    /// Rung when something was done that the next reading will show.
    soon: Arc<Notify>,
    /// That reading is to include the nodes.
    nodes_soon: AtomicBool,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    pub name: String,
    pub scheduler: Scheduler,
    view: Arc<RwLock<View>>,
}

#[derive(Clone)]
pub enum Scheduler {
    Slurm(Arc<Commands>),
    /// A queue on the portal's own host.
    Local,
}

/// What was last read of a cluster.
#[derive(Clone, Default)]
pub struct View {
    pub version: Option<String>,
    pub jobs: Freshness,
    pub nodes: Freshness,
    pub node_list: Arc<Vec<Node>>,
    /// Of the nodes that have one.
    pub reason_authors: Arc<HashMap<String, ReasonAuthor>>,
    /// Read seldom, since they are configured.
    pub features: Arc<HashMap<String, Vec<String>>>,
    pub partitions: Arc<Vec<Partition>>,
    /// Read by themselves, and seldom: a site without an answer to this has its jobs and nodes all the same.
    pub reservations: Freshness,
    pub reservation_list: Arc<Vec<Reservation>>,
    /// slurmdbd and its database, which tell how jobs ended. `None`: the site keeps none, or that is not known yet.
    pub accounting: Option<Freshness>,
    pub accounts_read: Freshness,
    pub accounts: Arc<Accounts>,
    pub choices_read: Freshness,
    pub choices: Arc<Choices>,
    pub line: Arc<Line>,
    pub demand: Arc<Demand>,
    /// `None` until it was read: then everything is private.
    pub privacy: Option<Arc<Privacy>>,
}

/// In the first moments after the start.
const NOT_READ_YET: &str = "not-read-yet";

/// How old a reading is, and why there is no newer one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    pub as_of: Option<DateTime<Utc>>,
    /// Why the last reading failed.
    pub stale_reason: Option<String>,
    pub fallback: Option<Fallback>,
}

/// slurmrestd, which the site has named, fails: Slurm's commands are read instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fallback {
    pub since: DateTime<Utc>,
    pub reason: String,
}

impl Freshness {
    pub fn is_stale(&self) -> bool {
        self.reason().is_some()
    }

    /// Why there is no newer reading: what the source's command said, or a code.
    pub fn reason(&self) -> Option<String> {
        let not_yet = || self.as_of.is_none().then(|| NOT_READ_YET.to_owned());
        self.stale_reason.clone().or_else(not_yet)
    }

    fn read(&mut self, now: DateTime<Utc>, fallback: Option<Fallback>) {
        *self = Freshness { as_of: Some(now), stale_reason: None, fallback };
    }

    /// The last data stay; whether this is news.
    fn fail(&mut self, reason: String) -> bool {
        let news = self.stale_reason.is_none();
        self.stale_reason = Some(reason);
        news
    }
}

impl Clusters {
    pub fn new(config: &config::Config, mode: Mode) -> Clusters {
        let cluster = |name: &str, scheduler| Cluster { name: name.to_owned(), scheduler, view: Arc::default() };
        let mut clusters = Vec::new();
        if config.offers_slurm(mode) {
            clusters.push(cluster(&config.slurm.name, Scheduler::Slurm(Arc::new(Commands::new(&config.slurm)))));
        }
        if config.local.enabled {
            clusters.push(cluster(LOCAL_CLUSTER, Scheduler::Local));
        }
        Clusters { clusters, soon: Arc::default(), nodes_soon: AtomicBool::new(false) }
    }

    pub fn all(&self) -> &[Cluster] {
        &self.clusters
    }

    pub fn find(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// Makes the next reading of Slurm come at once.
    pub fn look_soon(&self) {
        self.soon.notify_one();
    }

    pub fn look_soon_at_nodes(&self) {
        self.nodes_soon.store(true, Ordering::Relaxed);
        self.look_soon();
    }
}

impl Cluster {
    pub fn view(&self) -> View {
        self.view.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    pub fn scheduler_name(&self) -> &'static str {
        match self.scheduler {
            Scheduler::Slurm(_) => "slurm",
            Scheduler::Local => "local",
        }
    }

    /// Whether accounting answered what it was asked at this time.
    fn heard_accounting<T>(&self, live: &Live, asked: DateTime<Utc>, outcome: Result<T, String>) -> Result<T, String> {
        let news = self.change(|view| {
            let freshness = view.accounting.get_or_insert_default();
            match &outcome {
                Ok(_) => {
                    let returned = freshness.is_stale();
                    freshness.read(asked, None);
                    returned
                }
                Err(reason) => freshness.fail(reason.clone()),
            }
        });
        if news {
            live.freshness(&self.name, Topic::Jobs, self.view().jobs);
        }
        outcome
    }

    fn change<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        change(&mut self.view.write().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// As if these nodes had been read.
    #[cfg(test)]
    pub(crate) fn with_nodes(&self, nodes: Vec<Node>) {
        self.change(|view| view.node_list = Arc::new(nodes));
    }

    /// The features of a node of the list.
    pub fn features_of(&self, node: &str) -> Vec<String> {
        self.view().features.get(node).cloned().unwrap_or_default()
    }

    /// Takes in a reading of the nodes, and tells those who watch them what is other than before.
    fn show_nodes(&self, live: &Live, now: DateTime<Utc>, fallback: Option<Fallback>, nodes: Vec<Node>) {
        let nodes = Arc::new(nodes);
        let before = self.change(|view| {
            view.nodes.read(now, fallback);
            std::mem::replace(&mut view.node_list, nodes.clone())
        });
        let old: HashMap<&str, &Node> = before.iter().map(|node| (node.name.as_str(), node)).collect();
        let new: HashSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        let changed = nodes.iter().filter(|node| old.get(node.name.as_str()) != Some(node));
        let changed: Vec<Node> = changed.cloned().collect();
        let gone = before.iter().map(|node| &node.name).filter(|name| !new.contains(name.as_str()));
        let gone: Vec<String> = gone.cloned().collect();
        if !changed.is_empty() || !gone.is_empty() {
            live.nodes_changed(&self.name, changed, gone);
        }
    }

    /// Takes in a reading of the features: those whose nodes have others now are told anew.
    fn show_features(&self, live: &Live, features: HashMap<String, Vec<String>>) {
        let features = Arc::new(features);
        let (before, nodes) =
            self.change(|view| (std::mem::replace(&mut view.features, features.clone()), view.node_list.clone()));
        let changed = nodes.iter().filter(|node| before.get(&node.name) != features.get(&node.name));
        let changed: Vec<Node> = changed.cloned().collect();
        if !changed.is_empty() {
            live.nodes_changed(&self.name, changed, Vec::new());
        }
    }

    /// The local queue is read from our own database and so is always fresh.
    pub(crate) fn show_local(&self, live: &Live, now: DateTime<Utc>, node: Node, partition: Partition, demand: Demand) {
        self.change(|view| {
            view.demand = Arc::new(demand);
            view.version = Some(env!("CARGO_PKG_VERSION").to_owned());
            view.jobs.read(now, None);
            view.reservations.read(now, None);
            view.partitions = Arc::new(vec![partition]);
            view.privacy = Some(Arc::default());
        });
        self.show_nodes(live, now, None, vec![node]);
    }
}

/// Starts what keeps every cluster's view fresh.
pub fn start(app: &App) {
    for cluster in app.clusters.all() {
        tokio::spawn(history::watch(app.clone(), cluster.clone()));
        match &cluster.scheduler {
            Scheduler::Slurm(commands) => {
                tokio::spawn(watch(app.clone(), cluster.clone(), commands.clone()));
                tokio::spawn(jobs::collect_usage(app.clone(), cluster.clone(), commands.clone()));
                tokio::spawn(jobs::recover(app.clone(), cluster.clone(), commands.clone()));
            }
            Scheduler::Local => drop(tokio::spawn(jobs::watch_local(app.clone(), cluster.clone()))),
        }
        tokio::spawn(jobs::watch_time_limits(app.clone(), cluster.name.clone()));
    }
}
