//! One visit to a host: what is known of its images is compared with what lies there, and brought up to date.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use uuid::Uuid;

use crate::db::Db;
use crate::images::identity::{Identity, IdentityKind};
use crate::images::read::{self, Facts, Reading, name_of};
use crate::images::store::places::{self, Known};
use crate::images::walk::Candidate;
use crate::images::{Error, read_apps, read_labels, store};

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
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Server => "server",
            Source::Node => "node",
        }
    }

    pub fn parse(text: &str) -> Option<Source> {
        [Source::Server, Source::Node].into_iter().find(|source| source.as_str() == text)
    }
}

/// Whose files are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Host {
    pub(super) source: Source,
    pub(super) cluster: String,
    pub(super) node: String,
}

/// What a visit came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) removed: u64,
    /// Known ones that nobody could look at.
    pub(super) stale: u64,
    /// Images of which it has to be worked out anew where they stand: [`settle`].
    pub(super) touched: HashSet<Uuid>,
}

pub(super) struct Visit {
    db: Db,
    host: Host,
    now_us: i64,
    /// Not met yet.
    known: HashMap<String, Known>,
    read: HashMap<Uuid, store::Read>,
    unchanged: Vec<Uuid>,
    stale: Vec<Uuid>,
    left: Vec<Uuid>,
    found: Vec<(Candidate, Facts)>,
    touched: HashSet<Uuid>,
}

/// What is to be done about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It is as it was.
    Nothing,
    Reading,
}

impl Visit {
    pub(super) async fn begin(db: &Db, host: Host, now_us: i64) -> Result<Visit, Error> {
        let known = places::known(db.read(), &host).await?;
        let images: Vec<Uuid> = known.iter().map(|place| place.image_id).collect();
        let read = store::read(db.read(), &images).await?;
        let known = known.into_iter().map(|place| (place.path.clone(), place)).collect();
        Ok(Visit {
            db: db.clone(),
            host,
            now_us,
            known,
            read,
            unchanged: Vec::new(),
            stale: Vec::new(),
            left: Vec::new(),
            found: Vec::new(),
            touched: HashSet::new(),
        })
    }

    /// Takes note of a file that is there.
    pub(super) fn meet(&mut self, candidate: &Candidate) -> Need {
        let Some(place) = self.known.get(&candidate.path).filter(|place| self.is_unchanged(place, candidate)) else {
            return Need::Reading;
        };
        if place.state != places::ACTIVE {
            self.touched.insert(place.image_id);
        }
        self.unchanged.push(place.id);
        self.known.remove(&candidate.path);
        Need::Nothing
    }

    /// Takes note of what was read of a file. Answers what there is to complain of.
    pub(super) async fn take(&mut self, candidate: Candidate, reading: Reading) -> Result<Option<String>, Error> {
        let known = self.known.remove(&candidate.path);
        let facts = match reading {
            // Whatever was there before is no longer.
            Reading::NoImage => {
                self.leave(known.iter());
                return Ok(None);
            }
            Reading::Image(facts) => *facts,
            Reading::Unreadable(message) => {
                if let Some(known) = known.as_ref().filter(|known| !self.is_known_by_place(known)) {
                    // Its texts are worth more than the news that they cannot be read now.
                    self.doubt(known);
                    return Ok(Some(message));
                }
                Facts::unreadable(&self.host, &candidate.path, message)
            }
        };
        let problem = facts.problem.clone();
        if let Some(known) = known {
            self.replace(known, &facts).await?;
        }
        self.found.push((candidate, facts));
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
                self.doubt(&known);
            } else {
                self.leave([&known]);
            }
        }
        let db = self.db.write();
        places::see(db, &self.unchanged, self.now_us).await?;
        places::doubt(db, &self.stale).await?;
        places::leave(db, &self.left, self.now_us).await?;
        Ok(Outcome { removed: self.left.len() as u64, stale: self.stale.len() as u64, touched: self.touched })
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

    /// The file is there, and may be another image now.
    async fn replace(&mut self, known: Known, facts: &Facts) -> Result<(), Error> {
        let now = facts.identity.to_text();
        let Some(before) = self.read.get(&known.image_id).filter(|before| before.identity != now) else {
            return Ok(());
        };
        if self.is_known_by_place(&known) {
            store::name_by(self.db.write(), before.id, &now, facts.identity.kind.as_str()).await?;
            let renamed = store::read(self.db.read(), &[known.image_id]).await?;
            if renamed.get(&known.image_id).is_some_and(|image| image.identity == now) {
                return Ok(());
            }
        }
        self.leave([&known]);
        Ok(())
    }

    fn doubt(&mut self, known: &Known) {
        if known.state != places::STALE {
            self.touched.insert(known.image_id);
        }
        self.stale.push(known.id);
    }

    fn leave<'k>(&mut self, known: impl IntoIterator<Item = &'k Known>) {
        for known in known {
            self.touched.insert(known.image_id);
            self.left.push(known.id);
        }
    }

    async fn write(&mut self) -> Result<(), Error> {
        let found = std::mem::take(&mut self.found);
        if found.is_empty() {
            return Ok(());
        }
        let identities: Vec<String> = found.iter().map(|(_, facts)| facts.identity.to_text()).collect();
        let identities: Vec<&str> = identities.iter().map(String::as_str).collect();
        let known = store::read_by_identity(self.db.read(), &identities).await?;
        let is_known = |identity: &str| {
            known.get(identity).is_some_and(|image| image.reader == read::READER && image.problem.is_none())
        };
        let mut images = Vec::new();
        let mut places = Vec::new();
        for ((candidate, facts), identity) in found.into_iter().zip(&identities) {
            places.push(self.place(&candidate));
            if !is_known(identity) {
                images.push(self.image(facts, &candidate, identity));
            }
        }
        store::upsert(self.db.write(), images).await?;
        let known = store::read_by_identity(self.db.read(), &identities).await?;
        for (place, identity) in places.iter_mut().zip(&identities) {
            let image =
                known.get(*identity).ok_or_else(|| anyhow::anyhow!("an image vanished while it was written"))?;
            place.image_id = image.id;
            self.touched.insert(image.id);
        }
        Ok(places::upsert(self.db.write(), places).await?)
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
        }
    }

    fn image(&self, facts: Facts, candidate: &Candidate, identity: &str) -> store::Model {
        store::Model {
            id: Uuid::now_v7(),
            identity: identity.to_owned(),
            identity_kind: facts.identity.kind.as_str().to_owned(),
            cluster: self.host.cluster.clone(),
            host: self.host.node.clone(),
            name: name_of(&candidate.path),
            kind: read::kind_of(&candidate.path, &facts.labels, &facts.apps).as_str().to_owned(),
            path: candidate.path.clone(),
            size: in_column(candidate.size),
            modified_us: candidate.modified_us,
            created_us: facts.created_us,
            format: facts.format.map(str::to_owned),
            version: facts.version,
            architecture: facts.architecture,
            words: read::words(&facts.labels, &facts.apps),
            apps: json!(facts.apps),
            labels: json!(facts.labels),
            inspect: facts.inspect,
            definition: facts.definition,
            signed: facts.signed,
            encrypted: facts.encrypted,
            problem: facts.problem,
            state: places::ACTIVE.to_owned(),
            gone_us: None,
            scanned_us: self.now_us,
            reader: read::READER,
        }
    }
}

/// Nobody could look at the host at all: what is known of it may or may not be there.
#[cfg_attr(not(test), expect(dead_code, reason = "scans over SSH are to come"))]
pub(super) async fn doubt_all(db: &Db, host: &Host) -> Result<Outcome, Error> {
    let known = places::known(db.read(), host).await?;
    let news: Vec<&Known> = known.iter().filter(|place| place.state != places::STALE).collect();
    let ids: Vec<Uuid> = news.iter().map(|place| place.id).collect();
    places::doubt(db.write(), &ids).await?;
    let touched = news.iter().map(|place| place.image_id).collect();
    Ok(Outcome { stale: known.len() as u64, touched, removed: 0 })
}

/// A host is of one cluster: where it was of another before, it left that with its images.
pub(super) async fn leave_other_clusters(db: &Db, host: &Host, now_us: i64) -> Result<HashSet<Uuid>, Error> {
    let others = places::of_other_clusters(db.read(), host).await?;
    let ids: Vec<Uuid> = others.iter().map(|place| place.id).collect();
    places::leave(db.write(), &ids, now_us).await?;
    Ok(others.iter().map(|place| place.image_id).collect())
}

/// Works out which place stands for each of the images, and whether it is still there at all.
pub(super) async fn settle(db: &Db, images: &HashSet<Uuid>) -> Result<(), Error> {
    let images: Vec<Uuid> = images.iter().copied().collect();
    for ids in images.chunks(IMAGES_AT_ONCE) {
        let mut places: HashMap<Uuid, Vec<places::Standing>> = HashMap::new();
        for place in places::standing(db.read(), ids).await? {
            places.entry(place.image_id).or_default().push(place);
        }
        for image in store::summaries(db.read(), ids).await? {
            let Some(place) = places.get(&image.id).and_then(|places| best(places)) else { continue };
            // One of which nothing was ever read is nothing to remember.
            let is_nothing = Identity::parse(&image.identity).is_none_or(|known| known.kind == IdentityKind::Place);
            if place.state == places::INACTIVE && is_nothing {
                store::remove(db.write(), &[image.id]).await?;
                continue;
            }
            let (id, path) = (image.id, place.path.clone());
            let stand = store::Stand {
                cluster: place.cluster.clone(),
                host: place.node.clone(),
                modified_us: place.modified_us,
                name: name_of(&path),
                kind: read::kind_of(&path, &read_labels(&image)?, &read_apps(&image)?).as_str().to_owned(),
                state: place.state.clone(),
                gone_us: place.gone_us.filter(|_| place.state == places::INACTIVE),
                path,
            };
            if stand != image.into() {
                store::stand(db.write(), id, stand).await?;
            }
        }
    }
    Ok(())
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

fn in_column(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
