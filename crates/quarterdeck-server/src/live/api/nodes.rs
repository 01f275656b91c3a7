//! The channel of a cluster's nodes: for whom the site shows them to, as long as it does.

use axum::extract::ws::WebSocket;
use quarterdeck_slurm as slurm;
use serde_json::json;

use super::{Closed, Watcher, aged, delta_of, send};
use crate::clusters::Cluster;
use crate::live::Topic;
use crate::nodes::api::Node;

impl Watcher<'_> {
    pub(super) async fn nodes_snapshot(&mut self, socket: &mut WebSocket, cluster: &Cluster) -> Result<(), Closed> {
        if !cluster.shows_nodes_to(&self.actor) {
            return self.end_nodes(socket, &cluster.name).await;
        }
        // Before the view is read, so that no later change is taken for an older one.
        let version = self.app.live.version(Topic::Nodes, &cluster.name);
        self.nodes.insert(cluster.name.clone(), version);
        let view = cluster.view();
        let items: Vec<Node> = view.node_list.iter().map(|node| Node::of(node, &view.features)).collect();
        let snapshot = aged(self.snapshot_of(&channel(&cluster.name), version, &items), &view.nodes);
        send(socket, snapshot).await
    }

    pub(super) async fn nodes_delta(
        &mut self,
        socket: &mut WebSocket,
        cluster: &str,
        version: u64,
        upsert: &[slurm::Node],
        remove: &[String],
    ) -> Result<(), Closed> {
        let is_new = self.nodes.get(cluster).is_some_and(|has| version > *has);
        let Some(watched) = self.app.clusters.find(cluster).filter(|_| is_new) else { return Ok(()) };
        // The site's settings and the watcher's role may have changed since the snapshot.
        if !watched.shows_nodes_to(&self.actor) {
            return self.end_nodes(socket, cluster).await;
        }
        let features = watched.view().features;
        let upsert: Vec<Node> = upsert.iter().map(|node| Node::of(node, &features)).collect();
        send(socket, delta_of(&channel(cluster), version, &upsert, remove)).await
    }

    async fn end_nodes(&mut self, socket: &mut WebSocket, cluster: &str) -> Result<(), Closed> {
        self.nodes.remove(cluster);
        send(socket, json!({"type": "error", "channel": channel(cluster), "code": "private-data"})).await
    }
}

fn channel(cluster: &str) -> String {
    format!("nodes:{cluster}")
}
