//! Keeps the catalogue of Apptainer images: finds them in the site's directories, tells what they say about
//! themselves, and how a job starts one.

pub(crate) mod api;
mod container;
mod read;
mod scan;
mod store;
mod walk;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::DbErr;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::app::App;
use crate::db::from_us;

pub use container::{ContainerCommand, container_command};
pub use scan::{HostProgress, Images, Scan, ScanError, ScanState, scan, scan_at_start};

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such image: it may have been removed, look at the list again.")]
    NotFound,
    #[error("There is no such scan: the server forgets scans when it restarts, and old ones.")]
    NoSuchScan,
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Visualisation: programs with windows.
    Viz,
    Compute,
    /// Somebody's own.
    Custom,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Viz, Kind::Compute, Kind::Custom];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Viz => "viz",
            Kind::Compute => "compute",
            Kind::Custom => "custom",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An image of the catalogue. Its texts are its author's, and nothing of them has been verified.
#[derive(Clone, Debug)]
pub struct Image {
    pub id: Uuid,
    /// The file's name without its extension.
    pub name: String,
    /// Absolute, on its host.
    pub path: String,
    pub cluster: String,
    pub host: String,
    pub kind: Kind,
    /// In bytes.
    pub size: u64,
    pub version: Option<String>,
    /// As Go calls it: `amd64`, `arm64`.
    pub architecture: Option<String>,
    pub apps: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// It carries a signature; whose, and whether it is good, has not been looked at.
    pub signed: bool,
    pub modified_at: DateTime<Utc>,
    /// What of it could not be read, and what to do.
    pub problem: Option<String>,
}

/// An image with its long texts.
#[derive(Clone, Debug)]
pub struct Detail {
    pub image: Image,
    /// The document that `apptainer inspect --json --all` prints.
    pub inspect: Option<Value>,
    pub help: Option<String>,
    pub definition: Option<String>,
}

/// Which images to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub cluster: Option<String>,
    pub kind: Option<Kind>,
    /// In name or path, whatever the case.
    pub q: Option<String>,
    /// The name and the id that the last page ended with.
    pub after: Option<(String, Uuid)>,
}

/// A page of the catalogue, by name; one image more than `limit` where there is another page.
pub async fn list(app: &App, filter: &Filter, limit: u64) -> Result<Vec<Image>, Error> {
    // The directories are this host's, and each of its clusters sees them.
    let is_elsewhere = filter.cluster.as_deref().is_some_and(|name| app.clusters.find(name).is_none());
    // Nothing in the catalogue holds a NUL byte, and PostgreSQL refuses to look for one.
    if is_elsewhere || filter.q.as_deref().is_some_and(|q| q.contains('\0')) {
        return Ok(Vec::new());
    }
    let rows = store::list(app.db.read(), filter.kind.map(Kind::as_str), filter.q.as_deref(), &filter.after, limit + 1);
    rows.await?.into_iter().map(read_row).collect()
}

pub async fn get(app: &App, id: Uuid) -> Result<Detail, Error> {
    let image = find(app, id).await?;
    let texts = store::texts(app.db.read(), id).await?.ok_or(Error::NotFound)?;
    let inspect = Some(texts.inspect).filter(|inspect| !inspect.is_null());
    let help = inspect.as_ref().and_then(|inspect| inspect.pointer("/data/attributes/helpfile")?.as_str());
    Ok(Detail { image, help: help.map(str::to_owned), definition: texts.definition, inspect })
}

/// The image that a job names.
pub async fn find(app: &App, id: Uuid) -> Result<Image, Error> {
    read_row(store::summary(app.db.read(), id).await?.ok_or(Error::NotFound)?)
}

pub async fn are_there_any(app: &App) -> Result<bool, DbErr> {
    store::are_there_any(app.db.read()).await
}

fn read_row(row: store::Summary) -> Result<Image, Error> {
    let unreadable = || anyhow::anyhow!("the row of the image {} cannot be read: scan the images again", row.id);
    Ok(Image {
        kind: Kind::parse(&row.kind).ok_or_else(unreadable)?,
        size: u64::try_from(row.size).map_err(|_| unreadable())?,
        apps: serde_json::from_value(row.apps).map_err(|_| unreadable())?,
        labels: serde_json::from_value(row.labels).map_err(|_| unreadable())?,
        id: row.id,
        name: row.name,
        path: row.path,
        cluster: row.cluster,
        host: row.host,
        version: row.version,
        architecture: row.architecture,
        signed: row.signed,
        modified_at: from_us(row.modified_us),
        problem: row.problem,
    })
}
