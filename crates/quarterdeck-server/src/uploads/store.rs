//! The table `file_uploads`.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder, QuerySelect};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "file_uploads")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub host: String,
    pub space: String,
    pub directory: String,
    pub filename: String,
    pub kind: String,
    pub kind_source: String,
    pub size: i64,
    pub offset: i64,
    pub state: String,
    pub path: Option<String>,
    pub absolute: Option<String>,
    pub created_us: i64,
    pub finished_us: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// A user's own upload; another's is as if it were not there.
pub(super) async fn find(db: &impl ConnectionTrait, user: Uuid, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::UserId.eq(user)).one(db).await
}

/// The newest first; `before` is the id that the last page ended with (ids are ordered by time).
pub(super) async fn list(
    db: &impl ConnectionTrait,
    user: Uuid,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(Column::UserId.eq(user));
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

pub(super) async fn set_offset(db: &impl ConnectionTrait, id: Uuid, offset: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Offset, Expr::value(offset))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(drop)
}

/// These two columns alone: a request that finishes the upload may be writing the others.
pub(super) async fn set_kind(db: &impl ConnectionTrait, user: Uuid, id: Uuid, kind: &str) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Kind, Expr::value(kind))
        .col_expr(Column::KindSource, Expr::value("user"))
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(db)
        .await
        .map(drop)
}

pub(super) async fn save(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    row.into_active_model().reset_all().update(db).await.map(drop)
}

pub(super) async fn delete(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(db).await.map(drop)
}
