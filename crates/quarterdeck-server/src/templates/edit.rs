//! Changes a user's own templates: in her home, through her agent. What is everybody's is cloned first.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use quarterdeck_types::agent::{FileVersion, Request};
use quarterdeck_types::{FileName, Place, RelativePath, SpaceName};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::access::Actor;
use crate::app::App;
use crate::audit::{Event, Outcome};
use crate::auth;
use crate::files::change;
use crate::images::ContainerCommand;
use crate::problem::FieldError;
use crate::templates::definition::{Fault, ID_IN_WORDS, ImageUse, Template, is_id};
use crate::templates::load::MAX_FILE_BYTES;
use crate::templates::own::{self, Author};
use crate::templates::{
    Error, Loaded, Offer, Source, Uses, check_parameters, find_loaded, get, offer, render, store,
    why_images_cannot_be_used,
};

/// Nobody else may even list it.
pub(super) const PRIVATE: u32 = 0o700;
pub(super) const ARCHIVED: &str = "archived";

/// What comes of filling a template in, or what is wrong with what was filled in.
pub type Script = Result<String, Vec<FieldError>>;

/// What a text says, or what is wrong with it.
pub(super) async fn check(text: String) -> Result<(Template, String), Error> {
    if text.len() as u64 > MAX_FILE_BYTES {
        let message = format!("The file is larger than {} KiB: leave something out.", MAX_FILE_BYTES >> 10);
        return Err(Error::Invalid(vec![FieldError::new("/yaml", "too-large", message)]));
    }
    let parse = move || Template::parse(&text).map(|template| (template, text));
    let parsed = tokio::task::spawn_blocking(parse).await.map_err(anyhow::Error::from)?;
    parsed.map_err(|Fault { line, message }| {
        let said = FieldError::new("/yaml", "not-a-template", message);
        Error::Invalid(vec![match line {
            Some(line) => said.with("line", line),
            None => said,
        }])
    })
}

/// Makes a template of the actor's own, in a file named for its id. What is there is never written over.
pub async fn create(app: &App, actor: &Actor, text: String) -> Result<Offer, Error> {
    let (template, text) = check(text).await?;
    let user = auth::unix_user(actor)?;
    let own = app.templates.own(user);
    let mut looks = own.looks.lock().await;
    own::look(app, user, &own, &mut looks, None).await?;
    let is_taken =
        app.templates.shelf().templates.contains_key(&template.id) || own.shelf().templates.contains_key(&template.id);
    if is_taken {
        return Err(Error::IdTaken(template.id));
    }
    make_directory(app, actor, own::directory(app)?).await?;
    let loaded = Loaded::new(template, Source::Private, String::new(), text);
    write(app, actor, &file_name(&loaded.template.id)?, &loaded, None).await?;
    note(app, actor, "template.create", &loaded).await?;
    let author = Author { hash: &loaded.hash, name: &actor.username };
    own::look(app, user, &own, &mut looks, Some(author)).await?;
    drop(looks);
    get(app, actor, &loaded.template.id).await
}

/// Puts another text in the place of the one with this hash, and of no other.
pub async fn change(app: &App, actor: &Actor, id: &str, text: String, expected: &str) -> Result<Offer, Error> {
    let (template, text) = check(text).await?;
    let user = auth::unix_user(actor)?;
    if template.id != id {
        let detail = format!("The id cannot be changed: write {id}, or make a new template.");
        return Err(Error::Invalid(vec![FieldError::new("/yaml", "other-id", detail)]));
    }
    let own = app.templates.own(user);
    let mut looks = own.looks.lock().await;
    own::look(app, user, &own, &mut looks, None).await?;
    let (name, version) = current(app, actor, id, expected).await?;
    let loaded = Loaded::new(template, Source::Private, String::new(), text);
    write(app, actor, &name, &loaded, Some(version)).await?;
    note(app, actor, "template.change", &loaded).await?;
    let author = Author { hash: &loaded.hash, name: &actor.username };
    own::look(app, user, &own, &mut looks, Some(author)).await?;
    drop(looks);
    get(app, actor, id).await
}

/// Takes a template out of the library: its file goes to `archived/` beside the others.
pub async fn archive(app: &App, actor: &Actor, id: &str, expected: &str) -> Result<(), Error> {
    let user = auth::unix_user(actor)?;
    let own = app.templates.own(user);
    let mut looks = own.looks.lock().await;
    own::look(app, user, &own, &mut looks, None).await?;
    let loaded = own_loaded(app, actor, id)?;
    let (name, _) = current(app, actor, id, expected).await?;
    let directory = own::directory(app)?;
    let archived = directory.join(&named(ARCHIVED)?);
    make_directory(app, actor, archived.clone()).await?;
    let to = archived.join(&named(&archived_name(id, app.clock.now()))?);
    change::rename(app, actor, Place::home(directory.join(&name)), Place::home(to), false).await?;
    note(app, actor, "template.archive", &loaded).await?;
    own::look(app, user, &own, &mut looks, None).await
}

/// Makes a template of the actor's own of one that she may use, under another id.
pub async fn clone(app: &App, actor: &Actor, id: &str, new_id: &str) -> Result<Offer, Error> {
    let (_, text) = export(app, actor, id).await?;
    let (_, text) = under(text, new_id).await?;
    create(app, actor, text).await
}

/// A template's text under another id. All else stays as it is, comments too.
pub(super) async fn under(text: String, new_id: &str) -> Result<(Template, String), Error> {
    if !is_id(new_id) {
        let detail = format!("An id is {ID_IN_WORDS}.");
        return Err(Error::Invalid(vec![FieldError::new("/id", "not-an-id", detail)]));
    }
    let line = Regex::new(r"(?m)^id:[^\n]*$").map_err(anyhow::Error::from)?;
    let text = line.replace(&text, regex::NoExpand(&format!("id: {new_id}"))).into_owned();
    let (template, text) = check(text).await?;
    if template.id != new_id {
        let detail = "Its file names the id in an unusual way: export it, change the id, and import it.";
        return Err(Error::Invalid(vec![FieldError::new("/id", "unusual-file", detail)]));
    }
    Ok((template, text))
}

/// The file's text, byte for byte.
pub async fn export(app: &App, actor: &Actor, id: &str) -> Result<(String, String), Error> {
    let loaded = find_loaded(app, actor, id).await?;
    let text = text_of(app, &loaded).await?;
    Ok((loaded.hash.clone(), text))
}

/// What its file says.
pub(super) async fn text_of(app: &App, loaded: &Loaded) -> Result<String, Error> {
    match &loaded.text {
        Some(text) => Ok(text.to_string()),
        None => store::versions::text(app.db.read(), &loaded.hash).await?.ok_or(Error::NotFound),
    }
}

/// What the script would be with these parameters; what is wrong with them, by pointer. Where an image is used, words
/// stand for it that say so.
pub async fn try_out(app: &App, actor: &Actor, id: &str, given: &Map<String, Value>) -> Result<String, Error> {
    fill_in(find_loaded(app, actor, id).await?, given).await
}

/// What a text would be as a template of one's own, and what [`try_out`] would say of it. Nothing is written.
pub async fn try_text(app: &App, text: String, given: &Map<String, Value>) -> Result<(Offer, Script), Error> {
    let (template, text) = check(text).await?;
    let loaded = Arc::new(Loaded::new(template, Source::Private, String::new(), text));
    let script = match fill_in(loaded.clone(), given).await {
        Ok(script) => Ok(script),
        Err(Error::Invalid(errors)) => Err(errors),
        Err(error) => return Err(error),
    };
    Ok((offer(&loaded, why_images_cannot_be_used(app).await?, Uses::default()), script))
}

async fn fill_in(loaded: Arc<Loaded>, given: &Map<String, Value>) -> Result<String, Error> {
    let parameters = check_parameters(&loaded.template, given).map_err(Error::Invalid)?;
    let words = |verb: &str| ["apptainer", verb, "IMAGE"].map(str::to_owned).to_vec();
    let container = ContainerCommand { exec: words("exec"), run: words("run") };
    let container = (loaded.template.image != ImageUse::None).then_some(container);
    let rendering = move || render(&loaded.template, &parameters, container.as_ref());
    let rendered = tokio::task::spawn_blocking(rendering).await.map_err(anyhow::Error::from)?;
    rendered.map_err(|error| Error::Invalid(vec![FieldError::new("/parameters", "cannot-render", error.to_string())]))
}

pub(super) fn own_loaded(app: &App, actor: &Actor, id: &str) -> Result<Arc<Loaded>, Error> {
    let user = auth::unix_user(actor)?;
    match app.templates.own(user).shelf().templates.get(id) {
        Some(loaded) => Ok(loaded.clone()),
        None if app.templates.shelf().templates.contains_key(id) => Err(Error::NotYours(id.to_owned())),
        None => Err(Error::NotFound),
    }
}

/// The file of a template that still has this text, and the state in which it has to stay until it is changed.
async fn current(app: &App, actor: &Actor, id: &str, expected: &str) -> Result<(FileName, FileVersion), Error> {
    let loaded = own_loaded(app, actor, id)?;
    let name = loaded.file.rsplit('/').next().unwrap_or_default();
    let name = FileName::from_bytes(name.as_bytes()).map_err(anyhow::Error::from)?;
    let agent = app.agents.of(auth::unix_user(actor)?);
    let at = Place::home(own::directory(app)?.join(&name));
    let file = agent.open(Request::OpenRead { at }).await?;
    // A broken file that keeps its last text on offer is another text too.
    let bytes = file.read_at(0, MAX_FILE_BYTES as usize + 1).await.map_err(anyhow::Error::from)?;
    let hash = String::from_utf8(bytes.to_vec()).map(|text| Loaded::hash_of(&text));
    if hash.as_deref() != Ok(expected) {
        return Err(Error::Changed(id.to_owned()));
    }
    Ok((name, file.entry().version()))
}

async fn write(
    app: &App,
    actor: &Actor,
    name: &FileName,
    loaded: &Loaded,
    expected: Option<FileVersion>,
) -> Result<(), Error> {
    let path = own::directory(app)?.join(name);
    let bytes = Bytes::from(loaded.text.as_deref().unwrap_or_default().to_owned());
    change::write(app, actor, SpaceName::home(), path, bytes, expected).await?;
    Ok(())
}

/// With those above it; closed to everybody else before anything lies in it.
async fn make_directory(app: &App, actor: &Actor, path: RelativePath) -> Result<(), Error> {
    let at = Place::home(path);
    let made = change::make_directory(app, actor, at.clone(), true).await?;
    if made.mode & 0o777 != PRIVATE {
        change::set_mode(app, actor, at, PRIVATE).await?;
    }
    Ok(())
}

fn file_name(id: &str) -> Result<FileName, Error> {
    named(&format!("{id}.yaml"))
}

/// What a file is called that was put away at this moment.
pub(super) fn archived_name(id: &str, at: DateTime<Utc>) -> String {
    format!("{id}-{}.yaml", at.format("%Y%m%dT%H%M%S%6fZ"))
}

pub(super) fn named(name: &str) -> Result<FileName, Error> {
    Ok(FileName::from_bytes(name.as_bytes()).map_err(anyhow::Error::from)?)
}

async fn note(app: &App, actor: &Actor, action: &'static str, loaded: &Loaded) -> Result<(), Error> {
    let detail = json!({"version": loaded.template.version, "hash": loaded.hash});
    Ok(app.audit.note(actor, Outcome::Done, Event::new(action, &loaded.template.id).with(detail)).await?)
}
