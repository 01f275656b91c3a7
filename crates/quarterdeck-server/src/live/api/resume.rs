//! Going on where a client was cut off: it says which version of a channel it has, and is told what it missed.

use std::collections::HashMap;

use axum::extract::ws::WebSocket;
use quarterdeck_slurm as slurm;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Closed, NONE, Watcher, delta_of, send, status};
use crate::clusters::Cluster;
use crate::jobs;
use crate::jobs::api::Job;
use crate::live::{Event, Topic};
use crate::nodes::api::Node;

/// What a client has of a channel.
#[derive(Deserialize)]
pub(super) struct Point {
    /// As the snapshot said: versions of another process, or of another role, are not these.
    epoch: String,
    version: u64,
}

impl Watcher<'_> {
    /// Stands in snapshots, and in what a client sends to go on from one.
    pub(super) fn epoch(&self) -> String {
        format!("{}.{}", self.app.live.epoch(), self.actor.role.as_str())
    }

    /// The jobs that changed since, or all anew.
    pub(super) async fn jobs_since(
        &mut self,
        socket: &mut WebSocket,
        cluster: &Cluster,
        point: Option<&Point>,
    ) -> Result<(), Closed> {
        let Some((from, version, events)) = self.missed(Topic::Jobs, &cluster.name, point) else {
            return self.snapshot(socket, cluster).await;
        };
        self.jobs.insert(cluster.name.clone(), version);
        let sight = cluster.sight_of(&self.actor);
        // Each once, as it stands now.
        let mut last: HashMap<Uuid, &jobs::Job> = HashMap::new();
        for event in &events {
            if let Event::Jobs { jobs, .. } = event {
                last.extend(jobs.iter().map(|job| (job.id, job)));
            }
        }
        let seen = last.into_values().filter(|job| sight.covers(&job.user, job.account.as_deref()));
        let upsert: Vec<Job> = seen.map(|job| Job::seen_by(&self.actor, job)).collect();
        let channel = format!("jobs:{}", cluster.name);
        let mut delta = delta_of(&channel, version, &upsert, &NONE);
        delta["from"] = json!(from);
        send(socket, delta).await?;
        let mut said = status(&channel, &cluster.view().jobs);
        said["accounting"] = json!(super::accounting(cluster));
        send(socket, said).await
    }

    /// The same of nodes.
    pub(super) async fn nodes_since(
        &mut self,
        socket: &mut WebSocket,
        cluster: &Cluster,
        point: Option<&Point>,
    ) -> Result<(), Closed> {
        let missed = self.missed(Topic::Nodes, &cluster.name, point).filter(|_| cluster.shows_nodes_to(&self.actor));
        let Some((from, version, events)) = missed else {
            return self.nodes_snapshot(socket, cluster).await;
        };
        self.nodes.insert(cluster.name.clone(), version);
        // By name, `None`: it is gone.
        let mut last: HashMap<&str, Option<&slurm::Node>> = HashMap::new();
        for event in &events {
            if let Event::Nodes { upsert, remove, .. } = event {
                last.extend(remove.iter().map(|name| (name.as_str(), None)));
                last.extend(upsert.iter().map(|node| (node.name.as_str(), Some(node))));
            }
        }
        let view = cluster.view();
        let upsert: Vec<Node> = last.values().flatten().map(|node| Node::of(node, &view.features)).collect();
        let remove: Vec<&str> = last.iter().filter(|(_, node)| node.is_none()).map(|(name, _)| *name).collect();
        let channel = format!("nodes:{}", cluster.name);
        let mut delta = delta_of(&channel, version, &upsert, &remove);
        delta["from"] = json!(from);
        send(socket, delta).await?;
        send(socket, status(&channel, &view.nodes)).await
    }

    /// The version that the client has, the channel's now, and what was said between; `None`: it begins anew.
    fn missed(&self, of: Topic, name: &str, point: Option<&Point>) -> Option<(u64, u64, Vec<Event>)> {
        let Point { epoch, version } = point?;
        let (now, events) = self.app.live.since(of, name, *version).filter(|_| *epoch == self.epoch())?;
        Some((*version, now, events))
    }
}
