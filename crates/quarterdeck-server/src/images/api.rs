//! Routes of images.

mod scans;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) use scans::ImageScan;

use crate::access::Actor;
use crate::app::App;
use crate::images;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{Page, PathOf, QueryOf, limit};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(drift))
        .routes(routes!(get))
        .routes(routes!(apps))
        .routes(routes!(digest))
        .merge(scans::routes())
}

/// An Apptainer image. Its texts are its author's; nothing of them is verified.
#[derive(Serialize, ToSchema)]
struct Image {
    id: Uuid,
    identity: Identity,
    /// The file's name without its extension.
    name: String,
    /// With `cluster`, `host` and `modified_at` of one of its locations: it may have others.
    path: String,
    cluster: String,
    host: String,
    /// On how many hosts it lies.
    hosts: u64,
    /// Other hosts have another image at the same path: see `/images/drift`.
    drifts: bool,
    kind: Kind,
    /// In bytes.
    size: u64,
    /// `sif`, `oci_sif`, `singularity_2`, `squashfs` or `ext3`; null where that cannot be told.
    format: Option<String>,
    /// When it was built, as it says.
    created_at: Option<DateTime<Utc>>,
    version: Option<String>,
    architecture: Option<String>,
    apps: Vec<String>,
    labels: BTreeMap<String, String>,
    /// It carries a signature.
    signed: bool,
    /// What its signatures come to with the site's keys, at the worst of its locations; null where it has none.
    signature: Option<SignatureStanding>,
    encrypted: bool,
    modified_at: DateTime<Utc>,
    /// What of it could not be read, and what to do.
    problem: Option<String>,
    state: ImageState,
    /// Since when it is inactive.
    gone_at: Option<DateTime<Utc>>,
}

/// By what an image is known again: two files with the same identity are one image.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageIdentity)]
struct Identity {
    kind: IdentityKind,
    value: String,
}

/// `header`: UUID, times of building and of the last change, and size. `content`: a hash of its beginning, its size and its metadata, where its
/// header has no UUID or it is damaged. `place`: nothing of it could be read.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageIdentityKind)]
enum IdentityKind {
    Header,
    Content,
    Place,
}

/// `stale`: it was there when somebody could last look. `inactive`: it was removed, or replaced.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ImageState {
    Active,
    Stale,
    Inactive,
}

#[derive(Serialize, ToSchema)]
struct ImageDetail {
    #[serde(flatten)]
    image: Image,
    /// What `apptainer inspect --json --all` prints.
    #[schema(value_type = Option<Object>)]
    inspect: Option<Value>,
    help: Option<String>,
    definition: Option<String>,
    /// Where it lies, then where it lay; a thousand at most.
    locations: Vec<Location>,
}

/// `verified`: all that a container is started from was signed with a key of the site's, and is as it was then. `partly`:
/// all but a part that nobody signed. `unknown_key`: with none of the site's keys. `bad`: it was changed since.
/// `not_checked`: not yet, or nobody could.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageSignatureStanding)]
enum SignatureStanding {
    Verified,
    Partly,
    UnknownKey,
    Bad,
    NotChecked,
}

/// A signature that an image carries.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageSignature)]
struct Signature {
    /// Of the PGP key, in hexadecimal; null for other kinds of keys.
    fingerprint: Option<String>,
    /// With which the key signed: `SHA-256`.
    hash: String,
    verdict: SignatureVerdict,
    /// Whose key it is, as the key says.
    signer: Option<String>,
    /// Why it is bad, or was not checked.
    why: Option<String>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageSignatureVerdict)]
enum SignatureVerdict {
    Verified,
    UnknownKey,
    Bad,
    NotChecked,
}

/// Where an image lies, or lay.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageLocation)]
struct Location {
    cluster: String,
    host: String,
    path: String,
    source: Source,
    size: u64,
    modified_at: DateTime<Utc>,
    state: ImageState,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    /// When it was found to be gone.
    gone_at: Option<DateTime<Utc>>,
    /// Null where its signatures were not checked with the keys that the site has now.
    signature: Option<SignatureStanding>,
    signatures: Vec<Signature>,
    signatures_checked_at: Option<DateTime<Utc>>,
    /// Why nobody could check them; it is tried again.
    signatures_problem: Option<String>,
    /// The file's SHA-256 in hexadecimal, where somebody had it computed.
    sha256: Option<String>,
    /// It is to be computed.
    sha256_wanted: bool,
    /// Why it could not be.
    sha256_problem: Option<String>,
}

/// `server`: the portal's own host. `node`: a node, over SSH.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageSource)]
enum Source {
    Server,
    Node,
}

/// A path at which hosts of one cluster have different images.
#[derive(Serialize, ToSchema)]
struct ImageDrift {
    cluster: String,
    path: String,
    /// What most hosts have comes first.
    images: Vec<Drifted>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DriftedImage)]
struct Drifted {
    id: Uuid,
    identity: Identity,
    name: String,
    size: u64,
    version: Option<String>,
    created_at: Option<DateTime<Utc>>,
    problem: Option<String>,
    hosts: Vec<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageKind)]
enum Kind {
    Viz,
    Compute,
    Custom,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    cluster: Option<String>,
    /// On nodes of this partition.
    partition: Option<String>,
    /// On this node. What the portal's own host has is on every node.
    node: Option<String>,
    kind: Option<Kind>,
    /// Without it those that are there, as far as is known.
    state: Option<ImageState>,
    /// Words that are all in name, path, labels or apps.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DriftFilter {
    cluster: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// The app's name, as jobs give it.
#[derive(Serialize, ToSchema)]
struct ImageApp {
    name: String,
}

/// The catalogue, by name.
#[utoipa::path(get, path = "/images", tag = "images", params(Filter),
    responses((status = 200, body = Page<Image>), (status = 400, body = ProblemDocument)))]
async fn list(State(app): State<App>, QueryOf(filter): QueryOf<Filter>) -> Result<Json<Page<Image>>, Problem> {
    let kind = filter.kind.map(|kind| match kind {
        Kind::Viz => images::Kind::Viz,
        Kind::Compute => images::Kind::Compute,
        Kind::Custom => images::Kind::Custom,
    });
    let after = filter.cursor.as_deref().map(read_cursor).transpose()?;
    let wanted = images::Filter {
        cluster: filter.cluster,
        partition: filter.partition,
        node: filter.node,
        kind,
        state: filter.state.map(images::State::from),
        q: filter.q,
        after,
    };
    let limit = limit(filter.limit);
    let mut found = images::list(&app, &wanted, limit).await?;
    let has_more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| has_more).map(|last| write_cursor(&last.image.name, last.image.id));
    Ok(Json(Page { items: found.into_iter().map(Image::from).collect(), next_cursor, total: None }))
}

/// Paths at which hosts of one cluster have different images.
#[utoipa::path(get, path = "/images/drift", tag = "images", params(DriftFilter),
    responses((status = 200, body = Page<ImageDrift>), (status = 400, body = ProblemDocument)))]
async fn drift(
    State(app): State<App>,
    QueryOf(filter): QueryOf<DriftFilter>,
) -> Result<Json<Page<ImageDrift>>, Problem> {
    let after = filter.cursor.as_deref().map(read_drift_cursor).transpose()?;
    let limit = limit(filter.limit);
    let cluster = filter.cluster.as_deref();
    if cluster.is_some_and(|name| app.clusters.find(name).is_none()) {
        return Ok(Json(Page::whole(Vec::new())));
    }
    let mut found = images::drifts(&app.db, cluster, &after, limit).await?;
    let has_more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| has_more).map(|last| write_drift_cursor(&last.cluster, &last.path));
    Ok(Json(Page { items: found.into_iter().map(ImageDrift::from).collect(), next_cursor, total: None }))
}

/// An image with its definition and what `apptainer inspect` says of it.
#[utoipa::path(get, path = "/images/{id}", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = ImageDetail), (status = 404, body = ProblemDocument)))]
async fn get(State(app): State<App>, PathOf(id): PathOf<Uuid>) -> Result<Json<ImageDetail>, Problem> {
    let detail = images::get(&app, id).await?;
    Ok(Json(ImageDetail {
        image: detail.listed.into(),
        inspect: detail.inspect,
        help: detail.help,
        definition: detail.definition,
        locations: detail.places.into_iter().map(Location::from).collect(),
    }))
}

/// An image's apps.
#[utoipa::path(get, path = "/images/{id}/apps", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 200, body = Page<ImageApp>), (status = 404, body = ProblemDocument)))]
async fn apps(State(app): State<App>, PathOf(id): PathOf<Uuid>) -> Result<Json<Page<ImageApp>>, Problem> {
    let image = images::find(&app, id).await?;
    Ok(Json(Page::whole(image.apps.into_iter().map(|name| ImageApp { name }).collect())))
}

/// Have the SHA-256 of the image's files computed that is not known; `locations` says it when it is.
#[utoipa::path(post, path = "/images/{id}/digest", tag = "images", params(("id" = Uuid, Path)),
    responses((status = 202), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn digest(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    images::digest(&app, &actor, id).await?;
    Ok(StatusCode::ACCEPTED)
}

fn write_cursor(name: &str, id: Uuid) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{id}{name}"))
}

fn read_cursor(cursor: &str) -> Result<(String, Uuid), Problem> {
    let read = || {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (id, name) = text.split_at_checked(uuid::fmt::Hyphenated::LENGTH)?;
        Some((name.to_owned(), id.parse().ok()?)).filter(|(name, _)| !name.contains('\0'))
    };
    read().ok_or_else(|| Problem::unreadable("The cursor is none of this list: begin without one."))
}

fn write_drift_cursor(cluster: &str, path: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{cluster}\0{path}"))
}

fn read_drift_cursor(cursor: &str) -> Result<(String, String), Problem> {
    let read = || {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (cluster, path) = text.split_once('\0')?;
        Some((cluster.to_owned(), path.to_owned())).filter(|(_, path)| !path.contains('\0'))
    };
    read().ok_or_else(|| Problem::unreadable("The cursor is none of this list: begin without one."))
}

impl From<images::Listed> for Image {
    fn from(images::Listed { image, hosts, drifts, standing }: images::Listed) -> Image {
        Image {
            id: image.id,
            identity: image.identity.into(),
            name: image.name,
            path: image.path,
            cluster: image.cluster,
            host: image.host,
            hosts,
            drifts,
            kind: match image.kind {
                images::Kind::Viz => Kind::Viz,
                images::Kind::Compute => Kind::Compute,
                images::Kind::Custom => Kind::Custom,
            },
            size: image.size,
            format: image.format,
            created_at: image.created_at,
            version: image.version,
            architecture: image.architecture,
            apps: image.apps,
            labels: image.labels,
            signed: image.signed,
            signature: standing.map(SignatureStanding::from),
            encrypted: image.encrypted,
            modified_at: image.modified_at,
            problem: image.problem,
            state: image.state.into(),
            gone_at: image.gone_at,
        }
    }
}

impl From<images::Identity> for Identity {
    fn from(identity: images::Identity) -> Identity {
        let kind = match identity.kind {
            images::IdentityKind::Header => IdentityKind::Header,
            images::IdentityKind::Content => IdentityKind::Content,
            images::IdentityKind::Place => IdentityKind::Place,
        };
        Identity { kind, value: identity.value }
    }
}

impl From<images::State> for ImageState {
    fn from(state: images::State) -> ImageState {
        match state {
            images::State::Active => ImageState::Active,
            images::State::Stale => ImageState::Stale,
            images::State::Inactive => ImageState::Inactive,
        }
    }
}

impl From<ImageState> for images::State {
    fn from(state: ImageState) -> images::State {
        match state {
            ImageState::Active => images::State::Active,
            ImageState::Stale => images::State::Stale,
            ImageState::Inactive => images::State::Inactive,
        }
    }
}

impl From<images::Standing> for SignatureStanding {
    fn from(standing: images::Standing) -> SignatureStanding {
        match standing {
            images::Standing::Verified => SignatureStanding::Verified,
            images::Standing::Partly => SignatureStanding::Partly,
            images::Standing::UnknownKey => SignatureStanding::UnknownKey,
            images::Standing::Bad => SignatureStanding::Bad,
            images::Standing::NotChecked => SignatureStanding::NotChecked,
        }
    }
}

impl From<images::Signature> for Signature {
    fn from(signature: images::Signature) -> Signature {
        Signature {
            fingerprint: signature.fingerprint,
            hash: signature.hash,
            verdict: match signature.verdict {
                images::SignatureVerdict::Verified => SignatureVerdict::Verified,
                images::SignatureVerdict::UnknownKey => SignatureVerdict::UnknownKey,
                images::SignatureVerdict::Bad => SignatureVerdict::Bad,
                images::SignatureVerdict::NotChecked => SignatureVerdict::NotChecked,
            },
            signer: signature.signer,
            why: signature.why,
        }
    }
}

impl From<images::Place> for Location {
    fn from(place: images::Place) -> Location {
        let (standing, signatures, at) = match place.checked {
            Some(checked) => (Some(checked.standing.into()), checked.signatures, Some(checked.at)),
            None => (None, Vec::new(), None),
        };
        Location {
            signature: standing,
            signatures: signatures.into_iter().map(Signature::from).collect(),
            signatures_checked_at: at,
            signatures_problem: place.check_problem,
            sha256: place.digest.sha256,
            sha256_wanted: place.digest.is_wanted,
            sha256_problem: place.digest.problem,
            cluster: place.cluster,
            host: place.host,
            path: place.path,
            source: match place.source {
                images::Source::Server => Source::Server,
                images::Source::Node => Source::Node,
            },
            size: place.size,
            modified_at: place.modified_at,
            state: place.state.into(),
            first_seen_at: place.first_seen_at,
            last_seen_at: place.last_seen_at,
            gone_at: place.gone_at,
        }
    }
}

impl From<images::Drift> for ImageDrift {
    fn from(drift: images::Drift) -> ImageDrift {
        let image = |images::Drifted { image, hosts }| Drifted {
            id: image.id,
            identity: image.identity.into(),
            name: image.name,
            size: image.size,
            version: image.version,
            created_at: image.created_at,
            problem: image.problem,
            hosts,
        };
        ImageDrift { cluster: drift.cluster, path: drift.path, images: drift.images.into_iter().map(image).collect() }
    }
}
