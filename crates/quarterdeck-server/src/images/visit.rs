//! One visit to a host: what is known of its images is compared with what lies there, and brought up to date.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use crate::db::Db;
use crate::images::identity::{Identity, IdentityKind};
use crate::images::kinds::Hints;
use crate::images::read::{self, Facts, Reading, name_of};
use crate::images::rows::read_hints;
use crate::images::store::places::{self, Known};
use crate::images::walk::Candidate;
use crate::images::{Catalogue, Error, Kind, store};

/// Images written in one statement; each may have a definition of a MiB.
const ROWS_A_STATEMENT: usize = 20;
/// Images of which where they stand is worked out at once; each may lie on every node.
const IMAGES_AT_ONCE: usize = 50;

/// From where images were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The portal's own host.
    Server,
    /// A node, over SSH.
    Node,
    /// A person's own spaces, through her agent.
    Own,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Server => "server",
            Source::Node => "node",
            Source::Own => "own",
        }
    }

    pub fn parse(text: &str) -> Option<Source> {
        [Source::Server, Source::Node, Source::Own].into_iter().find(|source| source.as_str() == text)
    }
}

/// Whose files are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Host {
    pub(crate) source: Source,
    pub(crate) cluster: String,
    /// Of a person's own spaces: her Unix user.
    pub(crate) node: String,
}

impl Host {
    /// The Unix user who alone sees what lies there.
    pub(super) fn owner(&self) -> Option<&str> {
        (self.source == Source::Own).then_some(self.node.as_str())
    }
}

/// What a visit came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) removed: u64,
    /// Known ones that nobody could look at.
    pub(super) stale: u64,
}

pub(super) struct Visit {
    catalogue: Catalogue,
    host: Host,
    now_us: i64,
    /// Not met yet.
    known: HashMap<String, Known>,
    read: HashMap<Uuid, store::Read>,
    /// As they were, and known to be there.
    unchanged: Vec<Uuid>,
    returned: Vec<Known>,
    doubted: Vec<Known>,
    left: Vec<Known>,
    /// To be written together, with what those files were before.
    found: Vec<(Candidate, Found)>,
    replaced: Vec<Known>,
    outcome: Outcome,
}

/// What a file turned out to be.
enum Found {
    Read(Arc<Facts>),
    Known(Identity),
}

impl Found {
    fn identity(&self) -> &Identity {
        match self {
            Found::Read(facts) => &facts.identity,
            Found::Known(identity) => identity,
        }
    }
}

/// What has become of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// Somebody could look at it again.
    Returned,
    /// Nobody could look whether it is still there.
    Doubted,
    Left,
}

/// What is to be done about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToDo {
    /// It is as it was.
    Nothing,
    Reading,
}

impl Visit {
    /// `beneath`: what is known elsewhere on the host is left as it is. `None`: everything is looked at.
    pub(super) async fn begin(
        catalogue: &Catalogue,
        host: Host,
        beneath: Option<&[PathBuf]>,
        now_us: i64,
    ) -> Result<Visit, Error> {
        let db = &catalogue.db;
        let known = known(db, &host, beneath).await?;
        let images: Vec<Uuid> = known.iter().map(|place| place.image_id).collect();
        let read = store::read(db.read(), &images).await?;
        let known = known.into_iter().map(|place| (place.path.clone(), place)).collect();
        Ok(Visit {
            catalogue: catalogue.clone(),
            host,
            now_us,
            known,
            read,
            unchanged: Vec::new(),
            returned: Vec::new(),
            doubted: Vec::new(),
            left: Vec::new(),
            found: Vec::new(),
            replaced: Vec::new(),
            outcome: Outcome::default(),
        })
    }

    /// Takes note of a file that is there.
    pub(super) fn meet(&mut self, candidate: &Candidate) -> ToDo {
        if !self.known.get(&candidate.path).is_some_and(|place| self.is_unchanged(place, candidate)) {
            return ToDo::Reading;
        }
        if let Some(place) = self.known.remove(&candidate.path) {
            match place.state.as_str() {
                places::ACTIVE => self.unchanged.push(place.id),
                _ => self.returned.push(place),
            }
        }
        ToDo::Nothing
    }

    /// Takes note of what was read of a file. Answers what there is to complain of.
    pub(super) async fn take(&mut self, candidate: Candidate, reading: Reading) -> Result<Option<String>, Error> {
        let mut known = self.known.remove(&candidate.path);
        let found = match reading {
            // Whatever was there before is no longer.
            Reading::NoImage => {
                self.left.extend(known);
                return Ok(None);
            }
            Reading::Lost => {
                if let Some(known) = known {
                    self.doubt(known);
                }
                return Ok(None);
            }
            Reading::Known(identity) => Found::Known(identity),
            Reading::Image(facts) => Found::Read(facts),
            Reading::Unreadable(message) => {
                if let Some(known) = known.take_if(|known| !self.is_known_by_place(known)) {
                    // Its texts are worth more than the news that they cannot be read now.
                    self.doubt(known);
                    return Ok(Some(message));
                }
                Found::Read(Arc::new(Facts::unreadable(&self.host, &candidate.path, message)))
            }
        };
        let problem = if let Found::Read(facts) = &found { facts.problem.clone() } else { None };
        if let Some(known) = known
            && self.is_replaced(&known, found.identity()).await?
        {
            self.replaced.push(known);
        }
        self.found.push((candidate, found));
        if self.found.len() == ROWS_A_STATEMENT {
            self.write().await?;
        }
        Ok(problem)
    }

    /// What was known and not met is gone, unless it `may_be_there` where nobody could look.
    pub(super) async fn end(mut self, may_be_there: impl Fn(&str) -> bool) -> Result<Outcome, Error> {
        self.write().await?;
        for known in std::mem::take(&mut self.known).into_values() {
            if may_be_there(&known.path) {
                self.doubt(known);
            } else {
                self.left.push(known);
            }
        }
        self.outcome.removed += self.left.len() as u64;
        places::see(self.catalogue.db.write(), &self.unchanged, self.now_us).await?;
        for (places, news) in
            [(&self.returned, News::Returned), (&self.doubted, News::Doubted), (&self.left, News::Left)]
        {
            note(&self.catalogue, places, news, self.now_us).await?;
        }
        Ok(self.outcome)
    }

    /// One with a problem is read again: it may be solved by what leaves size and time as they are, such as a
    /// permission.
    fn is_unchanged(&self, place: &Known, candidate: &Candidate) -> bool {
        let is_read =
            self.read.get(&place.image_id).is_some_and(|image| image.reader == read::READER && image.problem.is_none());
        // Not every way to a file tells these.
        let is_same =
            |known: Option<i64>, now: Option<u64>| known.zip(now).is_none_or(|(known, now)| known == now.cast_signed());
        is_read
            && u64::try_from(place.size) == Ok(candidate.size)
            && place.modified_us == candidate.modified_us
            && is_same(place.inode, candidate.inode)
            && is_same(place.device, candidate.device)
    }

    fn is_known_by_place(&self, place: &Known) -> bool {
        self.read.get(&place.image_id).is_none_or(|image| image.identity_kind == IdentityKind::Place.as_str())
    }

    /// Whether the file is another image now.
    async fn is_replaced(&self, known: &Known, identity: &Identity) -> Result<bool, Error> {
        let now = identity.to_text(self.host.owner());
        let Some(before) = self.read.get(&known.image_id).filter(|before| before.identity != now) else {
            return Ok(false);
        };
        if self.is_known_by_place(known) {
            store::name_by(self.catalogue.db.write(), before.id, &now, identity.kind.as_str()).await?;
            let renamed = store::read(self.catalogue.db.read(), &[known.image_id]).await?;
            if renamed.get(&known.image_id).is_some_and(|image| image.identity == now) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn doubt(&mut self, known: Known) {
        self.outcome.stale += 1;
        if known.state != places::STALE {
            self.doubted.push(known);
        }
    }

    /// What was found since the last time, and what follows for the images, takes effect together: another scan takes
    /// a place that is written for one that is as it was.
    async fn write(&mut self) -> Result<(), Error> {
        let (found, replaced) = (std::mem::take(&mut self.found), std::mem::take(&mut self.replaced));
        if found.is_empty() {
            return Ok(());
        }
        let identities: Vec<String> =
            found.iter().map(|(_, found)| found.identity().to_text(self.host.owner())).collect();
        let identities: Vec<&str> = identities.iter().map(String::as_str).collect();
        let known = store::read_by_identity(self.catalogue.db.read(), &identities).await?;
        let is_known = |identity: &str| {
            known.get(identity).is_some_and(|image| image.reader == read::READER && image.problem.is_none())
        };
        let mut images = Vec::new();
        let mut places = Vec::new();
        for ((candidate, found), identity) in found.into_iter().zip(&identities) {
            places.push(self.place(&candidate));
            if let Found::Read(facts) = found
                && !is_known(identity)
            {
                images.push(self.image(&facts, &candidate, identity));
            }
        }
        let mut touched = images_of(&replaced);
        touched.extend(known.values().map(|image| image.id));
        let tx = self.catalogue.db.begin().await?;
        store::lock(&tx, &touched).await?;
        store::upsert(&tx, images).await?;
        let known = store::read_by_identity(&tx, &identities).await?;
        for (place, identity) in places.iter_mut().zip(&identities) {
            let image =
                known.get(*identity).ok_or_else(|| anyhow::anyhow!("an image vanished while it was written"))?;
            place.image_id = image.id;
            touched.insert(image.id);
        }
        places::upsert(&tx, places).await?;
        places::leave(&tx, &ids_of(&replaced), self.now_us).await?;
        settle(&tx, &self.catalogue, &touched).await?;
        tx.commit().await?;
        self.outcome.removed += replaced.len() as u64;
        Ok(())
    }

    fn place(&self, candidate: &Candidate) -> places::Model {
        places::Model {
            id: Uuid::now_v7(),
            image_id: Uuid::nil(),
            source: self.host.source.as_str().to_owned(),
            cluster: self.host.cluster.clone(),
            node: self.host.node.clone(),
            path: candidate.path.clone(),
            size: in_column(candidate.size),
            modified_us: candidate.modified_us,
            inode: candidate.inode.map(u64::cast_signed),
            device: candidate.device.map(u64::cast_signed),
            state: places::ACTIVE.to_owned(),
            first_seen_us: self.now_us,
            seen_us: self.now_us,
            gone_us: None,
            standing: None,
            signatures: None,
            checked_with: None,
            checked_us: None,
            check_problem: None,
            sha256: None,
            digest_wanted_us: None,
            digested_us: None,
            digest_problem: None,
        }
    }

    fn kind(&self, facts: &Facts, candidate: &Candidate) -> Kind {
        let hints = Hints { labels: &facts.labels, apps: &facts.apps, needs: &facts.needs, owner: self.host.owner() };
        self.catalogue.kinds.kind(&self.host.node, &candidate.path, &hints)
    }

    fn image(&self, facts: &Facts, candidate: &Candidate, identity: &str) -> store::Model {
        store::Model {
            id: Uuid::now_v7(),
            identity: identity.to_owned(),
            identity_kind: facts.identity.kind.as_str().to_owned(),
            owner: self.host.owner().map(str::to_owned),
            cluster: self.host.cluster.clone(),
            host: self.host.node.clone(),
            name: name_of(&candidate.path),
            kind: self.kind(facts, candidate).as_str().to_owned(),
            path: candidate.path.clone(),
            size: in_column(candidate.size),
            modified_us: candidate.modified_us,
            created_us: facts.created_us,
            format: facts.format.map(str::to_owned),
            version: facts.version.clone(),
            architecture: facts.architecture.clone(),
            words: read::words(&facts.labels, &facts.apps),
            needs: Some(json!(facts.needs)),
            apps: json!(facts.apps),
            labels: json!(facts.labels),
            inspect: facts.inspect.clone(),
            definition: facts.definition.clone(),
            signed: facts.signed,
            encrypted: facts.encrypted,
            problem: facts.problem.clone(),
            state: places::ACTIVE.to_owned(),
            gone_us: None,
            scanned_us: self.now_us,
            reader: read::READER,
        }
    }
}

/// Nobody could look at the host at all: what is known of it, beneath these directories or anywhere, may or may not be
/// there.
pub(super) async fn doubt_all(
    catalogue: &Catalogue,
    host: &Host,
    beneath: Option<&[PathBuf]>,
    now_us: i64,
) -> Result<Outcome, Error> {
    let mut known = known(&catalogue.db, host, beneath).await?;
    let stale = known.len() as u64;
    known.retain(|place| place.state != places::STALE);
    note(catalogue, &known, News::Doubted, now_us).await?;
    Ok(Outcome { stale, removed: 0 })
}

/// These hosts are none of the site's any more: what lies there is nobody's business.
pub(super) async fn leave_other_nodes(
    catalogue: &Catalogue,
    cluster: &str,
    nodes: &[String],
    now_us: i64,
) -> Result<(), Error> {
    let db = &catalogue.db;
    for node in places::nodes(db.read(), cluster).await?.into_iter().filter(|node| !nodes.contains(node)) {
        let host = Host { source: Source::Node, cluster: cluster.to_owned(), node };
        note(catalogue, &places::known(db.read(), &host).await?, News::Left, now_us).await?;
    }
    Ok(())
}

/// A host is of one cluster: where it was of another before, it left that with its images. To be called when what lies
/// there is known as the new one's, so that no image is gone in the meantime.
pub(super) async fn leave_other_clusters(catalogue: &Catalogue, host: &Host, now_us: i64) -> Result<(), Error> {
    let others = places::of_other_clusters(catalogue.db.read(), host).await?;
    note(catalogue, &others, News::Left, now_us).await
}

async fn known(db: &Db, host: &Host, beneath: Option<&[PathBuf]>) -> Result<Vec<Known>, Error> {
    let mut known = places::known(db.read(), host).await?;
    if let Some(directories) = beneath {
        known.retain(|place| directories.iter().any(|directory| Path::new(&place.path).starts_with(directory)));
    }
    Ok(known)
}

/// Writes what has become of places, and what follows for their images: a few at a time, since others wait, and each
/// few as a whole, since a later scan sees nothing to do about a place that is written.
async fn note(catalogue: &Catalogue, places: &[Known], news: News, now_us: i64) -> Result<(), Error> {
    for places in places.chunks(IMAGES_AT_ONCE) {
        let (ids, images) = (ids_of(places), images_of(places));
        let tx = catalogue.db.begin().await?;
        store::lock(&tx, &images).await?;
        match news {
            News::Returned => places::see(&tx, &ids, now_us).await?,
            News::Doubted => places::doubt(&tx, &ids).await?,
            News::Left => places::leave(&tx, &ids, now_us).await?,
        }
        settle(&tx, catalogue, &images).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn ids_of(places: &[Known]) -> Vec<Uuid> {
    places.iter().map(|place| place.id).collect()
}

fn images_of(places: &[Known]) -> BTreeSet<Uuid> {
    places.iter().map(|place| place.image_id).collect()
}

/// Works out which place stands for each of the images, and whether it is still there at all.
async fn settle(db: &impl ConnectionTrait, catalogue: &Catalogue, images: &BTreeSet<Uuid>) -> Result<(), Error> {
    let images: Vec<Uuid> = images.iter().copied().collect();
    for ids in images.chunks(IMAGES_AT_ONCE) {
        let mut places: HashMap<Uuid, Vec<places::Standing>> = HashMap::new();
        for place in places::standing(db, ids).await? {
            places.entry(place.image_id).or_default().push(place);
        }
        for image in store::summaries(db, ids).await? {
            let Some(place) = places.get(&image.id).and_then(|places| best(places)) else { continue };
            // One of which nothing was ever read is nothing to remember.
            let is_nothing = Identity::parse(&image.identity).is_none_or(|known| known.kind == IdentityKind::Place);
            if place.state == places::INACTIVE && is_nothing {
                store::remove(db, &[image.id]).await?;
                continue;
            }
            let (id, path) = (image.id, place.path.clone());
            let stand = store::Stand {
                cluster: place.cluster.clone(),
                host: place.node.clone(),
                modified_us: place.modified_us,
                name: name_of(&path),
                kind: kind_at(catalogue, place, &image),
                state: place.state.clone(),
                gone_us: place.gone_us.filter(|_| place.state == places::INACTIVE),
                path,
            };
            if stand != image.into() {
                store::stand(db, id, stand).await?;
            }
        }
    }
    Ok(())
}

/// One whose texts cannot be read stays what it was, so that it keeps nobody from all the others.
fn kind_at(catalogue: &Catalogue, place: &places::Standing, image: &store::Summary) -> String {
    match read_hints(image) {
        Ok((labels, apps, needs)) => {
            let hints = Hints { labels: &labels, apps: &apps, needs: &needs, owner: image.owner.as_deref() };
            catalogue.kinds.kind(&place.node, &place.path, &hints).as_str().to_owned()
        }
        Err(error) => {
            tracing::warn!("{error}");
            image.kind.clone()
        }
    }
}

/// A place where the image is rather than one where it was; the one that it left last. Names of hosts and paths
/// decide the rest, so that it is always the same one.
fn best(places: &[places::Standing]) -> Option<&places::Standing> {
    let rank = |state: &str| [places::ACTIVE, places::STALE, places::INACTIVE].iter().position(|known| *known == state);
    places.iter().min_by_key(|place| {
        let gone = std::cmp::Reverse(place.gone_us.filter(|_| place.state == places::INACTIVE));
        (rank(&place.state), gone, &place.cluster, &place.path, &place.node)
    })
}

pub(super) fn in_column(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
