//! The server's parts, put together once at start and shared by every request.

use std::sync::Arc;

use crate::agents::Agents;
use crate::audit;
use crate::auth::Keys;
use crate::clock::Clock;
use crate::clusters::Clusters;
use crate::config::{Config, Mode};
use crate::db::Db;
use crate::limits::Limits;
use crate::live::Live;

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub mode: Mode,
    pub clock: Clock,
    pub db: Db,
    pub audit: audit::Log,
    pub keys: Keys,
    pub agents: Agents,
    pub clusters: Clusters,
    pub limits: Limits,
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

#[cfg(test)]
pub(crate) mod testing {
    use std::path::{Path, PathBuf};

    use chrono::{DateTime, Utc};

    use super::{App, Parts};
    use crate::access::{Actor, Role, Via};
    use crate::agents::{Agents, Start};
    use crate::audit;
    use crate::auth::Keys;
    use crate::clock::Clock;
    use crate::clusters::Clusters;
    use crate::config::{Config, Mode};
    use crate::db::Db;
    use crate::limits::Limits;

    /// A site's parts on a test's database, at this time. No agent and no scheduler is there. Several of them with the
    /// same data directory are one server at different times.
    pub(crate) fn app_at(db: &Db, data: &Path, time: DateTime<Utc>) -> App {
        let config = Config::load(None).unwrap();
        App::new(Parts {
            agents: Agents::new(Start::Launcher { socket: PathBuf::from("/nowhere") }, 1),
            clusters: Clusters::new(&config, Mode::MultiUser),
            limits: Limits::new(&config, Clock::fixed(time), None),
            live: Default::default(),
            uploads: Default::default(),
            images: Default::default(),
            jobs: Default::default(),
            config,
            mode: Mode::MultiUser,
            audit: audit::Log::new(db.clone(), Clock::fixed(time)),
            clock: Clock::fixed(time),
            db: db.clone(),
            keys: Keys::load_or_generate(data).unwrap(),
        })
    }

    pub(crate) fn actor(username: &str, role: Role) -> Actor {
        Actor {
            user_id: uuid::Uuid::now_v7(),
            username: username.to_owned(),
            role,
            unix_user: Some(username.to_owned()),
            via: Via::Session(uuid::Uuid::now_v7()),
            address: std::net::IpAddr::from([127, 0, 0, 1]),
            request_id: "a-request".to_owned(),
        }
    }
}
