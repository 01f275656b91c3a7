//! The server's parts, put together once at start and shared by every request.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::agents::{Agents, Start};
use crate::audit;
use crate::auth::Keys;
use crate::clock::Clock;
use crate::clusters::Clusters;
use crate::config::{Config, Mode};
use crate::db::Db;
use crate::limits::Limits;
use crate::live::Live;
use crate::users::Desk;

/// Cheap to clone.
#[derive(Clone)]
pub struct App {
    parts: Arc<Parts>,
    runtime: Handle,
}

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
    pub templates: crate::templates::Templates,
    pub notifications: crate::notifications::Notifications,
}

impl App {
    /// Within the runtime that works beside the requests.
    pub fn new(parts: Parts) -> App {
        App { parts: Arc::new(parts), runtime: Handle::current() }
    }

    /// Runs what a request begins and does not wait for. It must not stay on the thread that serves the connection
    /// (decision 11).
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// A site's parts without anything beside the database: no agent, no scheduler. For tests and measurements.
    pub(crate) fn alone(config: Config, db: Db, clock: Clock) -> anyhow::Result<App> {
        let audit = audit::Log::new(db.clone(), clock.clone(), &config)?;
        Ok(App::new(Parts {
            agents: Agents::new(Start::Launcher { socket: "/nowhere".into() }, 1),
            clusters: Clusters::new(&config, Mode::MultiUser),
            limits: Limits::new(&config, clock.clone(), None),
            live: Live::default(),
            uploads: crate::uploads::Uploads::new(&db, &audit),
            images: crate::images::Images::new(&config.images)?,
            jobs: Default::default(),
            templates: Default::default(),
            notifications: crate::notifications::Notifications::new(&config)?,
            audit,
            keys: Keys::load_or_generate(&config.server.data)?,
            config,
            mode: Mode::MultiUser,
            clock,
            db,
        }))
    }
}

impl Parts {
    /// What changing accounts needs.
    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk { db: &self.db, clock: &self.clock, audit: &self.audit, live: Some(&self.live) }
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::path::Path;

    use chrono::{DateTime, Utc};

    use super::App;
    use crate::access::{Actor, Origin, Role, Via};
    use crate::audit;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::db::Db;
    use crate::users::{self, Desk, Kind, NewUser, User};

    /// A site's parts alone on a test's database, at this time. Several of them with the same data directory are one
    /// server at different times.
    pub(crate) fn app_at(db: &Db, data: &Path, time: DateTime<Utc>) -> App {
        app_with(db, data, time, |_| ())
    }

    /// The same, configured otherwise.
    pub(crate) fn app_with(db: &Db, data: &Path, time: DateTime<Utc>, configure: impl FnOnce(&mut Config)) -> App {
        let mut config = Config::load(None).unwrap();
        config.server.data = data.to_owned();
        configure(&mut config);
        App::alone(config, db.clone(), Clock::fixed(time)).unwrap()
    }

    pub(crate) const PASSWORD: &str = "battery staple of the tests";

    pub(crate) fn origin() -> Origin {
        Origin {
            address: [127, 0, 0, 1].into(),
            device: "a test".to_owned(),
            request_id: "a-request".to_owned(),
            by_hand: true,
        }
    }

    /// An account that is in the database; its Unix user has the same name, and a person's password is [`PASSWORD`].
    pub(crate) async fn account(db: &Db, username: &str, role: Role, kind: Kind) -> User {
        let clock = Clock::fixed("2026-11-24T11:00:00Z".parse().unwrap());
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::load(None).unwrap();
        config.server.data = data.path().to_owned();
        let audit = audit::Log::new(db.clone(), clock.clone(), &config).unwrap();
        let new = NewUser {
            username: username.to_owned(),
            display_name: username.to_owned(),
            password: (kind == Kind::Person).then(|| PASSWORD.to_owned()),
            role,
            unix_user: Some(username.to_owned()),
            kind,
        };
        let desk = Desk { db, clock: &clock, audit: &audit, live: None };
        users::add(desk, audit::Who::Server, new).await.unwrap()
    }

    /// The account's owner, as if she were signed in.
    pub(crate) fn session_of(user: &User) -> Actor {
        Actor::new(user, Via::Session(uuid::Uuid::now_v7()), origin())
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
