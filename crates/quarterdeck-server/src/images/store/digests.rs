//! Digests of image files, of the table `apptainer_image_places`.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{QueryOrder, QuerySelect};

use super::files::{File, Whose, alike};
use super::places::{ACTIVE, Column, Entity, present};
use crate::images::visit::Source;

/// Whose digests are meant.
pub(in crate::images) struct Of {
    /// `None`: of any image.
    pub image: Option<Uuid>,
    /// Only those of the portal's own host.
    pub here_alone: bool,
    /// Not those that somebody tried since then.
    pub tried_before_us: Option<i64>,
}

/// Says that these digests are wanted, but of nobody's own files; answers of how many.
pub(in crate::images) async fn want(db: &impl ConnectionTrait, of: &Of, now_us: i64) -> Result<u64, DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::DigestWantedUs, now_us.into())
        .filter(Column::State.eq(ACTIVE))
        .filter(Column::Source.ne(Source::Own.as_str()))
        .filter(Column::Sha256.is_null());
    if let Some(image) = of.image {
        update = update.filter(Column::ImageId.eq(image));
    }
    if of.here_alone {
        update = update.filter(Column::Source.eq(Source::Server.as_str()));
    }
    if let Some(before_us) = of.tried_before_us {
        let not_tried = Condition::any().add(Column::DigestedUs.is_null()).add(Column::DigestedUs.lt(before_us));
        update = update.filter(not_tried);
    }
    Ok(update.exec(db).await?.rows_affected)
}

/// A file whose digest is wanted.
pub(in crate::images) async fn next(db: &impl ConnectionTrait, whose: Whose<'_>) -> Result<Option<File>, DbErr> {
    let wanted = Entity::find().filter(Column::DigestWantedUs.is_not_null()).filter(Column::State.eq(ACTIVE));
    let wanted = wanted.filter(whose.files());
    wanted.order_by_asc(Column::DigestWantedUs).order_by_asc(Column::Id).into_partial_model().one(db).await
}

/// The digest of one that is taken for the same file.
pub(in crate::images) async fn of_twin(db: &impl ConnectionTrait, file: &File) -> Result<Option<String>, DbErr> {
    let known = Entity::find().filter(alike(file)).filter(present()).filter(Column::Sha256.is_not_null());
    let digest: Option<Option<String>> =
        known.select_only().column(Column::Sha256).limit(1).into_tuple().one(db).await?;
    Ok(digest.flatten())
}

/// The digest, or why there is none.
pub(in crate::images) async fn write(
    db: &impl ConnectionTrait,
    file: &File,
    digest: Result<String, String>,
    now_us: i64,
) -> Result<(), DbErr> {
    let (sha256, problem) = match digest {
        Ok(sha256) => (Some(sha256), None),
        Err(problem) => (None, Some(problem)),
    };
    Entity::update_many()
        .col_expr(Column::Sha256, Expr::value(sha256))
        .col_expr(Column::DigestProblem, Expr::value(problem))
        .col_expr(Column::DigestedUs, now_us.into())
        .col_expr(Column::DigestWantedUs, Expr::value(None::<i64>))
        .filter(alike(file))
        .exec(db)
        .await
        .map(drop)
}
