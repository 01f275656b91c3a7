//! Shows nodes, partitions and reservations, from the last reading of the cluster.

pub(crate) mod api;
