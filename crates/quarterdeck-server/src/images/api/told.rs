//! What the API tells of images.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::images;

/// An Apptainer image. Its texts are its author's; nothing of them is verified.
#[derive(Serialize, ToSchema)]
pub(super) struct Image {
    id: Uuid,
    identity: Identity,
    /// Your own: nobody else sees it.
    own: bool,
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
    /// What the node must have, as far as the image lets on.
    needs: Vec<Need>,
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

/// `display`: its programs open windows.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageNeed)]
pub(super) enum Need {
    NvidiaGpu,
    AmdGpu,
    Mpi,
    Display,
}

/// By what an image is known again: two files with the same identity are one image.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageIdentity)]
pub(super) struct Identity {
    kind: IdentityKind,
    value: String,
}

/// `header`: UUID, times of building and of the last change, and size. `content`: a hash of its beginning, its size and its metadata, where its
/// header has no UUID or it is damaged. `place`: nothing of it could be read.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageIdentityKind)]
pub(super) enum IdentityKind {
    Header,
    Content,
    Place,
}

/// `stale`: it was there when somebody could last look. `inactive`: it was removed, or replaced.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ImageState {
    Active,
    Stale,
    Inactive,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ImageDetail {
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
pub(super) enum SignatureStanding {
    Verified,
    Partly,
    UnknownKey,
    Bad,
    NotChecked,
}

/// A signature that an image carries.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageSignature)]
pub(super) struct Signature {
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
pub(super) enum SignatureVerdict {
    Verified,
    UnknownKey,
    Bad,
    NotChecked,
}

/// Where an image lies, or lay.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageLocation)]
pub(super) struct Location {
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

/// `server`: the portal's own host. `node`: a node, over SSH. `own`: your own spaces.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageSource)]
pub(super) enum Source {
    Server,
    Node,
    Own,
}

/// A path at which hosts of one cluster have different images.
#[derive(Serialize, ToSchema)]
pub(super) struct ImageDrift {
    cluster: String,
    path: String,
    /// What most hosts have comes first.
    images: Vec<Drifted>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DriftedImage)]
pub(super) struct Drifted {
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
pub(super) enum Kind {
    Viz,
    Compute,
    Custom,
}

impl From<images::Listed> for Image {
    fn from(images::Listed { image, hosts, drifts, standing }: images::Listed) -> Image {
        Image {
            id: image.id,
            identity: image.identity.into(),
            own: image.owner.is_some(),
            name: image.name,
            path: image.path,
            cluster: image.cluster,
            host: image.host,
            hosts,
            drifts,
            kind: image.kind.into(),
            size: image.size,
            format: image.format,
            created_at: image.created_at,
            version: image.version,
            architecture: image.architecture,
            apps: image.apps,
            labels: image.labels,
            needs: image.needs.into_iter().map(Need::from).collect(),
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

impl From<images::Detail> for ImageDetail {
    fn from(detail: images::Detail) -> ImageDetail {
        ImageDetail {
            image: detail.listed.into(),
            inspect: detail.inspect,
            help: detail.help,
            definition: detail.definition,
            locations: detail.places.into_iter().map(Location::from).collect(),
        }
    }
}

impl From<images::Kind> for Kind {
    fn from(kind: images::Kind) -> Kind {
        match kind {
            images::Kind::Viz => Kind::Viz,
            images::Kind::Compute => Kind::Compute,
            images::Kind::Custom => Kind::Custom,
        }
    }
}

impl From<Kind> for images::Kind {
    fn from(kind: Kind) -> images::Kind {
        match kind {
            Kind::Viz => images::Kind::Viz,
            Kind::Compute => images::Kind::Compute,
            Kind::Custom => images::Kind::Custom,
        }
    }
}

impl From<images::Need> for Need {
    fn from(need: images::Need) -> Need {
        match need {
            images::Need::NvidiaGpu => Need::NvidiaGpu,
            images::Need::AmdGpu => Need::AmdGpu,
            images::Need::Mpi => Need::Mpi,
            images::Need::Display => Need::Display,
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
                images::Source::Own => Source::Own,
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
