//! The channel of a cluster's reservations: each time all of those that the watcher may see.

use axum::extract::ws::WebSocket;

use super::{Closed, Watcher, aged, send};
use crate::clusters::Cluster;
use crate::live::Topic;
use crate::nodes;
use crate::nodes::api::Reservation;

impl Watcher<'_> {
    pub(super) async fn reservations_snapshot(
        &mut self,
        socket: &mut WebSocket,
        cluster: &Cluster,
    ) -> Result<(), Closed> {
        let version = self.app.live.version(Topic::Reservations, &cluster.name);
        self.reservations.insert(cluster.name.clone());
        let freshness = cluster.view().reservations;
        let seen = nodes::reservations(&self.actor, cluster);
        let items: Vec<Reservation> = seen.iter().map(Reservation::from).collect();
        let snapshot = self.snapshot_of(&format!("reservations:{}", cluster.name), version, &items);
        send(socket, aged(snapshot, &freshness)).await
    }
}
