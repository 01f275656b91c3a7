//! The WebSocket that keeps pages fresh: a snapshot of each channel asked for, then what changed.

mod follow;
mod nodes;
mod notifications;
mod own;
mod reservations;
mod resume;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Event, Topic};
use crate::access::{Actor, Origin, permit_reading};
use crate::app::App;
use crate::clusters::api::{Age, ReadingAge};
use crate::clusters::{Cluster, Freshness};
use crate::jobs::api::Job;
use crate::jobs::{self, Stream};
use crate::limits::{Bucket, Class};
use follow::{Follow, Follower};
use resume::Point;

/// The token must come within this time.
const AUTH_TIME: Duration = Duration::from_secs(5);
/// A client that takes no message for this long is gone or too slow.
const SEND_TIME: Duration = Duration::from_secs(10);
/// Whether the session still lives is asked this often.
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// Jobs in a snapshot; older ones are in the lists.
const SNAPSHOT_JOBS: u64 = 500;
const MAX_MESSAGE: usize = 64 << 10;
const MAX_CHANNELS: usize = 64;

/// Close codes of `api.md`.
const NOT_SIGNED_IN: u16 = 4401;
const TOO_SLOW: u16 = 4408;
const TOO_MANY: u16 = 4429;
const UNREADABLE: u16 = 4400;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(connect))
}

/// Live updates, over a WebSocket. The first message carries the access token.
#[utoipa::path(get, path = "/live", tag = "live", responses((status = 101)))]
async fn connect(State(app): State<App>, origin: Origin, upgrade: WebSocketUpgrade) -> Response {
    // That a socket is open does not tell that somebody is there.
    let origin = Origin { by_hand: false, ..origin };
    upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).on_upgrade(move |socket| async move {
        let mut socket = socket;
        if let Err(Closed { code, reason }) = serve(&app, origin, &mut socket).await {
            let close = CloseFrame { code, reason: reason.into() };
            let farewell = async {
                // Until the client has heard it: a connection let go of with something unread in it takes back what was
                // sent last.
                if socket.send(Message::Close(Some(close))).await.is_ok() {
                    while let Some(Ok(_)) = socket.recv().await {}
                }
            };
            let _ = tokio::time::timeout(SEND_TIME, farewell).await;
        }
    })
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    Auth {
        token: String,
    },
    Subscribe {
        channels: Vec<String>,
        /// For `output:` channels: the byte to go on from.
        #[serde(default)]
        from: u64,
        /// By channel: what the client has of it already.
        #[serde(default)]
        resume: HashMap<String, Point>,
    },
    Unsubscribe {
        channels: Vec<String>,
    },
    /// Keeps proxies from closing a quiet connection.
    Ping,
}

/// Why a socket is closed.
struct Closed {
    code: u16,
    reason: &'static str,
}

fn closed(code: u16, reason: &'static str) -> Closed {
    Closed { code, reason }
}

async fn serve(app: &App, origin: Origin, socket: &mut WebSocket) -> Result<(), Closed> {
    let first = tokio::time::timeout(AUTH_TIME, socket.recv()).await;
    let first = first.map_err(|_| closed(NOT_SIGNED_IN, "no token came"))?;
    let Some(Ok(Message::Text(text))) = first else { return Err(closed(NOT_SIGNED_IN, "no token came")) };
    let Ok(FromClient::Auth { token }) = serde_json::from_str(&text) else {
        return Err(closed(NOT_SIGNED_IN, "the first message carries the token"));
    };
    let mut events = app.live.subscribe();
    let actor = sign_in(app, &token, &origin).await?;
    let _place = app.live.sockets.take(actor.user_id).ok_or(closed(TOO_MANY, "too many open sockets"))?;
    let mut watcher = Watcher {
        app,
        actor,
        token,
        jobs: HashMap::new(),
        nodes: HashMap::new(),
        reservations: HashSet::new(),
        notifications: None,
        uploads: None,
        scans: None,
        templates: None,
        followed: HashMap::new(),
    };
    send(socket, json!({"type": "ready"})).await?;

    // Few: what a followed file has to say waits there until the client takes it.
    let (said, mut to_say) = mpsc::channel::<Value>(4);
    let mut check = tokio::time::interval(CHECK_EVERY);
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => watcher.hear(socket, &text, &origin, &said).await?,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(closed(UNREADABLE, "messages are text")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
            },
            event = events.recv() => match event {
                Ok(event) => watcher.tell(socket, event).await?,
                // What was missed cannot be told any more, that access ended neither: begin anew.
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    watcher.check(socket, &origin).await?;
                    watcher.snapshots(socket).await?;
                }
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
            Some(value) = to_say.recv() => send(socket, value).await?,
            _ = check.tick() => {
                watcher.check(socket, &origin).await?;
                watcher.catch_up_with_notifications(socket).await?;
            }
        }
    }
}

async fn sign_in(app: &App, token: &str, origin: &Origin) -> Result<Actor, Closed> {
    let actor = crate::auth::authenticate(app, Some(token), origin.clone()).await;
    actor.map_err(|_| closed(NOT_SIGNED_IN, "the token is not valid, or its session has ended"))
}

async fn send(socket: &mut WebSocket, message: Value) -> Result<(), Closed> {
    match tokio::time::timeout(SEND_TIME, socket.send(Message::Text(message.to_string().into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(closed(TOO_SLOW, "the connection broke")),
        Err(_) => Err(closed(TOO_SLOW, "messages are not taken")),
    }
}

/// One client and what it watches.
struct Watcher<'a> {
    app: &'a App,
    actor: Actor,
    token: String,
    /// Clusters whose jobs it watches, with the version that its last snapshot has already.
    jobs: HashMap<String, u64>,
    /// The same of their nodes.
    nodes: HashMap<String, u64>,
    /// Clusters whose reservations it watches.
    reservations: HashSet<String>,
    /// Her notifications, if she watches them.
    notifications: Option<notifications::Watched>,
    /// The same of her uploads, of scans and of the template library.
    uploads: Option<u64>,
    scans: Option<u64>,
    templates: Option<own::Told>,
    /// Output channels and who reads their files.
    followed: HashMap<String, Follower>,
}

/// What answers the same to a request: whom the table does not admit there may not watch the channel.
fn route_of(channel: &str) -> Option<&'static str> {
    Some(match channel.split(':').next()? {
        notifications::CHANNEL => "/api/v1/notifications",
        own::UPLOADS => "/api/v1/uploads",
        own::SCANS => "/api/v1/images/scans/{id}",
        own::TEMPLATES => "/api/v1/templates",
        "jobs" => "/api/v1/clusters/{cluster}/jobs",
        "nodes" => "/api/v1/clusters/{cluster}/nodes",
        "reservations" => "/api/v1/clusters/{cluster}/reservations",
        "output" => jobs::OUTPUT_ROUTE,
        _ => return None,
    })
}

impl Watcher<'_> {
    /// Whether the client may still watch, as whom, and what: a role or a Unix user may have changed.
    async fn check(&mut self, socket: &mut WebSocket, origin: &Origin) -> Result<(), Closed> {
        let actor = sign_in(self.app, &self.token, origin).await?;
        if actor.unix_user != self.actor.unix_user {
            self.followed.clear();
        }
        let changed = actor.role != self.actor.role;
        self.actor = actor;
        if changed {
            for channel in self.channels() {
                if let Some(refused) = self.refusal(&channel) {
                    self.end(&channel);
                    send(socket, refused).await?;
                }
            }
        }
        Ok(())
    }

    /// What to answer somebody who may not watch this channel.
    fn refusal(&self, channel: &str) -> Option<Value> {
        let code = match route_of(channel) {
            Some(path) => permit_reading(&self.actor, path).err()?.code(),
            None => "no-such-channel",
        };
        Some(json!({"type": "error", "channel": channel, "code": code}))
    }

    /// All that is watched.
    fn channels(&self) -> Vec<String> {
        let of = |kind: &'static str| move |cluster: &String| format!("{kind}:{cluster}");
        let mut channels: Vec<String> = self.followed.keys().cloned().collect();
        channels.extend(self.jobs.keys().map(of("jobs")));
        channels.extend(self.nodes.keys().map(of("nodes")));
        channels.extend(self.reservations.iter().map(of("reservations")));
        let own = [
            (notifications::CHANNEL, self.notifications.is_some()),
            (own::UPLOADS, self.uploads.is_some()),
            (own::SCANS, self.scans.is_some()),
            (own::TEMPLATES, self.templates.is_some()),
        ];
        channels.extend(own.into_iter().filter(|(_, watched)| *watched).map(|(name, _)| name.to_owned()));
        channels
    }

    fn end(&mut self, channel: &str) {
        self.followed.remove(channel);
        match channel {
            notifications::CHANNEL => self.notifications = None,
            own::UPLOADS => self.uploads = None,
            own::SCANS => self.scans = None,
            own::TEMPLATES => self.templates = None,
            _ => {}
        }
        if let Some(cluster) = channel.strip_prefix("jobs:") {
            self.jobs.remove(cluster);
        }
        if let Some(cluster) = channel.strip_prefix("nodes:") {
            self.nodes.remove(cluster);
        }
        if let Some(cluster) = channel.strip_prefix("reservations:") {
            self.reservations.remove(cluster);
        }
    }

    async fn hear(
        &mut self,
        socket: &mut WebSocket,
        text: &str,
        origin: &Origin,
        said: &mpsc::Sender<Value>,
    ) -> Result<(), Closed> {
        match serde_json::from_str(text).map_err(|_| closed(UNREADABLE, "the message is not one of this protocol"))? {
            FromClient::Auth { token } => {
                let actor = sign_in(self.app, &token, origin).await?;
                if actor.user_id != self.actor.user_id {
                    return Err(closed(NOT_SIGNED_IN, "another user's token"));
                }
                (self.actor, self.token) = (actor, token);
                send(socket, json!({"type": "ready"})).await
            }
            FromClient::Subscribe { channels, from, resume } => {
                // Each may be answered with a snapshot.
                if channels.len() > MAX_CHANNELS {
                    return Err(closed(TOO_MANY, "too many channels"));
                }
                for channel in channels {
                    // A snapshot is as much as a reading of the list.
                    let counted = self.app.limits.check(Class::Read, Bucket::of(&self.actor)).await;
                    if counted.admitted().is_err() {
                        return Err(closed(TOO_MANY, "too many requests: come back later"));
                    }
                    if self.watched() >= MAX_CHANNELS {
                        return Err(closed(TOO_MANY, "too many channels"));
                    }
                    let point = resume.get(&channel);
                    self.subscribe(socket, channel, from, point, said).await?;
                }
                Ok(())
            }
            FromClient::Unsubscribe { channels } => {
                channels.iter().for_each(|channel| self.end(channel));
                Ok(())
            }
            FromClient::Ping => send(socket, json!({"type": "pong"})).await,
        }
    }

    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        channel: String,
        from: u64,
        point: Option<&Point>,
        said: &mpsc::Sender<Value>,
    ) -> Result<(), Closed> {
        if let Some(refused) = self.refusal(&channel) {
            return send(socket, refused).await;
        }
        let parts: Vec<&str> = channel.split(':').collect();
        let cluster = parts.get(1).and_then(|name| self.app.clusters.find(name)).cloned();
        match (parts.as_slice(), cluster) {
            ([notifications::CHANNEL], _) => self.notifications_snapshot(socket).await,
            ([own::UPLOADS], _) => self.uploads_snapshot(socket).await,
            ([own::SCANS], _) => self.scans_snapshot(socket).await,
            ([own::TEMPLATES], _) => self.templates_snapshot(socket).await,
            (["jobs", _], Some(cluster)) => self.jobs_since(socket, &cluster, point).await,
            (["nodes", _], Some(cluster)) => self.nodes_since(socket, &cluster, point).await,
            (["reservations", _], Some(cluster)) => self.reservations_snapshot(socket, &cluster).await,
            (["output", _, job, rest @ ..], Some(cluster)) if matches!(rest, [] | ["stderr"]) => {
                // Whoever asks again for what she follows begins anew in the same place.
                self.followed.remove(&channel);
                let Some(place) = self.app.live.followed.take(self.actor.user_id) else {
                    return send(socket, json!({"type": "error", "channel": channel, "code": "too-many-followed"}))
                        .await;
                };
                let stream = if rest.is_empty() { Stream::Stdout } else { Stream::Stderr };
                let follow = Follow {
                    app: self.app.clone(),
                    actor: self.actor.clone(),
                    cluster,
                    job: (*job).to_owned(),
                    channel: channel.clone(),
                    stream,
                    said: said.clone(),
                };
                self.followed.insert(channel, follow.start(from, place));
                Ok(())
            }
            _ => send(socket, json!({"type": "error", "channel": channel, "code": "no-such-channel"})).await,
        }
    }

    async fn tell(&mut self, socket: &mut WebSocket, event: Event) -> Result<(), Closed> {
        match event {
            Event::Jobs { cluster, version, jobs } if self.jobs.get(&*cluster).is_some_and(|has| version > *has) => {
                let Some(watched) = self.app.clusters.find(&cluster) else { return Ok(()) };
                let sight = watched.sight_of(&self.actor);
                let seen = jobs.iter().filter(|job| sight.covers(&job.user, job.account.as_deref()));
                let upsert: Vec<Job> = seen.map(|job| Job::seen_by(&self.actor, job)).collect();
                send(socket, delta_of(&format!("jobs:{cluster}"), version, &upsert, &NONE)).await
            }
            Event::Nodes { cluster, version, upsert, remove } => {
                self.nodes_delta(socket, &cluster, version, &upsert, &remove).await
            }
            Event::Reservations { cluster } if self.reservations.contains(&*cluster) => {
                match self.app.clusters.find(&cluster) {
                    Some(watched) => self.reservations_snapshot(socket, watched).await,
                    None => Ok(()),
                }
            }
            Event::Notifications { user, version, items } => {
                self.notifications_delta(socket, user, version, &items).await
            }
            Event::NotificationsRead(user) if user == self.actor.user_id && self.notifications.is_some() => {
                self.notifications_snapshot(socket).await
            }
            Event::Upload { owner, version, id, upload } => {
                self.upload_delta(socket, owner, version, id, upload.as_deref()).await
            }
            Event::Templates { version, change } => self.templates_delta(socket, version, &change).await,
            Event::Scan { version, scan } => self.scan_delta(socket, version, &scan).await,
            Event::Freshness { cluster, of: Topic::Jobs, freshness } if self.jobs.contains_key(&*cluster) => {
                let mut said = status(&format!("jobs:{cluster}"), &freshness);
                said["accounting"] = json!(self.app.clusters.find(&cluster).and_then(accounting));
                send(socket, said).await
            }
            Event::Freshness { cluster, of: Topic::Nodes, freshness } if self.nodes.contains_key(&*cluster) => {
                send(socket, status(&format!("nodes:{cluster}"), &freshness)).await
            }
            Event::AccessEnded(ended) => {
                if self.actor.acts_by(ended) {
                    return Err(closed(NOT_SIGNED_IN, "the session or the key has ended"));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn snapshots(&mut self, socket: &mut WebSocket) -> Result<(), Closed> {
        for name in self.jobs.keys().cloned().collect::<Vec<_>>() {
            if let Some(cluster) = self.app.clusters.find(&name) {
                self.snapshot(socket, cluster).await?;
            }
        }
        for name in self.nodes.keys().cloned().collect::<Vec<_>>() {
            if let Some(cluster) = self.app.clusters.find(&name) {
                self.nodes_snapshot(socket, cluster).await?;
            }
        }
        for name in self.reservations.iter().cloned().collect::<Vec<_>>() {
            if let Some(cluster) = self.app.clusters.find(&name) {
                self.reservations_snapshot(socket, cluster).await?;
            }
        }
        if self.notifications.is_some() {
            self.notifications_snapshot(socket).await?;
        }
        if self.uploads.is_some() {
            self.uploads_snapshot(socket).await?;
        }
        if self.scans.is_some() {
            self.scans_snapshot(socket).await?;
        }
        if self.templates.is_some() {
            self.templates_snapshot(socket).await?;
        }
        Ok(())
    }

    fn watched(&self) -> usize {
        self.jobs.len() + self.nodes.len() + self.reservations.len() + self.followed.len()
    }

    async fn snapshot(&mut self, socket: &mut WebSocket, cluster: &Cluster) -> Result<(), Closed> {
        // Before the rows are read, so that no later change is taken for an older one.
        let version = self.app.live.version(Topic::Jobs, &cluster.name);
        self.jobs.insert(cluster.name.clone(), version);
        let jobs = jobs::recent(self.app, &self.actor, cluster, SNAPSHOT_JOBS).await.map_err(|error| {
            tracing::error!(%error, "a snapshot of the jobs");
            closed(TOO_SLOW, "the jobs cannot be read now")
        })?;
        let items: Vec<Job> = jobs.iter().map(|job| Job::seen_by(&self.actor, job)).collect();
        let snapshot = self.snapshot_of(&format!("jobs:{}", cluster.name), version, &items);
        let mut snapshot = aged(snapshot, &cluster.view().jobs);
        snapshot["accounting"] = json!(accounting(cluster));
        send(socket, snapshot).await
    }

    /// All that a channel has now.
    fn snapshot_of<T: Serialize>(&self, channel: &str, version: u64, items: &[T]) -> Value {
        json!({"type": "snapshot", "channel": channel, "epoch": self.epoch(), "version": version, "items": items})
    }
}

/// What changed in a channel.
fn delta_of<T: Serialize, R: Serialize>(channel: &str, version: u64, upsert: &[T], remove: &[R]) -> Value {
    json!({"type": "delta", "channel": channel, "version": version, "upsert": upsert, "remove": remove})
}

/// Nothing of a channel goes away.
const NONE: [&str; 0] = [];

/// With how old its reading is.
fn aged(mut message: Value, freshness: &Freshness) -> Value {
    if let Value::Object(age) = json!(ReadingAge::from(freshness)) {
        message.as_object_mut().expect("messages are objects").extend(age);
    }
    message
}

/// How long accounting, which tells how jobs ended, has not answered.
fn accounting(cluster: &Cluster) -> Option<Age> {
    cluster.view().accounting.as_ref().map(Age::from)
}

fn status(channel: &str, freshness: &Freshness) -> Value {
    aged(json!({"type": "status", "channel": channel}), freshness)
}
