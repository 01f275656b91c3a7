//! Keeps the job templates: reads them from the site's directory, offers them, checks what users fill in, and makes
//! batch scripts of it.

pub(crate) mod api;
mod bundle;
mod convert;
mod definition;
mod edit;
mod history;
mod library;
mod load;
mod own;
mod parameters;
mod render;
pub mod share;
mod store;
mod uses;
mod watch;

use std::ops::Bound;
use std::sync::Arc;

use quarterdeck_types::hex;
use sea_orm::DbErr;
use sha2::{Digest, Sha256};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::access::{Actor, Role};
use crate::app::App;
use crate::config::Mode;
use crate::problem::FieldError;
use crate::{agents, auth, files, images};
use library::Shelf;

pub use bundle::{Brought, bring, pack};
pub use convert::{Converted, FormToConvert, ScriptToConvert, of_batch_script, of_open_ondemand};
pub use definition::{FileSlot, ImageUse, Parameter, SchedulerName, Template, Text};
pub use edit::{archive, change, clone, create, export, try_out, try_text};
pub use history::{Version, version, versions};
pub use library::{Templates, scan, start};
pub use parameters::check_parameters;
pub use render::render;
pub(crate) use uses::count as count_use;
pub use uses::{Uses, set_favourite};

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such template.")]
    NotFound,
    #[error("The template {id} is there in version {there}, not {asked}: choose it again.")]
    OtherVersion { id: String, asked: String, there: String },
    #[error("The id {0} is taken: choose another.")]
    IdTaken(String),
    #[error("The template {0} is the site's: clone it, and change your own.")]
    NotYours(String),
    #[error("The template {0} was changed meanwhile: look at it again.")]
    Changed(String),
    #[error("{}", .0.first().map_or("", |error| error.detail.as_str()))]
    Invalid(Vec<FieldError>),
    #[error(transparent)]
    Agent(#[from] agents::Error),
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error(transparent)]
    Auth(#[from] auth::Error),
    #[error("This site does not share templates: ask an administrator.")]
    SharingOff,
    #[error("Everybody has this text of {0} already.")]
    SharedAlready(String),
    #[error("You have offered as many templates as one may: wait until they are decided, or take one back.")]
    TooManyShares,
    #[error("There is no such request.")]
    NoSuchShare,
    #[error("It is another user's: refuse it instead.")]
    NotYourShare,
    #[error("It is decided, or just being decided: look at it again.")]
    ShareDecided,
    #[error("The server cannot write to community/ in the templates' directory ({0}): an administrator has to let it.")]
    NotWritten(std::io::Error),
    #[error("The templates' directory cannot be read ({0}): the templates read before stay.")]
    Directory(std::io::Error),
    #[error(transparent)]
    Db(#[from] DbErr),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// Whose template it is, as its directory says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Ships with Quarterdeck.
    Official,
    /// The site's own, for everybody.
    Community,
    /// One user's; nobody else sees it.
    Private,
}

impl Source {
    const ALL: [Source; 3] = [Source::Official, Source::Community, Source::Private];

    pub fn as_str(self) -> &'static str {
        match self {
            Source::Official => "official",
            Source::Community => "community",
            Source::Private => "private",
        }
    }

    pub fn parse(text: &str) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.as_str() == text)
    }
}

/// A template as one user is offered it.
#[derive(Clone, Debug)]
pub struct Offer {
    pub template: Template,
    pub source: Source,
    /// Of its text, SHA-256.
    pub hash: String,
    /// Why it cannot be used at present.
    pub unavailable: Option<Unavailable>,
    pub uses: Uses,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// It needs an image, and the catalogue has none.
    NoImage,
    /// It needs an image, and this host, which runs the jobs, has no Apptainer.
    NoApptainer,
}

/// What a look at the directory brought.
#[derive(Debug)]
pub struct Report {
    pub loaded: usize,
    pub failed: Vec<Failure>,
}

/// A file that is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Relative to the templates' directory.
    pub file: String,
    /// Counted from 1; `None` where it concerns no line.
    pub line: Option<usize>,
    pub message: String,
    /// What is offered meanwhile, `id@version`: the last that the file held.
    pub served: Option<String>,
}

/// A template and where it came from.
#[derive(Clone, Debug)]
struct Loaded {
    template: Template,
    source: Source,
    /// Relative to the templates' directory.
    file: String,
    /// Of its text, SHA-256.
    hash: String,
    /// `None`: it was read when the server ran before, and is kept in the database.
    text: Option<Arc<str>>,
    /// What a search looks at.
    words: String,
}

impl Loaded {
    fn new(template: Template, source: Source, file: String, text: String) -> Loaded {
        let (hash, words) = (Loaded::hash_of(&text), words(&template));
        Loaded { template, source, file, hash, text: Some(text.into()), words }
    }

    /// What a text is known by.
    fn hash_of(text: &str) -> String {
        hex(&Sha256::digest(text.as_bytes()))
    }

    /// The directory beneath the source's: an official template's category.
    fn folder(&self) -> Option<&str> {
        let mut parts = self.file.split('/').skip(1);
        match (parts.next(), parts.next()) {
            (Some(folder), Some(_)) => Some(folder),
            _ => None,
        }
    }

    /// As the database has it.
    fn row(&self, owner: &str, loaded_us: i64) -> Result<store::Model, Error> {
        Ok(store::Model {
            owner: owner.to_owned(),
            id: self.template.id.clone(),
            version: self.template.version.clone(),
            hash: self.hash.clone(),
            source: self.source.as_str().to_owned(),
            category: self.template.category.clone(),
            file: self.file.clone(),
            document: serde_json::to_value(&self.template).map_err(anyhow::Error::from)?,
            loaded_us,
        })
    }

    /// As its history has it; what was read before is there already. Numbers are given when it is written.
    fn seen(&self, owner: &str, seen_us: i64, author: Option<&str>) -> Option<(store::versions::Model, Arc<str>)> {
        let version = store::versions::Model {
            owner: owner.to_owned(),
            template: self.template.id.clone(),
            number: 0,
            hash: self.hash.clone(),
            version: self.template.version.clone(),
            source: self.source.as_str().to_owned(),
            file: self.file.clone(),
            seen_us,
            author: author.map(str::to_owned),
        };
        Some((version, self.text.clone()?))
    }
}

impl TryFrom<store::Model> for Loaded {
    type Error = anyhow::Error;

    fn try_from(row: store::Model) -> Result<Loaded, anyhow::Error> {
        let unreadable = || anyhow::anyhow!("the row of the template {} cannot be read", row.id);
        let source = Source::parse(&row.source).ok_or_else(unreadable)?;
        let template: Template = serde_json::from_value(row.document).map_err(|error| unreadable().context(error))?;
        let words = words(&template);
        Ok(Loaded { template, source, file: row.file, hash: row.hash, text: None, words })
    }
}

/// Whether the actor is the Unix user whose templates these are.
pub(crate) fn is_owner(actor: &Actor, owner: &str) -> bool {
    own::user(actor) == Some(owner)
}

/// Composed, since macOS types Korean taken apart.
fn words(template: &Template) -> String {
    let texts = [&template.name, &template.description].into_iter().flat_map(|text| [&text.en, &text.ko]);
    let words = texts.chain(&template.tags).chain([&template.id, &template.category]);
    comparable(&words.map(String::as_str).collect::<Vec<_>>().join("\n"))
}

fn comparable(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

/// Which templates to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub category: Option<String>,
    pub source: Option<Source>,
    pub tag: Option<String>,
    /// Words that are all in name, description, tags, category or id, in either language, whatever the case.
    pub q: Option<String>,
    /// The id that the last page ended with.
    pub after: Option<String>,
}

impl Filter {
    fn admits(&self, loaded: &Loaded, words: &[&str]) -> bool {
        let Loaded { template, source, .. } = loaded;
        self.category.as_ref().is_none_or(|category| *category == template.category)
            && self.source.is_none_or(|wanted| wanted == *source)
            && self.tag.as_ref().is_none_or(|tag| template.tags.contains(tag))
            && words.iter().all(|word| loaded.words.contains(word))
    }
}

/// Files that cannot be used, as far as the actor may know of them: operators of those that are the site's, everybody
/// of her own.
pub async fn faults(app: &App, actor: &Actor) -> Report {
    let (shared, own) = (app.templates.shelf(), own::shelf(app, actor).await);
    let sites = shared.failed.iter().filter(|_| actor.role >= Role::Operator);
    let loaded = shared.templates.len() + own.templates.len();
    Report { loaded, failed: sites.chain(&own.failed).cloned().collect() }
}

/// A page of what the actor may use, by id.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    limit: usize,
) -> Result<(Vec<Offer>, Option<String>), Error> {
    let (offered, next) = page(&app.templates.shelf(), &*own::shelf(app, actor).await, filter, limit);
    let reason = why_images_cannot_be_used(app).await?;
    let uses = uses::of(app, actor, &offered).await?;
    Ok((offered.iter().zip(uses).map(|(loaded, uses)| offer(loaded, reason, uses)).collect(), next))
}

/// What everybody has hides what is one's own: an id is one template.
fn page(shared: &Shelf, own: &Shelf, filter: &Filter, limit: usize) -> (Vec<Arc<Loaded>>, Option<String>) {
    let q = comparable(filter.q.as_deref().unwrap_or_default());
    let words: Vec<&str> = q.split_whitespace().collect();
    let after = filter.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let of = |shelf: &Shelf, hidden: Option<&Shelf>| {
        let behind = shelf.templates.range::<str, _>((after, Bound::Unbounded));
        let seen = behind.filter(|(id, _)| hidden.is_none_or(|hidden| !hidden.templates.contains_key(id.as_str())));
        let wanted = seen.map(|(_, loaded)| loaded).filter(|loaded| filter.admits(loaded, &words));
        wanted.take(limit + 1).cloned().collect::<Vec<_>>()
    };
    let mut offered = of(shared, None);
    offered.extend(of(own, Some(shared)));
    offered.sort_by(|a, b| a.template.id.cmp(&b.template.id));
    let more = offered.len() > limit;
    offered.truncate(limit);
    let next = offered.last().filter(|_| more).map(|loaded| loaded.template.id.clone());
    (offered, next)
}

/// One template as it is offered; `wanted` is `id` or `id@version`.
pub async fn get(app: &App, actor: &Actor, wanted: &str) -> Result<Offer, Error> {
    let loaded = find_loaded(app, actor, wanted).await?;
    let uses = uses::of(app, actor, std::slice::from_ref(&loaded)).await?.pop().unwrap_or_default();
    Ok(offer(&loaded, why_images_cannot_be_used(app).await?, uses))
}

/// The template that a job is made of.
pub struct Found {
    pub template: Template,
    /// Of its text, SHA-256.
    pub hash: String,
    /// It is the actor's own, of which nobody else knows.
    pub is_own: bool,
}

/// The template that a job names, `id` or `id@version`. Another user's own is not there.
pub async fn find(app: &App, actor: &Actor, wanted: &str) -> Result<Found, Error> {
    let loaded = find_loaded(app, actor, wanted).await?;
    Ok(Found { template: loaded.template.clone(), hash: loaded.hash.clone(), is_own: loaded.source == Source::Private })
}

async fn find_loaded(app: &App, actor: &Actor, wanted: &str) -> Result<Arc<Loaded>, Error> {
    let (id, version) = wanted.split_once('@').map_or((wanted, None), |(id, version)| (id, Some(version)));
    let loaded = match app.templates.shelf().templates.get(id) {
        Some(loaded) => Arc::clone(loaded),
        None => own::shelf(app, actor).await.templates.get(id).cloned().ok_or(Error::NotFound)?,
    };
    let there = &loaded.template.version;
    match version {
        Some(asked) if asked != there => {
            Err(Error::OtherVersion { id: id.to_owned(), asked: asked.to_owned(), there: there.clone() })
        }
        _ => Ok(loaded),
    }
}

fn offer(loaded: &Loaded, reason: Option<Unavailable>, uses: Uses) -> Offer {
    let unavailable = reason.filter(|_| loaded.template.image == ImageUse::Required);
    Offer { template: loaded.template.clone(), source: loaded.source, hash: loaded.hash.clone(), unavailable, uses }
}

/// Only the single-user mode's jobs run on this host: of a cluster's nodes nothing is known here.
async fn why_images_cannot_be_used(app: &App) -> Result<Option<Unavailable>, Error> {
    if app.mode == Mode::SingleUser && !is_program(&app.config.images.apptainer).await {
        return Ok(Some(Unavailable::NoApptainer));
    }
    Ok(if images::are_there_any(app).await? { None } else { Some(Unavailable::NoImage) })
}

/// Whether a shell would find this program.
async fn is_program(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&paths).filter(|_| !program.contains('/'));
    let candidates: Vec<_> = match program.contains('/') {
        true => vec![program.into()],
        false => directories.map(|directory| directory.join(program)).collect(),
    };
    for path in candidates {
        if tokio::fs::metadata(path).await.is_ok_and(|metadata| metadata.is_file()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
