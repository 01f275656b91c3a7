//! The table `apptainer_images`.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr, OnConflict};
use sea_orm::{ActiveModelTrait, DerivePartialModel, IntoActiveModel, Iterable, QueryOrder, QuerySelect};

use crate::db::{Part, like};

/// Ids in one statement.
const IDS_A_STATEMENT: usize = 500;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "apptainer_images")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub cluster: String,
    pub host: String,
    #[sea_orm(column_type = "Text")]
    pub path: String,
    pub name: String,
    pub kind: String,
    pub size: i64,
    pub modified_us: i64,
    pub version: Option<String>,
    pub architecture: Option<String>,
    pub apps: Json,
    pub labels: Json,
    pub inspect: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub definition: Option<String>,
    pub signed: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    pub scanned_us: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// A row without its long texts, which take up to a MiB each.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(super) struct Summary {
    pub id: Uuid,
    pub cluster: String,
    pub host: String,
    pub path: String,
    pub name: String,
    pub kind: String,
    pub size: i64,
    pub modified_us: i64,
    pub version: Option<String>,
    pub architecture: Option<String>,
    pub apps: Json,
    pub labels: Json,
    pub signed: bool,
    pub problem: Option<String>,
}

/// What [`Summary`] leaves out.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(super) struct Texts {
    pub inspect: Json,
    pub definition: Option<String>,
}

/// What is known of a file from the last time it was read.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(super) struct Known {
    pub id: Uuid,
    pub cluster: String,
    pub path: String,
    pub size: i64,
    pub modified_us: i64,
    pub problem: Option<String>,
}

/// By name, then id, from the one behind `after`.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    kind: Option<&str>,
    q: Option<&str>,
    after: &Option<(String, Uuid)>,
    limit: u64,
) -> Result<Vec<Summary>, DbErr> {
    let mut query = Entity::find();
    if let Some(kind) = kind {
        query = query.filter(Column::Kind.eq(kind));
    }
    if let Some(q) = q {
        let holds = |column: Column| like(Expr::col(column), Part::Any, q);
        query = query.filter(Condition::any().add(holds(Column::Name)).add(holds(Column::Path)));
    }
    if let Some((name, id)) = after {
        let same_name = Condition::all().add(Column::Name.eq(name)).add(Column::Id.gt(*id));
        query = query.filter(Condition::any().add(Column::Name.gt(name)).add(same_name));
    }
    let query = query.order_by_asc(Column::Name).order_by_asc(Column::Id).limit(limit);
    query.into_partial_model().all(db).await
}

pub(super) async fn summary(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Summary>, DbErr> {
    Entity::find_by_id(id).into_partial_model().one(db).await
}

pub(super) async fn texts(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Texts>, DbErr> {
    Entity::find_by_id(id).into_partial_model().one(db).await
}

pub(super) async fn are_there_any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let first = Entity::find().select_only().column(Column::Id).limit(1).into_tuple::<Uuid>().one(db).await?;
    Ok(first.is_some())
}

/// Everything known of a host.
pub(super) async fn known(db: &impl ConnectionTrait, host: &str) -> Result<Vec<Known>, DbErr> {
    Entity::find().filter(Column::Host.eq(host)).into_partial_model().all(db).await
}

/// Writes rows; one that is there already, by host and path, keeps its id.
pub(super) async fn upsert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let kept = [Column::Id, Column::Host, Column::Path];
    let changed = Column::iter().filter(|column| !kept.iter().any(|kept| kept.as_str() == column.as_str()));
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    let mut conflict = OnConflict::columns([Column::Host, Column::Path]);
    conflict.update_columns(changed);
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(db).await.map(drop)
}

pub(super) async fn remove(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    for ids in ids.chunks(IDS_A_STATEMENT) {
        Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied())).exec(db).await?;
    }
    Ok(())
}
