//! The server's parts, put together once at start and shared by every request.

use std::sync::Arc;

use crate::agents::Agents;
use crate::auth::Keys;
use crate::clock::Clock;
use crate::clusters::Clusters;
use crate::config::{Config, Mode};
use crate::db::Db;
use crate::live::Live;

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub mode: Mode,
    pub clock: Clock,
    pub db: Db,
    pub keys: Keys,
    pub agents: Agents,
    pub clusters: Clusters,
    pub live: Live,
    pub uploads: crate::uploads::Uploads,
    pub images: crate::images::Images,
    pub jobs: crate::jobs::Jobs,
}

impl App {
    pub fn new(parts: Parts) -> App {
        App(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
