//! Shows nodes and partitions, from the last reading of the cluster.

pub(crate) mod api;
