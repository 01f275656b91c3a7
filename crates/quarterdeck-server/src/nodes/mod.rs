//! Shows nodes, partitions and reservations, from the last reading of the cluster; takes nodes out of service and back,
//! and has them rebooted.

pub(crate) mod api;

use futures_util::StreamExt;
use quarterdeck_slurm as slurm;
use quarterdeck_types::agent::Request;
use quarterdeck_types::control::{NodeChange, NodeName, Reason};
use sea_orm::DbErr;
use serde_json::json;
use thiserror::Error;

use crate::access::{Actor, Role};
use crate::agents::{self, complaint};
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::auth;
use crate::clusters::{Cluster, Freshness, Scheduler};
use crate::jobs::{self, Job};

/// An operator's agent is asked for so many nodes of one request at the same time.
const AT_ONCE: usize = 4;

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such node.")]
    NotFound,
    #[error("{cluster} does not accept this: {message}")]
    Refused { cluster: String, message: String },
    #[error("{scheduler} cannot do this with a node.")]
    Unsupported { scheduler: &'static str },
    #[error(transparent)]
    Agent(#[from] agents::Error),
    #[error(transparent)]
    Auth(#[from] auth::Error),
    #[error(transparent)]
    Jobs(#[from] jobs::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// What is done to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// No further job starts on it; those that run go on.
    Drain {
        reason: Reason,
    },
    Resume,
    /// When it is idle; as soon as possible: nothing further starts on it before.
    Reboot {
        asap: bool,
        reason: Option<Reason>,
    },
}

/// What may be done to a node now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Drain,
    Resume,
    Reboot,
}

/// One node, read anew, and what runs on it.
pub struct Detail {
    pub node: slurm::Node,
    /// `None` where the scheduler does not tell.
    pub details: Option<slurm::NodeDetails>,
    /// Of those that the reader may see.
    pub jobs: Vec<Job>,
    pub freshness: Freshness,
}

/// One node of the cluster's list. Where Slurm does not answer it is as it was read last, and says so.
pub async fn detail(app: &App, actor: &Actor, cluster: &Cluster, name: &str) -> Result<Detail, Error> {
    let listed = find(cluster, name)?;
    let read = match &cluster.scheduler {
        Scheduler::Slurm(commands) => {
            commands.node(&listed.name, app.clock.now()).await.map(|(node, details)| (node, Some(details)))
        }
        Scheduler::Local => Ok((listed.clone(), None)),
    };
    let last = cluster.view().nodes;
    let (node, details, freshness) = match read {
        Ok((node, details)) => (node, details, Freshness { as_of: Some(app.clock.now()), stale_reason: None, ..last }),
        Err(reason) => (listed, None, Freshness { stale_reason: Some(reason), ..last }),
    };
    let jobs = jobs::on_node(app, actor, cluster, &node.name).await?;
    Ok(Detail { node, details, jobs, freshness })
}

/// What this person may do with the node now.
pub fn offers(actor: &Actor, cluster: &Cluster, node: &slurm::Node) -> Vec<Offer> {
    let is_slurm = matches!(cluster.scheduler, Scheduler::Slurm(_));
    if !is_slurm || actor.role < Role::Operator || actor.unix_user.is_none() {
        return Vec::new();
    }
    let has = |flag: &str| node.flags.iter().any(|known| known == flag);
    let is_out = has("drain") || has("fail") || ["down", "drained", "draining"].contains(&node.state.as_str());
    let mut offers = vec![if is_out { Offer::Resume } else { Offer::Drain }];
    if !has("reboot_requested") && !has("reboot_issued") {
        offers.push(Offer::Reboot);
    }
    offers
}

/// Does something to a node of the cluster's list, as the operator's own Unix user: Slurm says whether she may.
pub async fn act(app: &App, actor: &Actor, cluster: &Cluster, name: &str, action: &Action) -> Result<(), Error> {
    let node = find(cluster, name)?.name;
    let unix_user = auth::unix_user(actor)?;
    let event = || Event::new(audited(action), &node).with(told(cluster, action));
    let intent = app.audit.intend(actor, event()).await?;
    let result = match &cluster.scheduler {
        Scheduler::Slurm(_) => ask_slurm(app, cluster, unix_user, &node, action).await,
        Scheduler::Local => Err(Error::Unsupported { scheduler: "The local queue" }),
    };
    let word = match &result {
        Ok(()) => Outcome::Done,
        Err(Error::Refused { .. } | Error::Unsupported { .. }) => Outcome::Refused,
        Err(Error::Agent(agents::Error::Unreachable(_) | agents::Error::TimedOut | agents::Error::Protocol(_))) => {
            Outcome::Unknown
        }
        Err(_) => Outcome::Failed,
    };
    app.audit.conclude(actor, intent, word, event()).await?;
    app.clusters.look_soon_at_nodes();
    result
}

/// The same to each of several nodes. What one meets does not keep the others waiting.
pub async fn act_on_many(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    names: Vec<String>,
    action: &Action,
) -> Vec<(String, Result<(), Error>)> {
    let one = async |name: String| {
        let result = act(app, actor, cluster, &name, action).await;
        (name, result)
    };
    futures_util::stream::iter(names.into_iter().map(one)).buffered(AT_ONCE).collect().await
}

fn find(cluster: &Cluster, name: &str) -> Result<slurm::Node, Error> {
    cluster.view().node_list.iter().find(|node| node.name == name).cloned().ok_or(Error::NotFound)
}

async fn ask_slurm(app: &App, cluster: &Cluster, user: &str, node: &str, action: &Action) -> Result<(), Error> {
    let node = NodeName::parse(node).map_err(|_| Error::NotFound)?;
    let request = match action.clone() {
        Action::Drain { reason } => Request::UpdateNode { node, change: NodeChange::Drain { reason } },
        Action::Resume => Request::UpdateNode { node, change: NodeChange::Resume },
        Action::Reboot { asap, reason } => Request::RebootNode { node, asap, reason },
    };
    let result = app.agents.of(user).program(request).await?;
    match complaint::refusal(&result) {
        None => Ok(()),
        Some(words) => Err(Error::Refused { cluster: cluster.name.clone(), message: clearer(words, user) }),
    }
}

/// Slurm says no more than this to whom it does not know as an administrator.
fn clearer(words: String, user: &str) -> String {
    if ["Invalid user id", "Permission denied"].contains(&words.as_str()) {
        return format!("{user} is no administrator of Slurm (\"{words}\")");
    }
    words
}

fn audited(action: &Action) -> &'static str {
    match action {
        Action::Drain { .. } => "node.drain",
        Action::Resume => "node.resume",
        Action::Reboot { .. } => "node.reboot",
    }
}

fn told(cluster: &Cluster, action: &Action) -> serde_json::Value {
    match action {
        Action::Drain { reason } => json!({"cluster": cluster.name, "reason": reason}),
        Action::Resume => json!({"cluster": cluster.name}),
        Action::Reboot { asap, reason } => json!({"cluster": cluster.name, "asap": asap, "reason": reason}),
    }
}
