//! The library as it stands: follows the files, keeps every version in the database, and tells those who watch.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::oneshot;

use crate::access::Actor;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::db::{Db, to_us};
use crate::live::TemplateChange;
use crate::templates::load::{Found, Memory};
use crate::templates::watch::{Signals, Watch};
use crate::templates::{Error, Failure, Loaded, Report, private_owner, store};

/// After the database did not take what was read.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// Nobody waits longer for files to come to rest.
const LONGEST_LOOK: Duration = Duration::from_secs(3);
/// Everybody's templates.
pub(super) const SHARED: &str = "";

/// The templates of this process.
#[derive(Default)]
pub struct Templates {
    shelf: RwLock<Arc<Shelf>>,
    /// One look at a time.
    looks: tokio::sync::Mutex<Looks>,
    signals: Arc<Signals>,
}

/// What is offered now.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// By id.
    pub(super) templates: BTreeMap<String, Arc<Loaded>>,
    /// Files that cannot be used.
    pub(super) failed: Vec<Failure>,
}

/// What one look leaves for the next.
#[derive(Default)]
struct Looks {
    /// `None`: to be begun with what the database has.
    memory: Option<Memory>,
    /// What the database has, by id.
    written: HashMap<String, Written>,
}

#[derive(PartialEq)]
struct Written {
    hash: String,
    file: String,
}

impl Templates {
    pub(super) fn shelf(&self) -> Arc<Shelf> {
        self.shelf.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    fn put(&self, shelf: Shelf) {
        *self.shelf.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(shelf);
    }
}

/// Reads the directory, and follows it from then on. Where it cannot be read, what was read before is offered, and the
/// log says why.
pub async fn start(app: &App) {
    let watch = watch(app).await;
    if let Err(error) = look_until_settled(app).await {
        tracing::error!("{error}");
        app.templates.signals.ring();
    }
    let shelf = app.templates.shelf();
    tracing::info!(loaded = shelf.templates.len(), failed = shelf.failed.len(), "templates read");
    app.spawn(follow(app.clone(), watch));
}

async fn follow(app: App, mut watching: Option<Watch>) {
    let signals = app.templates.signals.clone();
    let (mut again, mut said) = (None, String::new());
    loop {
        let interval = watching.as_ref().map_or(TRY_AGAIN, Watch::interval);
        tokio::select! {
            () = signals.changed() => signals.quiet().await,
            () = tokio::time::sleep(again.unwrap_or(interval)) => {}
        }
        if let Some(watch) = watching.take() {
            let asked = tokio::task::spawn_blocking(move || (watch.is_outdated(), watch)).await;
            watching = asked.ok().filter(|(is_outdated, _)| !is_outdated).map(|(_, watch)| watch);
        }
        if watching.is_none() {
            watching = watch(&app).await;
        }
        again = match look(&app).await {
            Ok(again) => {
                said.clear();
                again
            }
            Err(error) => {
                // Once, not at each look.
                let says = error.to_string();
                if says != said {
                    tracing::error!("{says}");
                }
                said = says;
                Some(TRY_AGAIN)
            }
        };
    }
}

async fn watch(app: &App) -> Option<Watch> {
    let (directory, signals) = (app.config.templates.directory.clone(), app.templates.signals.clone());
    tokio::task::spawn_blocking(move || Watch::start(&directory, &signals)).await.ok()
}

/// Looks at the directory now, since somebody asks for it. Faults are in the report and in the log.
pub async fn scan(app: &App, actor: &Actor) -> Result<Report, Error> {
    // It is not given up halfway when the request is.
    let (done, outcome) = oneshot::channel();
    let looking = app.clone();
    app.spawn(async move {
        let _ = done.send(look_until_settled(&looking).await);
    });
    outcome.await.map_err(anyhow::Error::from)??;
    let shelf = app.templates.shelf();
    let report = Report { loaded: shelf.templates.len(), failed: shelf.failed.clone() };
    let detail = json!({"loaded": report.loaded, "failed": report.failed.len()});
    app.audit.note(actor, Outcome::Done, Event::new("template.scan", "").with(detail)).await?;
    Ok(report)
}

async fn look_until_settled(app: &App) -> Result<(), Error> {
    let began = Instant::now();
    while let Some(again) = look(app).await? {
        if began.elapsed() > LONGEST_LOOK {
            app.templates.signals.ring();
            break;
        }
        tokio::time::sleep(again).await;
    }
    Ok(())
}

/// Looks at every file once, brings database and shelf up to date, and tells those who watch. Answers when to look
/// again, where files have not come to rest.
async fn look(app: &App) -> Result<Option<Duration>, Error> {
    let mut looks = app.templates.looks.lock().await;
    let memory = match looks.memory.take() {
        Some(memory) => memory,
        None => looks.begin(&app.db).await?,
    };
    let (memory, found) = read(app.config.templates.directory.clone(), memory, app.templates.signals.clone()).await?;
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            looks.memory = Some(memory);
            return Err(Error::Directory(error));
        }
    };
    // Where the database does not take it, all is read again.
    let change = looks.write(&app.db, &found, to_us(app.clock.now())).await?;
    looks.memory = Some(memory);
    let before = app.templates.shelf();
    let again = found.again;
    let templates = found.templates.into_iter().map(|loaded| (loaded.template.id.clone(), loaded));
    let shelf = Shelf { templates: templates.collect(), failed: found.failed };
    for Failure { file, line, message, .. } in shelf.failed.iter().filter(|failure| !before.failed.contains(failure)) {
        tracing::warn!(file, line, "template not used: {message}");
    }
    let faults_changed = shelf.failed != before.failed;
    app.templates.put(shelf);
    if faults_changed || !change.is_empty() {
        app.live.templates_changed(change);
    }
    Ok(again)
}

async fn read(
    directory: PathBuf,
    mut memory: Memory,
    signals: Arc<Signals>,
) -> anyhow::Result<(Memory, std::io::Result<Found>)> {
    let reading = move || {
        // The kernel tells of files by the directory's own name.
        let directory = directory.canonicalize().unwrap_or(directory);
        let found = memory.look(&directory, Instant::now(), &|path| signals.is_written(path));
        (memory, found)
    };
    Ok(tokio::task::spawn_blocking(reading).await?)
}

impl Looks {
    async fn begin(&mut self, db: &Db) -> Result<Memory, Error> {
        self.written.clear();
        let mut offered = Vec::new();
        for row in store::offered(db.read(), SHARED).await? {
            let (id, written) = (row.id.clone(), Written { hash: row.hash.clone(), file: row.file.clone() });
            match Loaded::try_from(row) {
                Ok(loaded) => offered.push(loaded),
                // Written by another release: its file will be read.
                Err(error) => tracing::warn!("{error:#}"),
            }
            self.written.insert(id, written);
        }
        Ok(Memory::of(offered))
    }

    /// What differs from what was written before.
    async fn write(&mut self, db: &Db, found: &Found, now_us: i64) -> Result<TemplateChange, Error> {
        let of = |loaded: &Loaded| Written { hash: loaded.hash.clone(), file: loaded.file.clone() };
        let is_new = |loaded: &&Arc<Loaded>| self.written.get(&loaded.template.id) != Some(&of(loaded));
        let changed: Vec<&Arc<Loaded>> = found.templates.iter().filter(is_new).collect();
        let there: HashSet<&str> = found.templates.iter().map(|loaded| loaded.template.id.as_str()).collect();
        let gone: Vec<String> = self.written.keys().filter(|id| !there.contains(id.as_str())).cloned().collect();
        if changed.is_empty() && gone.is_empty() {
            return Ok(TemplateChange::default());
        }
        let rows = changed.iter().map(|loaded| loaded.row(SHARED, now_us)).collect::<Result<_, _>>()?;
        let seen: Vec<_> = changed.iter().filter_map(|loaded| loaded.seen(SHARED, now_us, None)).collect();
        let tx = db.begin().await?;
        store::change(&tx, SHARED, rows, &gone).await?;
        store::versions::record(&tx, SHARED, &seen).await?;
        tx.commit().await?;
        let mut change = TemplateChange::default();
        for id in gone {
            let owner = self.written.remove(&id).and_then(|written| private_owner(&written.file).map(str::to_owned));
            change.remove.push((owner, id));
        }
        for loaded in changed {
            self.written.insert(loaded.template.id.clone(), of(loaded));
            change.upsert.push((private_owner(&loaded.file).map(str::to_owned), loaded.template.reference()));
        }
        Ok(change)
    }
}
