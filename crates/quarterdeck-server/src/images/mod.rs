//! Keeps the catalogue of Apptainer images: finds them in the site's directories, tells what they say about
//! themselves, and how a job starts one.

pub(crate) mod api;
mod check;
mod container;
mod digest;
mod forget;
mod identity;
mod kinds;
mod look;
mod needs;
mod nodes;
mod own;
mod read;
mod recognise;
mod remote;
mod rows;
mod scan;
mod scans;
mod signing;
mod store;
mod tree;
mod visit;
mod walk;
mod whole;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::DbErr;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::access::Actor;
use crate::agents;
use crate::app::App;
use crate::auth;
use crate::db::Db;
use kinds::Kinds;
use rows::{read_place, read_row};

pub use check::{Signature, SignatureVerdict};
pub use container::{ContainerCommand, GpuMaker, container_command};
pub use digest::digest;
pub use identity::{Identity, IdentityKind};
pub use needs::Need;
pub use own::scan_own;
pub use quarterdeck_sif::Standing;
pub use scan::{cancel, scan, scan_always};
pub use scans::{HostProgress, HostState, Images, Scan, ScanError, ScanState, Wish};
pub use signing::SigningKeys;
pub use visit::Source;

/// Places that are told of one image, or of one path.
const MAX_PLACES: u64 = 1000;

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such image: it may have been removed, look at the list again.")]
    NotFound,
    #[error("There is no such scan: the server forgets scans when it restarts, and old ones.")]
    NoSuchScan,
    #[error("This site computes no digests of images: images.digest is off.")]
    NoDigests,
    #[error("This site has its nodes compute no digests, and the image lies on nodes alone: see images.ssh.digest.")]
    NoDigestsOfNodes,
    #[error("Digests of your own files are computed on the page of files.")]
    NoDigestsOfOwn,
    #[error("Nothing of this can be scanned.")]
    Invalid(Vec<Invalid>),
    #[error(transparent)]
    Agent(#[from] agents::Error),
    #[error(transparent)]
    Auth(#[from] auth::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// What of a wish for a scan there is not. Counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    Node { index: usize },
    Path { index: usize },
    TooManyPaths { most: usize },
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

/// Whether something is where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Active,
    /// It was there when somebody could last look.
    Stale,
    /// It was removed, or replaced.
    Inactive,
}

impl State {
    const ALL: [State; 3] = [State::Active, State::Stale, State::Inactive];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Active => store::places::ACTIVE,
            State::Stale => store::places::STALE,
            State::Inactive => store::places::INACTIVE,
        }
    }

    fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// An image of the catalogue. Its texts are its author's, and nothing of them has been verified.
#[derive(Clone, Debug)]
pub struct Image {
    pub id: Uuid,
    pub identity: Identity,
    /// The Unix user who alone sees it; `None`: it is the site's.
    pub owner: Option<String>,
    /// The file's name without its extension.
    pub name: String,
    /// Absolute, on its host: with `cluster`, `host` and `modified_at` of the place that stands for all.
    pub path: String,
    pub cluster: String,
    pub host: String,
    pub kind: Kind,
    /// In bytes.
    pub size: u64,
    /// As the image says, of what builds it.
    pub format: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub version: Option<String>,
    /// As Go calls it: `amd64`, `arm64`.
    pub architecture: Option<String>,
    pub apps: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// What the node must have, as far as the image lets on.
    pub needs: Vec<Need>,
    /// It carries a signature.
    pub signed: bool,
    pub encrypted: bool,
    pub modified_at: DateTime<Utc>,
    /// What of it could not be read, and what to do.
    pub problem: Option<String>,
    pub state: State,
    /// When it was found to be nowhere any more.
    pub gone_at: Option<DateTime<Utc>>,
}

/// An image of a list, with what is told of its places together.
#[derive(Clone, Debug)]
pub struct Listed {
    pub image: Image,
    /// On how many hosts it lies.
    pub hosts: u64,
    /// Other hosts have another image at the same path.
    pub drifts: bool,
    /// What its signatures come to at the worst of its places; `None` where it has none.
    pub standing: Option<Standing>,
}

/// An image with its long texts.
#[derive(Clone, Debug)]
pub struct Detail {
    pub listed: Listed,
    /// The document that `apptainer inspect --json --all` prints.
    pub inspect: Option<Value>,
    pub help: Option<String>,
    pub definition: Option<String>,
    /// Those where it lies before those where it lay; [`MAX_PLACES`] at most.
    pub places: Vec<Place>,
}

/// A file that is, or was, an image.
#[derive(Clone, Debug)]
pub struct Place {
    pub source: Source,
    pub cluster: String,
    pub host: String,
    pub path: String,
    pub size: u64,
    pub modified_at: DateTime<Utc>,
    pub state: State,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub gone_at: Option<DateTime<Utc>>,
    /// `None` where nobody has looked with the keys that the site has now.
    pub checked: Option<SignaturesChecked>,
    /// Why nobody could.
    pub check_problem: Option<String>,
    pub digest: FileDigest,
}

/// What is known of a file's SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDigest {
    /// In hexadecimal.
    pub sha256: Option<String>,
    /// It is to be computed.
    pub is_wanted: bool,
    /// Why it could not be.
    pub problem: Option<String>,
}

/// What was found out about the signatures of a file.
#[derive(Clone, Debug)]
pub struct SignaturesChecked {
    pub standing: Standing,
    pub signatures: Vec<Signature>,
    pub at: DateTime<Utc>,
}

/// A path at which hosts of one cluster have different images.
#[derive(Clone, Debug)]
pub struct Drift {
    pub cluster: String,
    pub path: String,
    pub images: Vec<Drifted>,
}

/// One of those images, and which hosts have it there.
#[derive(Clone, Debug)]
pub struct Drifted {
    pub image: Image,
    pub hosts: Vec<String>,
}

/// Where images are written down, and by which rules.
#[derive(Clone)]
struct Catalogue {
    db: Db,
    kinds: Arc<Kinds>,
}

impl Catalogue {
    fn of(app: &App) -> Catalogue {
        Catalogue { db: app.db.clone(), kinds: Arc::new(Kinds::of(app)) }
    }
}

/// Which images to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only the person's own, or only the site's.
    pub own: Option<bool>,
    pub cluster: Option<String>,
    pub partition: Option<String>,
    pub node: Option<String>,
    pub kind: Option<Kind>,
    /// Without it those that are there, as far as is known.
    pub state: Option<State>,
    /// Words that are all in name, path, labels and apps, whatever the case.
    pub q: Option<String>,
    /// The name and the id that the last page ended with.
    pub after: Option<(String, Uuid)>,
}

/// A page of the catalogue as this person sees it, by name; one image more than `limit` where there is another page.
pub async fn list(app: &App, actor: &Actor, filter: &Filter, limit: u64) -> Result<Vec<Listed>, Error> {
    let is_elsewhere = filter.cluster.as_deref().is_some_and(|name| app.clusters.find(name).is_none());
    // Nothing in the catalogue holds a NUL byte, and PostgreSQL refuses to look for one.
    let texts = [&filter.q, &filter.node];
    if is_elsewhere || texts.into_iter().flatten().any(|text| text.contains('\0')) {
        return Ok(Vec::new());
    }
    let whose = match (filter.own, actor.unix_user.as_deref()) {
        (Some(true), None) => return Ok(Vec::new()),
        (Some(true), Some(user)) => store::Whose::Own(user),
        (None, Some(user)) => store::Whose::SitesAndOwn(user),
        (Some(false), _) | (None, None) => store::Whose::Sites,
    };
    let wanted = store::Wanted {
        whose,
        kind: filter.kind.map(Kind::as_str),
        state: filter.state.map(State::as_str),
        place: store::places::Where { cluster: filter.cluster.clone(), nodes: nodes(app, filter) },
        q: filter.q.as_deref(),
        after: filter.after.clone(),
    };
    let rows = store::list(app.db.read(), &wanted, limit + 1).await?;
    let images = rows.into_iter().map(read_row).collect::<Result<_, _>>()?;
    with_places(&app.db, app.images.keys_id(), images).await
}

pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<Detail, Error> {
    let image = find(app, actor, id).await?;
    let texts = store::texts(app.db.read(), id).await?.ok_or(Error::NotFound)?;
    let inspect = Some(texts.inspect).filter(|inspect| !inspect.is_null());
    let help = inspect.as_ref().and_then(|inspect| inspect.pointer("/data/attributes/helpfile")?.as_str());
    let places = store::places::of_image(app.db.read(), id, MAX_PLACES).await?;
    let listed = with_places(&app.db, app.images.keys_id(), vec![image]).await?.pop().ok_or(Error::NotFound)?;
    Ok(Detail {
        listed,
        help: help.map(str::to_owned),
        definition: texts.definition,
        inspect,
        places: places.into_iter().map(|row| read_place(row, app.images.keys_id())).collect::<Result<_, _>>()?,
    })
}

/// An image of the site's, or of this person's own. Of anybody else's there is nothing to be learnt.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<Image, Error> {
    let row = store::summary(app.db.read(), id).await?.ok_or(Error::NotFound)?;
    if row.owner.is_some() && row.owner != actor.unix_user {
        return Err(Error::NotFound);
    }
    read_row(row)
}

/// The nodes of a cluster on which the image lies, as far as is known, each with the path; `None` where it is on a file
/// system that all of them share.
pub async fn on_nodes(app: &App, image: &Image, cluster: &str) -> Result<Option<Vec<(String, String)>>, DbErr> {
    store::places::on_nodes(app.db.read(), image.id, cluster).await
}

/// What the image's signatures come to at the worst of its places; `None` where it has none.
pub async fn standing(app: &App, image: &Image) -> Result<Option<Standing>, DbErr> {
    let mut standings = standings(&app.db, app.images.keys_id(), std::slice::from_ref(image)).await?;
    Ok(standings.remove(&image.id))
}

pub async fn are_there_any(app: &App) -> Result<bool, DbErr> {
    store::are_there_any(app.db.read()).await
}

/// Paths at which hosts of one cluster have different images; one more than `limit` where there is another page.
pub async fn drifts(
    db: &Db,
    cluster: Option<&str>,
    after: &Option<(String, String)>,
    limit: u64,
) -> Result<Vec<Drift>, Error> {
    let mut drifts = Vec::new();
    for at in store::places::drifts(db.read(), cluster, after, limit + 1).await? {
        let places = store::places::at(db.read(), &at, MAX_PLACES).await?;
        let mut hosts: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for place in places {
            hosts.entry(place.image_id).or_default().push(place.node);
        }
        let ids: Vec<Uuid> = hosts.keys().copied().collect();
        let mut images = Vec::new();
        for row in store::summaries(db.read(), &ids).await? {
            let image = read_row(row)?;
            images.push(Drifted { hosts: hosts.remove(&image.id).unwrap_or_default(), image });
        }
        // What most have comes first: the others are those that differ.
        images.sort_by_key(|drifted| (std::cmp::Reverse(drifted.hosts.len()), drifted.image.id));
        let (cluster, path) = at;
        drifts.push(Drift { cluster, path, images });
    }
    Ok(drifts)
}

/// The nodes that a filter names, or those of its partition; `None`: any.
fn nodes(app: &App, filter: &Filter) -> Option<Vec<String>> {
    let Some(partition) = &filter.partition else { return filter.node.clone().map(|node| vec![node]) };
    let clusters = app.clusters.all().iter();
    let of_cluster = clusters.filter(|cluster| filter.cluster.as_ref().is_none_or(|name| *name == cluster.name));
    let mut nodes = Vec::new();
    for cluster in of_cluster {
        let view = cluster.view();
        let here = view.node_list.iter().filter(|node| node.partitions.contains(partition));
        nodes.extend(here.map(|node| node.name.clone()));
    }
    nodes.retain(|node| filter.node.as_ref().is_none_or(|wanted| wanted == node));
    Some(nodes)
}

/// `keys`: which the site has now.
async fn with_places(db: &Db, keys: Option<&str>, images: Vec<Image>) -> Result<Vec<Listed>, Error> {
    let ids: Vec<Uuid> = images.iter().map(|image| image.id).collect();
    let hosts = store::places::count_nodes(db.read(), &ids).await?;
    let drifting = store::places::drifting(db.read(), &ids).await?;
    let standings = standings(db, keys, &images).await?;
    let listed = images.into_iter().map(|image| Listed {
        standing: standings.get(&image.id).copied(),
        hosts: hosts.get(&image.id).copied().unwrap_or_default(),
        drifts: drifting.contains(&image.id),
        image,
    });
    Ok(listed.collect())
}

/// Of those that are signed.
async fn standings(db: &Db, keys: Option<&str>, images: &[Image]) -> Result<HashMap<Uuid, Standing>, DbErr> {
    let signed: Vec<Uuid> = images.iter().filter(|image| image.signed).map(|image| image.id).collect();
    let found = match keys {
        Some(keys) if !signed.is_empty() => store::checks::standings(db.read(), &signed, keys).await?,
        _ => HashMap::new(),
    };
    let standing = |image: &Uuid| found.get(image).map_or(Standing::NotChecked, |all| check::together(all));
    Ok(signed.iter().map(|image| (*image, standing(image))).collect())
}

#[cfg(test)]
mod interrupted;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
