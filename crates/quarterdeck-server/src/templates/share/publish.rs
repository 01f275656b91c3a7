//! Puts an accepted text in place: first the database says that it is about to happen, then the file is written, then
//! the library has looked at it and the database says that it happened. A crash in between leaves a claim that grows
//! old, and whoever accepts again goes on from there.

use super::*;
use crate::templates::edit::check;
use crate::templates::load::community::{self, Fault, Standing};

pub(super) async fn accept(app: &App, actor: &Actor, row: shares::Model, seen: &Seen) -> Result<Share, Error> {
    if row.hash != seen.hash {
        return Err(Error::Changed(row.template));
    }
    let text = versions::text(app.db.read(), &row.hash).await?.ok_or(Error::NoSuchShare)?;
    // It was a template for the server that took it; this one may be newer.
    let (_, text) = check(text).await?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let holder = holder(app, &tx, row.user_id, &row.template).await?;
    let is_there = holder.as_ref().is_some_and(|holder| holder.hash == row.hash);
    if !is_there && holder.as_ref().map(|holder| &holder.hash) != seen.replaces.as_ref() {
        return Err(Error::Changed(row.template));
    }
    if !shares::claim(&tx, row.id, to_us(now), to_us(now - STALE_AFTER)).await? {
        return Err(Error::ShareDecided);
    }
    let mut said = detail(&row);
    said["replaces"] = json!(holder.as_ref().map(|holder| &holder.hash));
    let event = || Event::new("template.share_accept", &row.template).with(said.clone());
    let intent = app.audit.intend_within(&tx, actor, event()).await?;
    tx.commit().await?;
    if !is_there {
        let put = put(app, row.template.clone(), text, holder).await;
        if let Err(error) = put {
            let outcome = if matches!(error, Error::Changed(_)) { Outcome::Refused } else { Outcome::Failed };
            app.audit.conclude(actor, intent, outcome, event()).await?;
            shares::release(app.db.write(), row.id).await?;
            return Err(error);
        }
    }
    if let Err(error) = look_until_settled(app).await {
        // It is looked at again before long: the file is in place.
        tracing::warn!("a template was shared, and the library could not be looked at: {error}");
    }
    let put_away = row.own_template == row.template;
    let tx = app.db.begin().await?;
    let by = &actor.username;
    let ending = shares::Ending { state: State::Accepted, by, reason: None, put_away, is_claimed: true };
    shares::end(&tx, row.id, &ending, to_us(app.clock.now())).await?;
    versions::sign(&tx, SHARED, &row.template, &row.hash, &row.username).await?;
    app.audit.conclude_within(&tx, actor, intent, Outcome::Done, event()).await?;
    let told = tell_author(app, &tx, actor, &row, "template-share-accepted", None).await?;
    tx.commit().await?;
    told.publish(app);
    // Once more, since now it is known who wrote it.
    let upsert = vec![format!("{}@{}", row.template, row.version)];
    app.live.templates_changed(TemplateChange { upsert, ..TemplateChange::default() });
    if put_away {
        let looking = look_at_hers(app.clone(), row.unix_user.clone());
        match row.user_id == actor.user_id {
            true => looking.await,
            // Her agent may have to be started first.
            false => app.spawn(looking),
        }
    }
    read(find(app, actor, row.id).await?)
}

async fn put(app: &App, id: String, text: String, holder: Option<Arc<Loaded>>) -> Result<(), Error> {
    let root = app.config.templates.directory.clone();
    let write = {
        let id = id.clone();
        move || {
            let standing = holder.as_ref().map(|holder| Standing { file: &holder.file, hash: &holder.hash });
            community::put(&root, &id, &text, standing)
        }
    };
    let put = tokio::task::spawn_blocking(write).await.map_err(anyhow::Error::from)?;
    put.map_err(|fault| match fault {
        Fault::Taken => Error::IdTaken(id),
        Fault::Changed => Error::Changed(id),
        Fault::Io(error) => Error::NotWritten(error),
    })
}

/// By which her own file goes where it belongs now.
async fn look_at_hers(app: App, unix_user: String) {
    let own = app.templates.own(&unix_user);
    let mut looks = own.looks.lock().await;
    if let Err(error) = own::look(&app, &unix_user, &own, &mut looks, None).await {
        tracing::info!(user = unix_user, "her shared template is not put away yet: {error}");
    }
}
