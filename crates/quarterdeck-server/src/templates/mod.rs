//! Keeps the job templates: reads them from the site's directory, offers them, checks what users fill in, and makes
//! batch scripts of it.

pub(crate) mod api;
mod definition;
mod load;
mod parameters;
mod render;
mod store;

use std::path::Path;

use sea_orm::DbErr;
use serde_json::json;
use thiserror::Error;

use crate::access::Actor;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::config::Mode;
use crate::db::{Db, to_us};
use crate::images;

pub use definition::{FileSlot, ImageUse, Parameter, SchedulerName, Template, Text};
pub use parameters::check_parameters;
pub use render::render;

#[derive(Debug, Error)]
pub enum Error {
    #[error("There is no such template.")]
    NotFound,
    #[error("The template {id} is there in version {there}, not {asked}: choose it again.")]
    OtherVersion { id: String, asked: String, there: String },
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
    /// Why it cannot be used at present.
    pub unavailable: Option<Unavailable>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// It needs an image, and the catalogue has none.
    NoImage,
    /// It needs an image, and this host, which runs the jobs, has no Apptainer.
    NoApptainer,
}

/// What a reading of the directory brought.
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
}

/// A template and where it came from.
#[derive(Clone, Debug)]
struct Loaded {
    template: Template,
    source: Source,
    /// Relative to the templates' directory.
    file: String,
}

impl Loaded {
    /// The directory beneath the source's: an official template's category, a private one's owner.
    fn folder(&self) -> Option<&str> {
        let mut parts = self.file.split('/').skip(1);
        match (parts.next(), parts.next()) {
            (Some(folder), Some(_)) => Some(folder),
            _ => None,
        }
    }

    fn is_visible_to(&self, actor: &Actor) -> bool {
        let names = [Some(actor.username.as_str()), actor.unix_user.as_deref()];
        self.source != Source::Private || self.folder().is_some_and(|owner| names.contains(&Some(owner)))
    }
}

/// Which templates to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub category: Option<String>,
    pub source: Option<Source>,
    /// In name, description, tags, category or id, in either language, whatever the case.
    pub q: Option<String>,
    /// The id that the last page ended with.
    pub after: Option<String>,
}

/// Reads the directory. Where that fails, the templates read before stay, and the log says why.
pub async fn load_at_start(app: &App) {
    match load(app).await {
        Ok(report) => tracing::info!(loaded = report.loaded, failed = report.failed.len(), "templates read"),
        Err(error) => tracing::error!("{error}"),
    }
}

/// Reads the directory anew, since somebody asks for it. Faults are in the report and in the log.
pub async fn scan(app: &App, actor: &Actor) -> Result<Report, Error> {
    let report = load(app).await?;
    let detail = json!({"loaded": report.loaded, "failed": report.failed.len()});
    app.audit.note(actor, Outcome::Done, Event::new("template.scan", "").with(detail)).await?;
    Ok(report)
}

async fn load(app: &App) -> Result<Report, Error> {
    load_from(&app.db, &app.config.templates.directory, to_us(app.clock.now())).await
}

async fn load_from(db: &Db, directory: &Path, now_us: i64) -> Result<Report, Error> {
    let root = directory.to_owned();
    let found = tokio::task::spawn_blocking(move || load::read_directory(&root)).await;
    let found = found.map_err(anyhow::Error::from)?.map_err(Error::Directory)?;
    for Failure { file, line, message } in &found.failed {
        tracing::warn!(file, line, "template not used: {message}");
    }
    let report = Report { loaded: found.templates.len(), failed: found.failed };
    let rows = found.templates.into_iter().map(|loaded| write_row(loaded, now_us)).collect::<Result<_, _>>()?;
    let tx = db.begin().await?;
    store::replace_all(&tx, rows).await?;
    tx.commit().await?;
    Ok(report)
}

/// A page of what the actor may use, by id.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    limit: u64,
) -> Result<(Vec<Offer>, Option<String>), Error> {
    // No word of ours holds a NUL byte, and PostgreSQL refuses to look for one.
    if [&filter.category, &filter.after].into_iter().flatten().any(|word| word.contains('\0')) {
        return Ok((Vec::new(), None));
    }
    let source = filter.source.map(Source::as_str);
    let rows = store::list(app.db.read(), filter.category.as_deref(), source, filter.after.as_deref()).await?;
    let mut offered = Vec::new();
    for row in rows {
        let loaded = read_row(row)?;
        if loaded.is_visible_to(actor) && filter.q.as_deref().is_none_or(|q| mentions(&loaded.template, q)) {
            offered.push(loaded);
        }
        if offered.len() as u64 > limit {
            break;
        }
    }
    let next = (offered.len() as u64 > limit).then(|| offered.pop()).flatten();
    let next = next.and(offered.last().map(|loaded| loaded.template.id.clone()));
    let reason = why_images_cannot_be_used(app).await?;
    Ok((offered.into_iter().map(|loaded| offer(loaded, reason)).collect(), next))
}

/// One template as it is offered; `wanted` is `id` or `id@version`.
pub async fn get(app: &App, actor: &Actor, wanted: &str) -> Result<Offer, Error> {
    let loaded = find_loaded(app, actor, wanted).await?;
    Ok(offer(loaded, why_images_cannot_be_used(app).await?))
}

/// The template that a job names: `id` or `id@version`. Another user's private one is not there.
pub async fn find(app: &App, actor: &Actor, wanted: &str) -> Result<Template, Error> {
    Ok(find_loaded(app, actor, wanted).await?.template)
}

async fn find_loaded(app: &App, actor: &Actor, wanted: &str) -> Result<Loaded, Error> {
    let (id, version) = wanted.split_once('@').map_or((wanted, None), |(id, version)| (id, Some(version)));
    // As in `list`.
    let row = if id.contains('\0') { None } else { store::find(app.db.read(), id).await? };
    let loaded = row.map(read_row).transpose()?.filter(|loaded| loaded.is_visible_to(actor)).ok_or(Error::NotFound)?;
    match version {
        Some(asked) if asked != loaded.template.version => {
            Err(Error::OtherVersion { id: loaded.template.id, asked: asked.to_owned(), there: loaded.template.version })
        }
        _ => Ok(loaded),
    }
}

fn offer(Loaded { template, source, .. }: Loaded, reason: Option<Unavailable>) -> Offer {
    let unavailable = reason.filter(|_| template.image == ImageUse::Required);
    Offer { template, source, unavailable }
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

fn mentions(template: &Template, q: &str) -> bool {
    let q = q.to_lowercase();
    let texts = [&template.name, &template.description].into_iter().flat_map(|text| [&text.en, &text.ko]);
    let words = template.tags.iter().chain([&template.id, &template.category]);
    texts.chain(words).any(|text| text.to_lowercase().contains(&q))
}

fn write_row(Loaded { template, source, file }: Loaded, loaded_us: i64) -> Result<store::Model, Error> {
    Ok(store::Model {
        document: serde_json::to_value(&template).map_err(anyhow::Error::from)?,
        id: template.id,
        version: template.version,
        source: source.as_str().to_owned(),
        category: template.category,
        file,
        loaded_us,
    })
}

fn read_row(row: store::Model) -> Result<Loaded, Error> {
    let unreadable = || anyhow::anyhow!("the row of the template {} cannot be read: scan the templates again", row.id);
    let source = Source::parse(&row.source).ok_or_else(unreadable)?;
    let template = serde_json::from_value(row.document).map_err(|error| unreadable().context(error))?;
    Ok(Loaded { template, source, file: row.file })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::IpAddr;

    use super::*;
    use crate::access::{Role, Via};
    use crate::db::testing::on_each_database;
    use definition::tests::EXAMPLE;

    fn write(root: &Path, file: &str, id: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, EXAMPLE.replace("id: count-words", &format!("id: {id}"))).unwrap();
    }

    async fn ids(db: &Db, category: Option<&str>, source: Option<&str>, after: Option<&str>) -> Vec<String> {
        store::list(db.read(), category, source, after).await.unwrap().into_iter().map(|row| row.id).collect()
    }

    #[tokio::test]
    async fn the_table_holds_what_the_directory_held_last() {
        on_each_database(async |db| {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), "official/data/a.yaml", "a");
            write(root.path(), "community/b.yaml", "b");
            write(root.path(), "community/c.yaml", "c");
            let report = load_from(&db, root.path(), 1).await.unwrap();
            assert_eq!((report.loaded, report.failed), (3, vec![]));
            assert_eq!(ids(&db, None, None, None).await, ["a", "b", "c"]);
            assert_eq!(ids(&db, Some("data"), Some("community"), None).await, ["b", "c"]);
            assert_eq!(ids(&db, None, None, Some("b")).await, ["c"]);
            assert!(ids(&db, Some("physics"), None, None).await.is_empty());

            fs::remove_file(root.path().join("community/b.yaml")).unwrap();
            fs::write(root.path().join("community/c.yaml"), "id: [").unwrap();
            let report = load_from(&db, root.path(), 2).await.unwrap();
            assert_eq!((report.loaded, report.failed[0].file.as_str()), (1, "community/c.yaml"));
            assert_eq!(ids(&db, None, None, None).await, ["a"]);

            let row = store::find(db.read(), "a").await.unwrap().unwrap();
            assert_eq!(row.loaded_us, 2);
            assert_eq!(read_row(row).unwrap().template.name.ko, "단어 세기");
        })
        .await;
    }

    #[tokio::test]
    async fn a_directory_that_is_gone_empties_nothing() {
        on_each_database(async |db| {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), "community/a.yaml", "a");
            load_from(&db, root.path(), 1).await.unwrap();
            let gone = root.path().join("gone");
            assert!(matches!(load_from(&db, &gone, 2).await, Err(Error::Directory(_))));
            assert_eq!(ids(&db, None, None, None).await, ["a"]);
        })
        .await;
    }

    #[tokio::test]
    async fn more_templates_than_fit_one_statement() {
        on_each_database(async |db| {
            let root = tempfile::tempdir().unwrap();
            for n in 0..250 {
                write(root.path(), &format!("community/{n}.yaml"), &format!("t{n:03}"));
            }
            assert_eq!(load_from(&db, root.path(), 1).await.unwrap().loaded, 250);
            assert_eq!(ids(&db, None, None, Some("t247")).await, ["t248", "t249"]);
        })
        .await;
    }

    #[test]
    fn a_private_template_is_its_owners_alone() {
        let actor = |username: &str, unix_user: Option<&str>| Actor {
            user_id: uuid::Uuid::now_v7(),
            username: username.to_owned(),
            role: Role::Admin,
            unix_user: unix_user.map(str::to_owned),
            via: Via::Session(uuid::Uuid::now_v7()),
            address: IpAddr::from([127, 0, 0, 1]),
            request_id: String::new(),
        };
        let loaded = |source, file: &str| {
            let template = Template::parse(EXAMPLE).unwrap();
            Loaded { template, source, file: file.to_owned() }
        };
        let private = loaded(Source::Private, "private/alice/more/a.yaml");
        assert!(private.is_visible_to(&actor("alice", None)));
        assert!(private.is_visible_to(&actor("alice@example.org", Some("alice"))));
        assert!(!private.is_visible_to(&actor("bob", Some("bob"))));
        assert!(!private.is_visible_to(&actor("more", Some("a.yaml"))));
        assert!(loaded(Source::Community, "community/alice/a.yaml").is_visible_to(&actor("bob", None)));
    }

    #[test]
    fn words_are_looked_for_in_both_languages() {
        let template = Template::parse(EXAMPLE).unwrap();
        assert!(["COUNT", "단어", "text", "data", "count-words"].iter().all(|q| mentions(&template, q)));
        assert!(!mentions(&template, "physics"));
    }

    #[tokio::test]
    async fn finds_programs_as_a_shell_does() {
        assert!(is_program("sh").await && is_program("/bin/sh").await);
        assert!(!is_program("no-such-program-here").await && !is_program("/bin").await && !is_program("bin/sh").await);
    }
}
