//! Forgets where images lay, some time after they were removed, and images that lie nowhere and of which nothing is left
//! to tell.

use chrono::TimeDelta;

use crate::app::App;
use crate::db::to_us;
use crate::images::store::places;
use crate::images::{Error, store};

/// Images at once: others wait while they are removed.
const IMAGES_AT_ONCE: u64 = 50;

/// Answers whether there was anything to forget.
pub(super) async fn forget_removed(app: &App) -> bool {
    forget(app).await.unwrap_or_else(|error| {
        tracing::error!("removed images could not be forgotten: {error}");
        false
    })
}

async fn forget(app: &App) -> Result<bool, Error> {
    let days = app.config.images.keep_removed_days;
    if days == 0 {
        return Ok(false);
    }
    let before_us = to_us(app.clock.now() - TimeDelta::days(days.into()));
    let mut was_any = false;
    loop {
        let images = places::images_left_before(app.db.read(), before_us, IMAGES_AT_ONCE).await?;
        if images.is_empty() {
            return Ok(was_any);
        }
        was_any = true;
        // The place that stands for an image is the one that it left last: it goes with the others, or stays.
        let tx = app.db.begin().await?;
        store::lock(&tx, &images).await?;
        places::remove_left_before(&tx, &images, before_us).await?;
        store::remove_without_places(&tx, &images).await?;
        tx.commit().await?;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::app::testing::app_with;
    use crate::db::Db;
    use crate::db::testing::on_each_database;
    use crate::images::testing::{copy, listed_as, put, scan, somebody};
    use crate::images::{Filter, State, get, list};

    async fn forgets(db: &Db, after: TimeDelta, keep_days: u32) -> bool {
        let data = tempfile::tempdir().unwrap();
        let now: DateTime<Utc> = Utc::now() + after;
        let app = app_with(db, data.path(), now, |config| config.images.keep_removed_days = keep_days);
        forget_removed(&app).await
    }

    #[tokio::test]
    async fn what_was_removed_is_forgotten_after_its_time_and_nothing_else() {
        on_each_database(async |db| {
            let root = tempfile::tempdir().unwrap();
            let at = |name: &str| root.path().join(name);
            put("lean-gzip.sif", &at("stays.sif"));
            copy(&at("stays.sif"), &at("stays-copy.sif"));
            put("lean-gzip.sif", &at("goes.sif"));
            copy(&at("goes.sif"), &at("goes-copy.sif"));
            scan(&db, root.path()).await;
            for name in ["stays-copy.sif", "goes.sif", "goes-copy.sif"] {
                fs::remove_file(at(name)).unwrap();
            }
            scan(&db, root.path()).await;
            let gone = store::Wanted { state: Some("inactive"), ..Default::default() };
            assert_eq!(listed_as(&db, &gone).await.len(), 1);

            assert!(!forgets(&db, TimeDelta::days(89), 90).await);
            assert!(!forgets(&db, TimeDelta::days(9000), 0).await, "this site keeps them for ever");
            assert_eq!(listed_as(&db, &gone).await.len(), 1);
            assert!(forgets(&db, TimeDelta::days(91), 90).await);
            assert!(listed_as(&db, &gone).await.is_empty());
            assert!(!forgets(&db, TimeDelta::days(91), 90).await);

            let data = tempfile::tempdir().unwrap();
            let app = app_with(&db, data.path(), Utc::now(), |_| ());
            let [stays] = &list(&app, &somebody(), &Filter::default(), 10).await.unwrap()[..] else {
                panic!("one is there")
            };
            let places = get(&app, &somebody(), stays.image.id).await.unwrap().places;
            let told: Vec<_> = places.iter().map(|place| (place.path.as_str(), place.state)).collect();
            assert_eq!(told, [(at("stays.sif").to_str().unwrap(), State::Active)]);
        })
        .await;
    }
}
