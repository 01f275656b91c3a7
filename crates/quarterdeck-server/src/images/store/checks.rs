//! What was found out about the signatures of images, of the table `apptainer_image_places`.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr, Query};
use sea_orm::{DerivePartialModel, QueryOrder, QuerySelect};

use super::files::{File, Whose, alike};
use super::places::{ACTIVE, Column, Entity, present};

/// What was found out about a file.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(in crate::images) struct Found {
    pub standing: Option<String>,
    pub signatures: Option<Json>,
    pub checked_with: Option<String>,
    pub checked_us: Option<i64>,
    pub check_problem: Option<String>,
}

/// Some file that was not checked with these keys, or could not be, when somebody tried before then.
pub(in crate::images) async fn next(
    db: &impl ConnectionTrait,
    whose: Whose<'_>,
    keys: &str,
    tried_before_us: i64,
) -> Result<Option<File>, DbErr> {
    let failed_long_ago =
        Condition::all().add(Column::CheckProblem.is_not_null()).add(Column::CheckedUs.lt(tried_before_us));
    let signed = Query::select()
        .column(super::Column::Id)
        .from(super::Entity)
        .and_where(super::Column::Signed.eq(true))
        .to_owned();
    Entity::find()
        .filter(whose.files())
        .filter(Column::ImageId.in_subquery(signed))
        .filter(Column::State.eq(ACTIVE))
        .filter(
            Condition::any().add(Column::CheckedWith.is_null()).add(Column::CheckedWith.ne(keys)).add(failed_long_ago),
        )
        .order_by_asc(Column::Id)
        .into_partial_model()
        .one(db)
        .await
}

/// What was found out with these keys about one that is taken for the same file.
pub(in crate::images) async fn of_twin(
    db: &impl ConnectionTrait,
    file: &File,
    keys: &str,
) -> Result<Option<Found>, DbErr> {
    let checked = Entity::find().filter(alike(file)).filter(present()).filter(Column::CheckedWith.eq(keys));
    let checked = checked.filter(Column::CheckProblem.is_null());
    checked.into_partial_model().one(db).await
}

pub(in crate::images) async fn write(db: &impl ConnectionTrait, file: &File, found: Found) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Standing, Expr::value(found.standing))
        .col_expr(Column::Signatures, Expr::value(found.signatures))
        .col_expr(Column::CheckedWith, Expr::value(found.checked_with))
        .col_expr(Column::CheckedUs, Expr::value(found.checked_us))
        .col_expr(Column::CheckProblem, Expr::value(found.check_problem))
        .filter(alike(file))
        .exec(db)
        .await
        .map(drop)
}

/// What the signatures of each image come to wherever it lies, each word once; `None` where they were not checked with
/// these keys.
pub(in crate::images) async fn standings(
    db: &impl ConnectionTrait,
    images: &[Uuid],
    keys: &str,
) -> Result<HashMap<Uuid, Vec<Option<String>>>, DbErr> {
    let found = Entity::find()
        .select_only()
        .column(Column::ImageId)
        .column(Column::Standing)
        .column(Column::CheckedWith)
        .distinct()
        .filter(Column::ImageId.is_in(images.iter().copied()))
        .filter(present());
    let rows: Vec<(Uuid, Option<String>, Option<String>)> = found.into_tuple().all(db).await?;
    let mut standings: HashMap<Uuid, Vec<Option<String>>> = HashMap::new();
    for (image, standing, checked_with) in rows {
        let standing = standing.filter(|_| checked_with.as_deref() == Some(keys));
        standings.entry(image).or_default().push(standing);
    }
    Ok(standings)
}
