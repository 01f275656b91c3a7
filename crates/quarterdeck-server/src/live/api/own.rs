//! The channels that belong to no cluster: a person's uploads, the scans for images, the template library.

use axum::extract::ws::WebSocket;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Closed, NONE, TOO_SLOW, Watcher, closed, delta_of, send};
use crate::images;
use crate::images::api::ImageScan;
use crate::live::{TemplateChange, Topic};
use crate::templates;
use crate::uploads;
use crate::uploads::api::UploadInfo;

pub(super) const UPLOADS: &str = "uploads";
pub(super) const SCANS: &str = "scans";
pub(super) const TEMPLATES: &str = "templates";
/// How far a watcher of the template library is.
pub(super) struct Told {
    /// The last change that happened before.
    seen: u64,
    /// Counts what this watcher was told, since others' own templates are not for her.
    version: u64,
}

/// Uploads in a snapshot; older ones are in the list.
const SNAPSHOT_UPLOADS: u64 = 200;

impl Watcher<'_> {
    /// The watcher's own, the newest first.
    pub(super) async fn uploads_snapshot(&mut self, socket: &mut WebSocket) -> Result<(), Closed> {
        // Before the rows are read, so that no later change is taken for an older one.
        let version = self.app.live.version(Topic::Uploads, &self.actor.user_id.to_string());
        self.uploads = Some(version);
        let uploads = uploads::list(self.app, &self.actor, uploads::Which::default(), None, SNAPSHOT_UPLOADS)
            .await
            .map_err(|error| {
                tracing::error!(%error, "a snapshot of uploads");
                closed(TOO_SLOW, "the uploads cannot be read now")
            })?;
        let items: Vec<UploadInfo> = uploads.into_iter().map(UploadInfo::from).collect();
        send(socket, self.snapshot_of(UPLOADS, version, &items)).await
    }

    pub(super) async fn upload_delta(
        &mut self,
        socket: &mut WebSocket,
        owner: Uuid,
        version: u64,
        id: Uuid,
        upload: Option<&uploads::Upload>,
    ) -> Result<(), Closed> {
        if owner != self.actor.user_id || self.uploads.is_none_or(|has| version <= has) {
            return Ok(());
        }
        let upsert: Vec<UploadInfo> = upload.cloned().map(UploadInfo::from).into_iter().collect();
        let remove: Vec<Uuid> = upload.is_none().then_some(id).into_iter().collect();
        send(socket, delta_of(UPLOADS, version, &upsert, &remove)).await
    }

    /// The scans that go on, and the last one that ended.
    pub(super) async fn scans_snapshot(&mut self, socket: &mut WebSocket) -> Result<(), Closed> {
        let version = self.app.live.version(Topic::Scans, "");
        self.scans = Some(version);
        let items: Vec<ImageScan> = self.app.images.latest().into_iter().map(ImageScan::from).collect();
        send(socket, self.snapshot_of(SCANS, version, &items)).await
    }

    pub(super) async fn scan_delta(
        &mut self,
        socket: &mut WebSocket,
        version: u64,
        scan: &images::Scan,
    ) -> Result<(), Closed> {
        if self.scans.is_none_or(|has| version <= has) {
            return Ok(());
        }
        let upsert = [ImageScan::from(scan.clone())];
        send(socket, delta_of(SCANS, version, &upsert, &NONE)).await
    }

    /// Only that it is watched from here on: whoever watches has the list.
    pub(super) async fn templates_snapshot(&mut self, socket: &mut WebSocket) -> Result<(), Closed> {
        let seen = self.app.live.version(Topic::Templates, "");
        let version = self.templates.as_ref().map_or(0, |told| told.version);
        self.templates = Some(Told { seen, version });
        send(socket, self.snapshot_of(TEMPLATES, version, &NONE)).await
    }

    /// Which have changed, if the watcher may know. That other files than before cannot be used is a delta of nothing.
    pub(super) async fn templates_delta(
        &mut self,
        socket: &mut WebSocket,
        seen: u64,
        change: &TemplateChange,
    ) -> Result<(), Closed> {
        let may_know = change.owner.as_ref().is_none_or(|owner| templates::is_owner(&self.actor, owner));
        let Some(told) = self.templates.as_mut().filter(|told| may_know && seen > told.seen) else { return Ok(()) };
        *told = Told { seen, version: told.version + 1 };
        let news = |reference: &String| {
            let (id, version) = reference.split_once('@').unwrap_or((reference, ""));
            json!({"id": id, "version": version})
        };
        let upsert: Vec<Value> = change.upsert.iter().map(news).collect();
        let delta = delta_of(TEMPLATES, told.version, &upsert, &change.remove);
        send(socket, delta).await
    }
}
