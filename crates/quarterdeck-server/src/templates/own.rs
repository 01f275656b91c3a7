//! Everybody's own templates. They lie in her home and are read through her agent, so that nobody else can: not this
//! server by itself, and no other user by any way. Here is what was seen of them last.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use quarterdeck_types::agent::{Entry, EntryKind, FileVersion, Request};
use quarterdeck_types::{FileName, Place, RelativePath};
use tokio::sync::oneshot;

use crate::access::{Actor, Role};
use crate::agents::{self, Agent};
use crate::app::App;
use crate::db::to_us;
use crate::templates::definition::{Fault, Template};
use crate::templates::library::{Ledger, Shelf};
use crate::templates::load::{MAX_FILE_BYTES, is_yaml};
use crate::templates::{Error, Failure, Loaded, Source, share};

/// What is older is looked at again before long.
const LOOK_AFTER: Duration = Duration::from_secs(5);
/// The first time, her templates are waited for; an agent or a home that hangs must not keep the site's from her.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// A file that changed so shortly ago may be in the midst of being written: it is read again the next time.
const YOUNG_US: i64 = 1_000_000;
const MAX_FILES: usize = 1000;

/// One user's, as they were seen last.
#[derive(Default)]
pub(super) struct Own {
    pub(super) looks: tokio::sync::Mutex<Looks>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    shelf: Arc<Shelf>,
    asked: Option<Instant>,
    has_looked: bool,
}

/// What one look leaves for the next.
#[derive(Default)]
pub(super) struct Looks {
    /// `None`: to be begun with what the database has.
    memory: Option<(BTreeMap<String, Known>, Ledger)>,
}

struct Known {
    /// `None`: to be read again.
    version: Option<FileVersion>,
    fault: Option<Fault>,
    good: Option<Arc<Loaded>>,
}

/// Who wrote which text.
pub(super) struct Author<'a> {
    pub(super) hash: &'a str,
    pub(super) name: &'a str,
}

impl Own {
    pub(super) fn shelf(&self) -> Arc<Shelf> {
        self.state().shelf.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whose templates the actor's own are: a Unix user's who may use files at all.
pub(super) fn user(actor: &Actor) -> Option<&str> {
    actor.unix_user.as_deref().filter(|_| actor.role >= Role::User)
}

/// The actor's own templates; they are looked at anew in the background where that is due.
pub(super) async fn shelf(app: &App, actor: &Actor) -> Arc<Shelf> {
    let Some(user) = user(actor) else { return Arc::default() };
    let own = app.templates.own(user);
    let (is_due, has_looked) = {
        let mut state = own.state();
        let is_due = state.asked.is_none_or(|asked| asked.elapsed() > LOOK_AFTER);
        if is_due {
            state.asked = Some(Instant::now());
        }
        (is_due, state.has_looked)
    };
    if is_due {
        let (done, looked) = oneshot::channel();
        let (app, user, looking) = (app.clone(), user.to_owned(), own.clone());
        app.clone().spawn(async move {
            let mut looks = looking.looks.lock().await;
            if let Err(error) = look(&app, &user, &looking, &mut looks, None).await {
                tracing::debug!(user, "her templates cannot be looked at: {error}");
            }
            drop(looks);
            let _ = done.send(());
        });
        if !has_looked {
            let _ = tokio::time::timeout(FIRST_LOOK, looked).await;
        }
    } else if !has_looked {
        // Somebody else began it.
        let _ = tokio::time::timeout(FIRST_LOOK, own.looks.lock()).await;
    }
    own.shelf()
}

/// Looks at every file, reads those that changed, and brings database and shelf up to date.
pub(super) async fn look(
    app: &App,
    user: &str,
    own: &Own,
    looks: &mut Looks,
    author: Option<Author<'_>>,
) -> Result<(), Error> {
    let (mut files, mut ledger) = match looks.memory.take() {
        Some(memory) => memory,
        None => begin(app, user).await?,
    };
    let agent = app.agents.of(user);
    let entries = match entries(&agent, &directory(app)?).await {
        Ok(entries) => entries,
        Err(error) => {
            let shelf = choose(app, user, &files, Some(error.to_string()));
            put(own, shelf);
            looks.memory = Some((files, ledger));
            return Err(error.into());
        }
    };
    let now_us = to_us(app.clock.now());
    let mut before = std::mem::take(&mut files);
    for entry in entries {
        let (name, version) = (entry.name.clone(), entry.version());
        let mut known = before.remove(&name).unwrap_or(Known { version: None, fault: None, good: None });
        if known.version != Some(version) {
            known.read(&agent, app, user, &entry).await?;
            known.version = Some(version).filter(|_| now_us.saturating_sub(version.modified_us) > YOUNG_US);
        }
        files.insert(name, known);
    }
    put_away(app, user, &agent, &mut files).await;
    let shelf = choose(app, user, &files, None);
    let templates: Vec<Arc<Loaded>> = shelf.templates.values().cloned().collect();
    let change = ledger.write(&app.db, user, &templates, author, now_us).await?;
    let told = !change.is_empty() || shelf.failed != own.shelf().failed;
    put(own, shelf);
    looks.memory = Some((files, ledger));
    if told {
        app.live.templates_changed(change);
    }
    Ok(())
}

/// What she has shared, and everybody has by now.
async fn put_away(app: &App, user: &str, agent: &Agent, files: &mut BTreeMap<String, Known>) {
    let shared = app.templates.shelf();
    let of_community = |known: &Known| {
        let id = known.good.as_ref().map(|loaded| loaded.template.id.as_str());
        id.and_then(|id| shared.templates.get(id)).is_some_and(|shared| shared.source == Source::Community)
    };
    if !files.values().any(of_community) {
        return;
    }
    let file_of = |id: &str| {
        let is_it = |known: &Known| known.good.as_ref().is_some_and(|loaded| loaded.template.id == id);
        files.iter().find(|(_, known)| is_it(known) && of_community(known)).map(|(name, _)| name.clone())
    };
    match share::put_away(app, user, agent, file_of).await {
        Ok(gone) => files.retain(|name, _| !gone.contains(name)),
        Err(error) => tracing::info!(user, "her shared template cannot be put away: {error}"),
    }
}

fn put(own: &Own, shelf: Shelf) {
    let mut state = own.state();
    (state.shelf, state.asked, state.has_looked) = (Arc::new(shelf), Some(Instant::now()), true);
}

async fn begin(app: &App, user: &str) -> Result<(BTreeMap<String, Known>, Ledger), Error> {
    let (ledger, offered) = Ledger::begin(&app.db, user).await?;
    let known = |loaded: Loaded| {
        let name = loaded.file.rsplit('/').next().unwrap_or_default().to_owned();
        (name, Known { version: None, fault: None, good: Some(Arc::new(loaded)) })
    };
    Ok((offered.into_iter().map(known).collect(), ledger))
}

/// Beneath her home.
pub(super) fn directory(app: &App) -> Result<RelativePath, Error> {
    let path = RelativePath::parse(&app.config.templates.private);
    Ok(path.map_err(|error| anyhow::anyhow!("templates.private: {error}"))?)
}

/// The YAML files; that there is no directory is no fault.
async fn entries(agent: &Agent, directory: &RelativePath) -> Result<Vec<Entry>, agents::Error> {
    let (mut files, mut after) = (Vec::new(), None);
    loop {
        let at = Place::home(directory.clone());
        let (page, more) = match agent.entries(Request::List { at, after, limit: MAX_FILES as u32 }).await {
            Ok(page) => page,
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        after = page.last().and_then(|entry| FileName::parse(&entry.path_name).ok());
        let is_template = |entry: &Entry| !entry.name.starts_with('.') && is_yaml(entry.name.as_ref());
        files.extend(page.into_iter().filter(is_template));
        if !more || after.is_none() || files.len() >= MAX_FILES {
            files.truncate(MAX_FILES);
            return Ok(files);
        }
    }
}

impl Known {
    async fn read(&mut self, agent: &Agent, app: &App, user: &str, entry: &Entry) -> Result<(), Error> {
        let read = match entry.kind {
            EntryKind::File => read(agent, app, user, entry).await?,
            EntryKind::Link => Err(of_file("is a symbolic link, which is not followed: put the file itself here")),
            _ => Err(of_file("is no regular file")),
        };
        match read {
            Ok(loaded) => (self.good, self.fault) = (Some(Arc::new(loaded)), None),
            Err(fault) => self.fault = Some(fault),
        }
        Ok(())
    }
}

/// What is wrong with a file, and with none of its lines.
fn of_file(message: impl Into<String>) -> Fault {
    Fault { line: None, message: message.into() }
}

/// What the file says, or what is wrong with it.
async fn read(agent: &Agent, app: &App, user: &str, entry: &Entry) -> Result<Result<Loaded, Fault>, Error> {
    let Ok(name) = FileName::parse(&entry.path_name) else { return Ok(Err(of_file("its name cannot be read"))) };
    let at = Place::home(directory(app)?.join(&name));
    let file = match agent.open(Request::OpenRead { at }).await {
        Ok(file) => file,
        Err(agents::Error::Answered(error)) => return Ok(Err(of_file(format!("cannot be read: {}", error.message)))),
        Err(error) => return Err(error.into()),
    };
    let bytes = match file.read_at(0, MAX_FILE_BYTES as usize + 1).await {
        Ok(bytes) if bytes.len() as u64 > MAX_FILE_BYTES => {
            return Ok(Err(of_file(format!("it is larger than {} KiB", MAX_FILE_BYTES >> 10))));
        }
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(of_file(format!("cannot be read: {error}")))),
    };
    let Ok(text) = String::from_utf8(bytes.to_vec()) else { return Ok(Err(of_file("it is no UTF-8 text"))) };
    let file = format!("{}/{user}/{}", Source::Private.as_str(), entry.name);
    let parse = move || Template::parse(&text).map(|template| Loaded::new(template, Source::Private, file, text));
    Ok(tokio::task::spawn_blocking(parse).await.map_err(anyhow::Error::from)?)
}

/// One of each id, the first by name; what everybody has is not hers to take.
fn choose(app: &App, user: &str, files: &BTreeMap<String, Known>, trouble: Option<String>) -> Shelf {
    let shared = app.templates.shelf();
    let mut shelf = Shelf::default();
    let of = |name: &str| format!("{}/{user}/{name}", Source::Private.as_str());
    let mut fail = |file: String, line, message, served| {
        shelf.failed.push(Failure { file, line, message, served });
    };
    if let Some(message) = trouble {
        fail(of(""), None, message, None);
    }
    let mut templates: BTreeMap<String, Arc<Loaded>> = BTreeMap::new();
    for (name, Known { fault, good, .. }) in files {
        if let Some(Fault { line, message }) = fault.clone() {
            fail(of(name), line, message, good.as_ref().map(|loaded| loaded.template.reference()));
        }
        let Some(loaded) = good else { continue };
        let id = &loaded.template.id;
        let first = shared.templates.get(id).or_else(|| templates.get(id)).map(|first| first.file.clone());
        match first {
            Some(first) => {
                fail(of(name), None, format!("the id {id} is that of {first} already: choose another"), None);
            }
            None => drop(templates.insert(id.clone(), Arc::clone(loaded))),
        }
    }
    shelf.templates = templates;
    shelf
}

/// By Unix user.
pub(super) type Owns = Mutex<HashMap<String, Arc<Own>>>;
