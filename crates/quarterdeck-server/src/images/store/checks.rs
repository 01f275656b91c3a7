//! What was found out about the signatures of images, of the table `apptainer_image_places`.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr, Query};
use sea_orm::{DerivePartialModel, QueryOrder, QuerySelect};

use super::places::{ACTIVE, Column, Entity, present};
use crate::images::visit::Source;

/// A file about which something is to be found out.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(in crate::images) struct File {
    pub id: Uuid,
    pub image_id: Uuid,
    pub source: String,
    pub cluster: String,
    pub node: String,
    pub path: String,
    pub size: i64,
    pub modified_us: i64,
}

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

/// Whose files are read.
#[derive(Clone, Copy, Debug)]
pub(in crate::images) enum Whose<'a> {
    /// Those of this host, by the server that runs there.
    Hosts(&'a str),
    Nodes,
}

impl Whose<'_> {
    pub(super) fn files(self) -> Condition {
        match self {
            Whose::Hosts(name) => {
                Condition::all().add(Column::Source.eq(Source::Server.as_str())).add(Column::Node.eq(name))
            }
            Whose::Nodes => Condition::all().add(Column::Source.eq(Source::Node.as_str())),
        }
    }
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

/// The files that are taken for the same one: those of a cluster's nodes with the same path, size, time and header. On
/// the portal's own host, each is looked at by itself.
pub(super) fn alike(file: &File) -> Condition {
    if file.source == Source::Server.as_str() {
        let same_file = Condition::all().add(Column::Id.eq(file.id)).add(Column::Size.eq(file.size));
        return same_file.add(Column::ModifiedUs.eq(file.modified_us));
    }
    Condition::all()
        .add(Column::ImageId.eq(file.image_id))
        .add(Column::Source.eq(&file.source))
        .add(Column::Cluster.eq(&file.cluster))
        .add(Column::Path.eq(&file.path))
        .add(Column::Size.eq(file.size))
        .add(Column::ModifiedUs.eq(file.modified_us))
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

/// Some nodes where the file lies.
pub(in crate::images) async fn nodes(db: &impl ConnectionTrait, file: &File, limit: u64) -> Result<Vec<String>, DbErr> {
    let there = Entity::find().filter(alike(file)).filter(Column::State.eq(ACTIVE));
    there.select_only().column(Column::Node).order_by_asc(Column::Node).limit(limit).into_tuple().all(db).await
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
