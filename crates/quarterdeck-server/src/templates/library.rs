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
use crate::templates::own::{Author, Own, Owns};
use crate::templates::watch::{Signals, Watch};
use crate::templates::{Error, Failure, Loaded, Report, store};

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
    owns: Owns,
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
    memory: Option<(Memory, Ledger)>,
}

/// What the database has of one owner's templates, by id.
#[derive(Default)]
pub(super) struct Ledger(HashMap<String, Written>);

#[derive(PartialEq)]
struct Written {
    hash: String,
    file: String,
}

impl Templates {
    pub(super) fn shelf(&self) -> Arc<Shelf> {
        self.shelf.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// What this Unix user has for herself.
    pub(super) fn own(&self, user: &str) -> Arc<Own> {
        let mut owns = self.owns.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        owns.entry(user.to_owned()).or_default().clone()
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

pub(super) async fn look_until_settled(app: &App) -> Result<(), Error> {
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
    let (memory, mut ledger) = match looks.memory.take() {
        Some(memory) => memory,
        None => {
            let (ledger, offered) = Ledger::begin(&app.db, SHARED).await?;
            (Memory::of(offered), ledger)
        }
    };
    let (memory, found) = read(app.config.templates.directory.clone(), memory, app.templates.signals.clone()).await?;
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            looks.memory = Some((memory, ledger));
            return Err(Error::Directory(error));
        }
    };
    // Where the database does not take it, all is read again.
    let change = ledger.write(&app.db, SHARED, &found.templates, None, to_us(app.clock.now())).await?;
    looks.memory = Some((memory, ledger));
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

impl Ledger {
    /// With what is offered there.
    pub(super) async fn begin(db: &Db, owner: &str) -> Result<(Ledger, Vec<Loaded>), Error> {
        let (mut ledger, mut offered) = (Ledger::default(), Vec::new());
        for row in store::offered(db.read(), owner).await? {
            let (id, written) = (row.id.clone(), Written { hash: row.hash.clone(), file: row.file.clone() });
            match Loaded::try_from(row) {
                Ok(loaded) => offered.push(loaded),
                // Written by another release: its file will be read.
                Err(error) => tracing::warn!("{error:#}"),
            }
            ledger.0.insert(id, written);
        }
        Ok((ledger, offered))
    }

    /// Writes what differs from what was written before, and answers it.
    pub(super) async fn write(
        &mut self,
        db: &Db,
        owner: &str,
        templates: &[Arc<Loaded>],
        author: Option<Author<'_>>,
        now_us: i64,
    ) -> Result<TemplateChange, Error> {
        let of = |loaded: &Loaded| Written { hash: loaded.hash.clone(), file: loaded.file.clone() };
        let is_new = |loaded: &&Arc<Loaded>| self.0.get(&loaded.template.id) != Some(&of(loaded));
        let changed: Vec<&Arc<Loaded>> = templates.iter().filter(is_new).collect();
        let there: HashSet<&str> = templates.iter().map(|loaded| loaded.template.id.as_str()).collect();
        let gone: Vec<String> = self.0.keys().filter(|id| !there.contains(id.as_str())).cloned().collect();
        let owned_by = Some(owner.to_owned()).filter(|owner| owner != SHARED);
        let mut change = TemplateChange { owner: owned_by, ..TemplateChange::default() };
        if changed.is_empty() && gone.is_empty() {
            return Ok(change);
        }
        let rows = changed.iter().map(|loaded| loaded.row(owner, now_us)).collect::<Result<_, _>>()?;
        let author_of = |loaded: &Loaded| author.as_ref().filter(|by| by.hash == loaded.hash).map(|by| by.name);
        let seen = changed.iter().filter_map(|loaded| loaded.seen(owner, now_us, author_of(loaded)));
        let seen: Vec<_> = seen.collect();
        let tx = db.begin().await?;
        store::change(&tx, owner, rows, &gone).await?;
        store::versions::record(&tx, owner, &seen).await?;
        tx.commit().await?;
        for id in gone {
            self.0.remove(&id);
            change.remove.push(id);
        }
        for loaded in changed {
            self.0.insert(loaded.template.id.clone(), of(loaded));
            change.upsert.push(loaded.template.reference());
        }
        Ok(change)
    }
}
